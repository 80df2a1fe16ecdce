#include "harness/detections/diff.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "datasets/coco_json.h"
#include "datasets/results_file.h"
#include "datasets/sample.h"
#include "metrics/object_match.h"

namespace qyolo::harness {
namespace fs = std::filesystem;

namespace {

// Keeps the images that the limit leaves, and what is theirs.
void limit_images(const ImageLimit& limit, GroundTruth& truth, std::vector<Detection>& baseline,
                  std::vector<Detection>& other) {
  if (limit.all() || truth.images.size() <= static_cast<std::uint64_t>(limit.images)) return;
  std::ranges::stable_sort(truth.images, {}, &ImageInfo::file_name);
  std::vector<std::int64_t> ids;
  for (const ImageInfo& image : truth.images) ids.push_back(image.id);
  const std::vector<bool> marks = datasets::limited_images(ids, truth.annotations, limit);
  std::set<std::int64_t> cut;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!marks[i]) cut.insert(ids[i]);
  }
  std::erase_if(truth.images, [&](const ImageInfo& image) { return cut.contains(image.id); });
  const auto is_cut = [&](const auto& item) { return cut.contains(item.image_id); };
  std::erase_if(truth.annotations, is_cut);
  std::erase_if(baseline, is_cut);
  std::erase_if(other, is_cut);
}

Status check_detections(const GroundTruth& truth, std::span<const Detection> detections,
                        const std::string& name) {
  const auto sorted = metrics::detections_by_image(detections, metrics::SceneIndex(truth),
                                                   -std::numeric_limits<double>::infinity());
  if (!sorted.ok()) return error("{}: {}", name, sorted.error().message);
  return {};
}

// A results file of part of the images would make all objects on the others missed.
void warn_of_unseen_images(Diff& diff) {
  std::set<std::int64_t> seen;
  for (const Detection& detection : diff.baseline) seen.insert(detection.image_id);
  for (const Detection& detection : diff.other) seen.insert(detection.image_id);
  const std::size_t unseen = diff.truth.images.size() - seen.size();
  if (unseen == 0) return;
  diff.warnings.push_back(fmt::format(
      "{} of {} images have no detection in either file; if these were not evaluated, "
      "their objects count as missed (--limit as they were evaluated with leaves out the others)",
      unseen, diff.truth.images.size()));
}

}  // namespace

Result<Diff> compare_detections(Diff diff, const DiffOptions& options) {
  QYOLO_CHECK_OK(check_detections(diff.truth, diff.baseline, diff.baseline_name));
  QYOLO_CHECK_OK(check_detections(diff.truth, diff.other, diff.other_name));
  const auto best = metrics::best_f1(diff.truth, diff.baseline, options.iou);
  const auto best_of_other = metrics::best_f1(diff.truth, diff.other, options.iou);
  if (best.ok()) diff.baseline_best = *best;
  if (best_of_other.ok()) diff.other_best = *best_of_other;
  if (!options.confidence && !best.ok()) {
    return error("{}: {}; --conf gives one", diff.baseline_name, best.error().message);
  }
  std::ranges::stable_sort(diff.truth.images, {}, &ImageInfo::id);
  diff.confidence_given = options.confidence.has_value();
  const double confidence = options.confidence ? *options.confidence : best->confidence;
  QYOLO_TRY(diff.changes, metrics::detection_changes(diff.truth, diff.baseline, diff.other,
                                                     {confidence, options.iou}));
  return diff;
}

Result<Diff> diff_files(const std::filesystem::path& annotations,
                        const std::filesystem::path& baseline, const std::filesystem::path& other,
                        const ImageLimit& limit, const DiffOptions& options) {
  Diff diff;
  QYOLO_TRY(diff.truth, datasets::read_coco_annotations(annotations));
  if (diff.truth.images.empty()) return error("{}: no images to compare", annotations.string());
  diff.warnings = std::move(diff.truth.warnings);
  for (const bool first : {true, false}) {
    const fs::path& path = first ? baseline : other;
    QYOLO_TRY(datasets::ResultsFile file, datasets::read_results_of(diff.truth, annotations, path));
    diff.warnings.insert(diff.warnings.end(), file.warnings.begin(), file.warnings.end());
    (first ? diff.baseline : diff.other) = std::move(file.detections);
  }
  limit_images(limit, diff.truth, diff.baseline, diff.other);
  diff.baseline_name = baseline.string();
  diff.other_name = other.string();
  QYOLO_TRY(Diff compared, compare_detections(std::move(diff), options));
  warn_of_unseen_images(compared);
  return compared;
}

}  // namespace qyolo::harness
