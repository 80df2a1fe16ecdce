#include "harness/run/baseline_comparison.h"

#include <algorithm>
#include <utility>

#include "common/file.h"
#include "common/file_stamps.h"
#include "common/sha256.h"
#include "datasets/coco_json.h"
#include "metrics/verdict.h"

namespace qyolo::harness {
namespace fs = std::filesystem;

BaselineComparison::BaselineComparison(const UncertaintyOptions& options, const GroundTruth& truth,
                                       int threads, fs::path folder, RunListener& listener)
    : truth_(truth),
      folder_(std::move(folder)),
      listener_(listener),
      uncertainty_(options, truth, threads) {}

bool BaselineComparison::is_as_wanted(const results::AccuracyRecord& record) const {
  return record.uncertainty && uncertainty_.is_of_these(record.uncertainty->difference);
}

bool BaselineComparison::is_finished(const results::AccuracyRecord& record, bool quantized) const {
  if (off()) return true;
  return quantized ? is_as_wanted(record) : kept(record).has_value();
}

void BaselineComparison::set_baseline(std::span<const Detection> detections) {
  const Status status = uncertainty_.set_baseline(detections);
  if (!status.ok()) listener_.on_warning(status.error().message);
}

std::string BaselineComparison::compare(std::span<const Detection> detections,
                                        results::AccuracyRecord& record) const {
  record.uncertainty.reset();
  auto compared = uncertainty_.compare(detections);
  if (!compared.ok()) {
    listener_.on_warning(compared.error().message);
    return "";
  }
  results::UncertaintyRecord& uncertainty = record.uncertainty.emplace();
  uncertainty.difference = std::move(compared).value();
  for (const metrics::ClassDifference& one : uncertainty.difference.classes) {
    const auto found = std::ranges::find(truth_.categories, one.category_id, &Category::id);
    uncertainty.class_names.push_back(found == truth_.categories.end() ? std::string()
                                                                       : found->name);
    uncertainty.category_ids.push_back(id_json(truth_.category_ids, one.category_id));
  }
  return metrics::verdict(uncertainty.difference);
}

fs::path BaselineComparison::file_of(const results::AccuracyRecord& record) const {
  return folder_ / "detections" / (record.identity.key + ".json");
}

Status BaselineComparison::keep(std::span<const Detection> detections,
                                results::AccuracyRecord& record) const {
  const fs::path file = file_of(record);
  QYOLO_CHECK_OK(create_folder(file.parent_path()));
  QYOLO_CHECK_OK(datasets::write_coco_detections(file, detections, datasets::names_of(truth_)));
  QYOLO_TRY(record.detections_sha256, sha256_of_file(file));
  return {};
}

std::optional<std::vector<Detection>> BaselineComparison::kept(
    const results::AccuracyRecord& record) const {
  if (record.detections_sha256.empty()) return std::nullopt;
  const fs::path file = file_of(record);
  FileStamps stamps;
  stamps.add(file);
  const auto hash = sha256_of_file(file);
  if (!hash.ok() || *hash != record.detections_sha256) return std::nullopt;
  datasets::DetectionNames names = datasets::names_of(truth_);
  auto read = datasets::read_coco_detections(file, 0, names);
  return read.ok() && stamps.check().ok() ? std::optional(std::move(read).value()) : std::nullopt;
}

}  // namespace qyolo::harness
