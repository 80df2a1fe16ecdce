#include "harness/detections/score.h"

#include <array>
#include <bit>
#include <utility>

#include "common/file.h"
#include "datasets/coco_json.h"
#include "datasets/results_file.h"
#include "results/metrics_json.h"

namespace qyolo::harness {

static_assert(std::endian::native == std::endian::little,
              "arrays are written in the host's byte order");

Result<Score> score_files(const std::filesystem::path& annotations,
                          const std::filesystem::path& detections,
                          const metrics::CocoParams& params) {
  QYOLO_TRY(GroundTruth truth, datasets::read_coco_annotations(annotations, params.threads));
  QYOLO_TRY(datasets::ResultsFile file,
            datasets::read_results_of(truth, annotations, detections, params.threads));
  auto evaluation = metrics::evaluate_coco(truth, file.detections, params);
  if (!evaluation.ok()) return error("{}: {}", detections.string(), evaluation.error().message);
  Score score;
  score.evaluation = std::move(evaluation).value();
  score.record = results::score_record(score.evaluation,
                                       results::class_names(score.evaluation, truth.categories),
                                       truth.category_ids);
  score.record.images = static_cast<std::int64_t>(truth.images.size());
  score.record.detections = static_cast<std::int64_t>(file.detections.size());
  score.warnings = std::move(truth.warnings);
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
