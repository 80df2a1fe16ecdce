#include "harness/detections/score.h"

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_set>
#include <utility>

#include "common/file.h"
#include "datasets/coco_json.h"
#include "metrics/coco_map_by_areas.h"
#include "results/metrics_json.h"

namespace qyolo::harness {

static_assert(std::endian::native == std::endian::little,
              "arrays are written in the host's byte order");

std::string unseen_images(const GroundTruth& truth, std::span<const Detection> detections) {
  std::unordered_set<std::int64_t> seen;
  for (const Detection& detection : detections) seen.insert(detection.image_id);
  const auto covered = std::ranges::count_if(
      truth.images, [&](const ImageInfo& image) { return seen.contains(image.id); });
  const auto all = static_cast<std::ptrdiff_t>(truth.images.size());
  if (covered == all) return "";
  return fmt::format(
      "only {} of {} images have detections; if the others were not evaluated, their objects count "
      "as "
      "missed",
      covered, all);
}

Result<Score> score_files(const std::filesystem::path& annotations,
                          const std::filesystem::path& detections,
                          const metrics::CocoParams& params) {
  QYOLO_TRY(const GroundTruth truth, datasets::read_coco_annotations(annotations, params.threads));
  QYOLO_TRY(const datasets::ResultsFile file,
            datasets::read_results_of(truth, annotations, detections, params.threads));
  return score_results(truth, file, detections.string(), params);
}

Result<Score> score_results(const GroundTruth& truth, const datasets::ResultsFile& file,
                            const std::string& results, const metrics::CocoParams& params,
                            std::span<const double> detection_areas) {
  auto evaluation =
      metrics::evaluate_coco_by_areas(truth, file.detections, detection_areas, params);
  if (!evaluation.ok()) return error("{}: {}", results, evaluation.error().message);
  Score score;
  score.evaluation = std::move(evaluation).value();
  score.record = results::score_record(score.evaluation,
                                       results::class_names(score.evaluation, truth.categories),
                                       truth.category_ids);
  score.record.images = static_cast<std::int64_t>(truth.images.size());
  score.record.detections = static_cast<std::int64_t>(file.detections.size());
  score.warnings = truth.warnings;
  if (std::string note = unseen_images(truth, file.detections); !note.empty())
    score.warnings.push_back(std::move(note));
  score.warnings.insert(score.warnings.end(), file.warnings.begin(), file.warnings.end());
  return score;
}

Status write_arrays(const metrics::CocoEvaluation& evaluation,
                    const std::filesystem::path& folder) {
  QYOLO_CHECK_OK(create_folder(folder));
  const std::array<std::pair<const char*, const std::vector<double>*>, 3> arrays = {
      {{"precision.f64", &evaluation.precision},
       {"recall.f64", &evaluation.recall},
       {"scores.f64", &evaluation.scores}}};
  for (const auto& [name, values] : arrays) {
    QYOLO_CHECK_OK(write_file(folder / name, {reinterpret_cast<const char*>(values->data()),
                                              values->size() * sizeof(double)}));
  }
  return {};
}

}  // namespace qyolo::harness
