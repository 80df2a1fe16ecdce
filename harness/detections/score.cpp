#include "harness/detections/score.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>
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
  score.images = truth.images.size();
  score.detections = file.detections.size();
  score.warnings = std::move(truth.warnings);
  score.warnings.insert(score.warnings.end(), file.warnings.begin(), file.warnings.end());
  score.category_ids = std::move(truth.category_ids);
  score.class_names = results::class_names(score.evaluation, truth.categories);
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

namespace {

constexpr int kAllClasses = -1;

bool has_three_maxima(const metrics::CocoParams& params) {
  return params.max_detections.size() >= 3;
}

// The mean over one part of the grid.
struct Mean {
  const metrics::CocoEvaluation& evaluation;
  std::size_t area = 0;
  int max_detections = 0;
  int category = kAllClasses;

  [[nodiscard]] double precision(double iou = -1) const {
    return evaluation.average_precision(iou, static_cast<int>(area), max_detections, category);
  }
  [[nodiscard]] double recall(double iou = -1) const {
    return evaluation.average_recall(iou, static_cast<int>(area), max_detections, category);
  }
};

// The place of the area range "all"; the first one if there is none of that name.
std::size_t whole_range(const metrics::CocoParams& params) {
  const auto found = std::ranges::find(params.area_ranges, "all", &metrics::AreaRange::name);
  return found == params.area_ranges.end()
             ? 0
             : static_cast<std::size_t>(found - params.area_ranges.begin());
}

OrderedJson params_json(const metrics::CocoParams& params) {
  OrderedJson areas = OrderedJson::array();
  for (const metrics::AreaRange& range : params.area_ranges) {
    areas.push_back({{"name", range.name}, {"low", range.low}, {"high", range.high}});
  }
  return {{"iou_thresholds", params.iou_thresholds},
          {"areas", std::move(areas)},
          {"max_detections", params.max_detections},
          {"use_categories", params.use_categories}};
}

OrderedJson grid_json(const metrics::CocoEvaluation& evaluation) {
  OrderedJson grid = OrderedJson::array();
  for (std::size_t a = 0; a < evaluation.params.area_ranges.size(); ++a) {
    for (const int limit : evaluation.params.max_detections) {
      const Mean mean{evaluation, a, limit};
      OrderedJson precisions = OrderedJson::array(), recalls = OrderedJson::array();
      for (const double iou : evaluation.params.iou_thresholds) {
        precisions.push_back(results::defined(mean.precision(iou)));
        recalls.push_back(results::defined(mean.recall(iou)));
      }
      grid.push_back({{"area", evaluation.params.area_ranges[a].name},
                      {"max_detections", limit},
                      {"AP", results::defined(mean.precision())},
                      {"AR", results::defined(mean.recall())},
                      {"AP_by_iou", std::move(precisions)},
                      {"AR_by_iou", std::move(recalls)}});
    }
  }
  return grid;
}

OrderedJson classes_json(const Score& score) {
  const metrics::CocoEvaluation& evaluation = score.evaluation;
  const metrics::CocoParams& params = evaluation.params;
  const int most = params.max_detections.back();
  OrderedJson classes = OrderedJson::array();
  for (std::size_t k = 0; k < evaluation.category_ids.size(); ++k) {
    const int category = static_cast<int>(k);
    const Mean mean{evaluation, whole_range(params), most, category};
    OrderedJson areas;
    for (std::size_t a = 0; a < params.area_ranges.size(); ++a) {
      const Mean part{evaluation, a, most, category};
      areas[params.area_ranges[a].name] = {{"AP", results::defined(part.precision())},
                                           {"AR", results::defined(part.recall())}};
    }
    classes.push_back({{"category_id", id_json(score.category_ids, evaluation.category_ids[k])},
                       {"name", score.class_names[k]},
                       {"AP", results::defined(mean.precision())},
                       {"AP50", results::defined(mean.precision(0.5))},
                       {"AP75", results::defined(mean.precision(0.75))},
                       {"AR", results::defined(mean.recall())},
                       {"areas", std::move(areas)}});
  }
  return classes;
}

// pycocotools' lines.
class Summary {
 public:
  explicit Summary(const metrics::CocoEvaluation& evaluation) : evaluation_(evaluation) {
    const auto& thresholds = evaluation.params.iou_thresholds;
    all_ious_ = fmt::format("{:0.2f}:{:0.2f}", thresholds.front(), thresholds.back());
  }

  [[nodiscard]] const std::string& text() const { return text_; }

  // iou < 0: over all thresholds. -1 where the area range or the threshold is not in the grid.
  void precision(double iou, const std::string& area, int limit) {
    add("Average Precision", "(AP)", iou, area, limit,
        evaluation_.average_precision(iou, index_of(area), limit));
  }
  void recall(const std::string& area, int limit) {
    add("Average Recall", "(AR)", -1, area, limit,
        evaluation_.average_recall(-1, index_of(area), limit));
  }

