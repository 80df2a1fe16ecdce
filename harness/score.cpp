#include "harness/score.h"

#include <array>
#include <bit>
#include <string_view>
#include <utility>

#include "common/file.h"
#include "datasets/coco_json.h"
#include "harness/cell_record.h"

namespace qyolo::harness {

static_assert(std::endian::native == std::endian::little,
              "arrays are written in the host's byte order");

Result<Score> score_files(const std::filesystem::path& annotations,
                          const std::filesystem::path& detections,
                          const metrics::CocoParams& params) {
  QYOLO_TRY(GroundTruth truth, datasets::read_coco_annotations(annotations, params.threads));
  QYOLO_TRY(const std::vector<Detection> found,
            datasets::read_coco_detections(detections, params.threads));
  auto evaluation = metrics::evaluate_coco(truth, found, params);
  if (!evaluation.ok()) return error("{}: {}", detections.string(), evaluation.error().message);
  Score score;
  score.evaluation = std::move(evaluation).value();
  score.images = truth.images.size();
  score.detections = found.size();
  score.warnings = std::move(truth.warnings);
  score.class_names = class_names(score.evaluation, truth.categories);
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

OrderedJson score_json(const Score& score) {
  OrderedJson json;
  json["stats"] = score.evaluation.stats();
  json["metrics"] = metrics_json(score.evaluation);
  json["images"] = score.images;
  json["detections"] = score.detections;
  json["per_class"] = per_class_json(score.evaluation, score.class_names);
  return json;
}

std::string score_text(const metrics::CocoEvaluation& evaluation) {
  struct Line {
    std::string_view title, kind, iou, area;
    std::size_t detections;
  };
  constexpr std::string_view kPrecision = "Average Precision";
  constexpr std::string_view kRecall = "Average Recall";
  constexpr std::string_view kAllIous = "0.50:0.95";
  constexpr std::array<Line, 12> kLines = {{{kPrecision, "(AP)", kAllIous, "all", 2},
                                            {kPrecision, "(AP)", "0.50", "all", 2},
                                            {kPrecision, "(AP)", "0.75", "all", 2},
                                            {kPrecision, "(AP)", kAllIous, "small", 2},
                                            {kPrecision, "(AP)", kAllIous, "medium", 2},
                                            {kPrecision, "(AP)", kAllIous, "large", 2},
                                            {kRecall, "(AR)", kAllIous, "all", 0},
                                            {kRecall, "(AR)", kAllIous, "all", 1},
                                            {kRecall, "(AR)", kAllIous, "all", 2},
                                            {kRecall, "(AR)", kAllIous, "small", 2},
                                            {kRecall, "(AR)", kAllIous, "medium", 2},
                                            {kRecall, "(AR)", kAllIous, "large", 2}}};
  const auto stats = evaluation.stats();
  std::string text;
  for (std::size_t i = 0; i < kLines.size(); ++i) {
    const Line& line = kLines[i];
    text += fmt::format(" {:<18} {} @[ IoU={:<9} | area={:>6} | maxDets={:>3} ] = {:0.3f}\n",
                        line.title, line.kind, line.iou, line.area,
                        evaluation.params.max_detections[line.detections], stats[i]);
  }
  return text;
}

}  // namespace qyolo::harness