 private:
  [[nodiscard]] int index_of(const std::string& area) const {
    const auto& ranges = evaluation_.params.area_ranges;
    const auto found = std::ranges::find(ranges, area, &metrics::AreaRange::name);
    return found == ranges.end() ? -1 : static_cast<int>(found - ranges.begin());
  }

  void add(std::string_view title, std::string_view kind, double iou, const std::string& area,
           int limit, double value) {
    text_ +=
        fmt::format(" {:<18} {} @[ IoU={:<9} | area={:>6} | maxDets={:>3} ] = {:0.3f}\n", title,
                    kind, iou < 0 ? all_ious_ : fmt::format("{:0.2f}", iou), area, limit, value);
  }

  const metrics::CocoEvaluation& evaluation_;
  std::string all_ious_;
  std::string text_;
};

constexpr std::array<const char*, 4> kUsualAreas = {"all", "small", "medium", "large"};

// What pycocotools prints, and what it does not print of a grid of one's own.
void add_lines(const metrics::CocoParams& params, Summary& summary) {
  // With fewer than three maxima, where pycocotools fails, the largest one stands for all.
  const bool usual = has_three_maxima(params);
  const int most = usual ? params.max_detections[2] : params.max_detections.back();
  summary.precision(-1, "all", usual ? 100 : most);
  summary.precision(0.5, "all", most);
  summary.precision(0.75, "all", most);
  for (std::size_t a = 1; a < kUsualAreas.size(); ++a) summary.precision(-1, kUsualAreas[a], most);
  for (std::size_t m = 0; m < params.max_detections.size() && m < 3; ++m) {
    summary.recall("all", params.max_detections[m]);
  }
  for (std::size_t a = 1; a < kUsualAreas.size(); ++a) summary.recall(kUsualAreas[a], most);
}

void add_further_lines(const metrics::CocoParams& params, Summary& summary) {
  const metrics::CocoParams defaults;
  const int most = params.max_detections.back();
  if (params.iou_thresholds != defaults.iou_thresholds) {
    for (const double iou : params.iou_thresholds) {
      if (iou != 0.5 && iou != 0.75) summary.precision(iou, "all", most);
    }
  }
  for (std::size_t m = 3; m < params.max_detections.size(); ++m) {
    summary.precision(-1, "all", params.max_detections[m]);
    summary.recall("all", params.max_detections[m]);
  }
  for (const metrics::AreaRange& range : params.area_ranges) {
    if (std::ranges::find(kUsualAreas, range.name) != kUsualAreas.end()) continue;
    summary.precision(-1, range.name, most);
    summary.recall(range.name, most);
  }
}

}  // namespace

OrderedJson score_json(const Score& score) {
  const metrics::CocoEvaluation& evaluation = score.evaluation;
  OrderedJson json;
  json["stats"] =
      has_three_maxima(evaluation.params) ? OrderedJson(evaluation.stats()) : OrderedJson(nullptr);
  if (evaluation.params.max_detections == metrics::CocoParams().max_detections) {
    json["metrics"] = results::metrics_json(evaluation);
  }
  json["images"] = score.images;
  json["detections"] = score.detections;
  json["params"] = params_json(evaluation.params);
  json["grid"] = grid_json(evaluation);
  json["per_class"] = classes_json(score);
  return json;
}

std::string score_text(const metrics::CocoEvaluation& evaluation) {
  Summary summary(evaluation);
  add_lines(evaluation.params, summary);
  add_further_lines(evaluation.params, summary);
  return summary.text();
}

std::string class_table(const Score& score) {
  const metrics::CocoEvaluation& evaluation = score.evaluation;
  const metrics::CocoParams& params = evaluation.params;
  const std::size_t whole = whole_range(params);
  std::size_t width = 5;
  for (const std::string& name : score.class_names) width = std::max(width, name.size());
  std::string text = fmt::format("\n {:>5}  {:<{}}  {:>6}  {:>6}  {:>6}", "id", "class", width,
                                 "AP", "AP50", "AP75");
  for (std::size_t a = 0; a < params.area_ranges.size(); ++a) {
    if (a != whole) text += fmt::format("  {:>6}", params.area_ranges[a].name);
  }
  text += fmt::format("  {:>6}\n", "AR");
  for (std::size_t k = 0; k < evaluation.category_ids.size(); ++k) {
    const auto add = [&text](double value) {
      text += value < 0 ? fmt::format("  {:>6}", "-") : fmt::format("  {:>6.3f}", value);
    };
    Mean mean{evaluation, whole, params.max_detections.back(), static_cast<int>(k)};
    text += fmt::format(" {:>5}  {:<{}}", score.category_ids.text(evaluation.category_ids[k]),
                        score.class_names[k], width);
    add(mean.precision());
    add(mean.precision(0.5));
    add(mean.precision(0.75));
    const double recall = mean.recall();
    for (mean.area = 0; mean.area < params.area_ranges.size(); ++mean.area) {
      if (mean.area != whole) add(mean.precision());
    }
    add(recall);
    text += '\n';
  }
  return text;
}

}  // namespace qyolo::harness
