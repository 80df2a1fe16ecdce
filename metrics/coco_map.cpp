#include "metrics/coco_map.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>
#include <utility>

#include "common/parallel.h"
#include "metrics/coco_accumulate.h"
#include "metrics/coco_class.h"
#include "metrics/coco_groups.h"
#include "metrics/coco_map_by_areas.h"
#include "metrics/coco_match.h"
#include "metrics/detection_checks.h"

namespace qyolo::metrics {
namespace {

constexpr double kMaxCells = 1e9;  // of one array

Status check_params(const CocoParams& params, std::size_t classes) {
  const auto not_a_number = [](double value) { return std::isnan(value); };
  if (params.iou_thresholds.empty() || params.recall_thresholds.empty() ||
      params.area_ranges.empty() || params.max_detections.empty()) {
    return error(
        "COCO evaluation: expected at least one IoU threshold, recall threshold, area range and "
        "maximum number of detections");
  }
  if (std::ranges::any_of(params.iou_thresholds, not_a_number) ||
      std::ranges::any_of(params.recall_thresholds, not_a_number)) {
    return error("COCO evaluation: IoU and recall thresholds must be numbers");
  }
  std::set<std::string> names;
  for (const AreaRange& range : params.area_ranges) {
    if (not_a_number(range.low) || not_a_number(range.high)) {
      return error("COCO evaluation: the bounds of area range '{}' must be numbers", range.name);
    }
    if (!names.insert(range.name).second) {
      return error("COCO evaluation: two area ranges are named '{}'", range.name);
    }
  }
  for (const int limit : params.max_detections) {
    if (limit < 1) {
      return error("COCO evaluation: maximum numbers of detections must be at least 1, found {}",
                   limit);
    }
  }
  const double cells = static_cast<double>(params.iou_thresholds.size()) *
                       static_cast<double>(params.recall_thresholds.size()) *
                       static_cast<double>(params.area_ranges.size()) *
                       static_cast<double>(params.max_detections.size()) *
                       static_cast<double>(classes);
  if (cells > kMaxCells) {
    return error("COCO evaluation: a grid of {:.0f} cells is more than the {:.0f} supported", cells,
                 kMaxCells);
  }
  return {};
}

// What all classes are evaluated from.
struct Problem {
  std::span<const Annotation> annotations;
  std::span<const Detection> detections;
  ItemGroups truth_groups;
  ItemGroups detection_groups;
  std::vector<AreaLimits> areas;
  std::span<const double> detection_areas;  // empty: those of the boxes
};

// Copies the rows of A x M cells of class k to where they belong in the arrays of all classes.
void store_cells(const ClassCells& cells, std::size_t first_threshold, std::size_t k,
                 CocoEvaluation& evaluation) {
  const CocoParams& params = evaluation.params;
  const std::size_t recalls = params.recall_thresholds.size();
  const std::size_t row = params.area_ranges.size() * params.max_detections.size();
  const std::size_t thresholds = cells.recall.size() / row;
  for (std::size_t t = 0; t < thresholds; ++t) {
    const std::size_t threshold = first_threshold + t;
    std::copy_n(cells.recall.data() + t * row, row,
                evaluation.recall.data() + evaluation.recall_cell(threshold, k, 0, 0));
    for (std::size_t r = 0; r < recalls; ++r) {
      const std::size_t from = (t * recalls + r) * row;
      const std::size_t to = evaluation.cell(threshold, r, k, 0, 0);
      std::copy_n(cells.precision.data() + from, row, evaluation.precision.data() + to);
      std::copy_n(cells.scores.data() + from, row, evaluation.scores.data() + to);
    }
  }
}

// Writes to the cells of class k only.
void evaluate_class(const Problem& problem, std::size_t k, CocoEvaluation& evaluation) {
  const CocoParams& params = evaluation.params;
  const std::size_t areas = problem.areas.size();
  const ClassTruth truth = class_truth(problem.annotations, problem.truth_groups, k);
  if (truth.size() == 0) return;
  ClassDetections detections =
      class_detections(problem.detections, problem.detection_groups, problem.truth_groups, k,
                       static_cast<std::size_t>(params.max_detections.back()));
  if (!problem.detection_areas.empty()) {
    const std::span<const std::uint32_t> items = problem.detection_groups.of_class(k);
    for (std::size_t i = 0; i < items.size(); ++i)
      detections.areas[i] = problem.detection_areas[items[i]];
  }
  const auto counted = counted_positions(detections, params.max_detections);
  for (std::size_t first = 0; first < params.iou_thresholds.size(); first += kThresholdsPerBlock) {
    const std::size_t count = std::min(kThresholdsPerBlock, params.iou_thresholds.size() - first);
    const auto thresholds = std::span(params.iou_thresholds).subspan(first, count);
    const std::vector<Outcome> outcomes =
        match_class(problem.detections, truth, detections, thresholds, problem.areas);
    ClassCells cells(count, params.recall_thresholds.size(), areas, params.max_detections.size());
    for (std::size_t a = 0; a < areas; ++a) {
      accumulate_area(detections,
                      std::span(outcomes).subspan(a * detections.size(), detections.size()),
                      counted, truth.positives(problem.areas[a]), params, a, cells);
    }
    store_cells(cells, first, k, evaluation);
  }
}

// All classes; the largest ones first, so that no thread is left with one at the end.
void evaluate_classes(const Problem& problem, CocoEvaluation& evaluation) {
  std::vector<std::size_t> order(evaluation.category_ids.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&problem](std::size_t k) {
    return problem.detection_groups.of_class(k).size();
  });
  parallel_for(order.size(), evaluation.params.threads,
               [&](std::size_t i) { evaluate_class(problem, order[i], evaluation); });
}

// The places of `value` in `values`; usually one.
template <class T>
std::vector<std::size_t> places_of(const std::vector<T>& values, const T& value) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == value) places.push_back(i);
  }
  return places;
}

std::vector<std::size_t> all_places(std::size_t count) {
  std::vector<std::size_t> places(count);
  std::iota(places.begin(), places.end(), std::size_t{0});
  return places;
}

// The sum of n values in the order of NumPy's pairwise summation, so that means are equal to
// NumPy's in every bit.
double pairwise_sum(const double* values, std::size_t n) {
  constexpr std::size_t kLanes = 8;
  constexpr std::size_t kBlock = 128;
  if (n < kLanes) return std::accumulate(values, values + n, 0.0);
  if (n > kBlock) {
    const std::size_t half = n / 2 - n / 2 % kLanes;
    return pairwise_sum(values, half) + pairwise_sum(values + half, n - half);
  }
  std::array<double, kLanes> lane{};
  std::copy_n(values, kLanes, lane.begin());
  std::size_t i = kLanes;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::size_t j = 0; j < kLanes; ++j) lane[j] += values[i + j];
  }
  const double sum =
      ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
  return std::accumulate(values + i, values + n, sum);
}

// Mean over a part of the grid, of precision (R recall thresholds) or recall (as if R were 1).
double mean_of_cells(const CocoEvaluation& evaluation, const std::vector<double>& array,
                     std::size_t recalls, double iou, int area, int max_detections, int category) {
  const CocoParams& params = evaluation.params;
  const std::size_t areas = params.area_ranges.size();
  const std::size_t classes = evaluation.category_ids.size();
  if (area < 0 || static_cast<std::size_t>(area) >= areas || category < -1 ||
      (category >= 0 && static_cast<std::size_t>(category) >= classes)) {
    return -1;
  }
  const auto thresholds =
      iou < 0 ? all_places(params.iou_thresholds.size()) : places_of(params.iou_thresholds, iou);
  const auto limits = places_of(params.max_detections, max_detections);
  const std::size_t first_class = category < 0 ? 0 : static_cast<std::size_t>(category);
  const std::size_t last_class = category < 0 ? classes : first_class + 1;
  std::vector<double> values;
  values.reserve(thresholds.size() * recalls * (last_class - first_class));
  for (const std::size_t t : thresholds) {
    for (std::size_t row = t * recalls; row < (t + 1) * recalls; ++row) {
      for (std::size_t k = first_class; k < last_class; ++k) {
        for (const std::size_t m : limits) {
          const double value =
              array[evaluation.recall_cell(row, k, static_cast<std::size_t>(area), m)];
          if (value > -1) values.push_back(value);
        }
      }
    }
  }
  if (values.empty()) return -1;
  return pairwise_sum(values.data(), values.size()) / static_cast<double>(values.size());
}

}  // namespace

CocoParams::CocoParams()
    : area_ranges{{"all", 0, 1e10},
                  {"small", 0, 32 * 32},
                  {"medium", 32 * 32, 96 * 96},
                  {"large", 96 * 96, 1e10}},
      max_detections{1, 10, 100} {
  for (int k = 0; k < 9; ++k) iou_thresholds.push_back(0.5 + k * ((0.95 - 0.5) / 9));
  iou_thresholds.push_back(0.95);
  for (int k = 0; k < 100; ++k) recall_thresholds.push_back(k * 0.01);
  recall_thresholds.push_back(1.0);
}

std::size_t CocoEvaluation::cell(std::size_t t, std::size_t r, std::size_t k, std::size_t a,
                                 std::size_t m) const {
  return recall_cell(t * params.recall_thresholds.size() + r, k, a, m);
}

std::size_t CocoEvaluation::recall_cell(std::size_t t, std::size_t k, std::size_t a,
                                        std::size_t m) const {
  return ((t * category_ids.size() + k) * params.area_ranges.size() + a) *
             params.max_detections.size() +
         m;
}

double CocoEvaluation::average_precision(double iou, int area, int max_detections,
                                         int category) const {
  return mean_of_cells(*this, precision, params.recall_thresholds.size(), iou, area, max_detections,
                       category);
}

double CocoEvaluation::average_recall(double iou, int area, int max_detections,
                                      int category) const {
  return mean_of_cells(*this, recall, 1, iou, area, max_detections, category);
}

std::array<double, 12> CocoEvaluation::stats() const {
  const auto area = [this](const char* name) {
    const auto found = std::ranges::find(params.area_ranges, name, &AreaRange::name);
    return found == params.area_ranges.end() ? -1
                                             : static_cast<int>(found - params.area_ranges.begin());
  };
  const auto limit = [this](std::size_t m) {
    return m < params.max_detections.size() ? params.max_detections[m] : -1;
  };
  const int all = area("all"), small = area("small"), medium = area("medium"),
            large = area("large");
  return {average_precision(-1, all, 100),         average_precision(0.5, all, limit(2)),
          average_precision(0.75, all, limit(2)),  average_precision(-1, small, limit(2)),
          average_precision(-1, medium, limit(2)), average_precision(-1, large, limit(2)),
          average_recall(-1, all, limit(0)),       average_recall(-1, all, limit(1)),
          average_recall(-1, all, limit(2)),       average_recall(-1, small, limit(2)),
          average_recall(-1, medium, limit(2)),    average_recall(-1, large, limit(2))};
}

Result<CocoEvaluation> evaluate_coco(const GroundTruth& truth,
                                     std::span<const Detection> detections,
                                     const CocoParams& params) {
  return evaluate_coco_by_areas(truth, detections, {}, params);
}

Result<CocoEvaluation> evaluate_coco_by_areas(const GroundTruth& truth,
                                              std::span<const Detection> detections,
                                              std::span<const double> detection_areas,
                                              const CocoParams& params) {
  const IdIndex images = index_of(truth.images);
  const IdIndex categories = index_of(truth.categories);
  QYOLO_CHECK_OK(check_params(params, params.use_categories ? categories.size() : 1));
  QYOLO_CHECK_OK(check_counts(truth, detections));
  if (!detection_areas.empty() && detection_areas.size() != detections.size()) {
    return error("COCO evaluation: {} areas of {} detections; expected one of each",
                 detection_areas.size(), detections.size());
  }
  ItemIndices found = index_items(detections, images, categories);
  QYOLO_CHECK_OK(check_detections(detections, found.image));

  CocoEvaluation evaluation;
  evaluation.params = params;
  std::ranges::sort(evaluation.params.max_detections);
  evaluation.category_ids =
      params.use_categories ? categories.ids() : std::vector<std::int64_t>{-1};
  evaluation.unknown_category_detections = std::ranges::count(found.category, IdIndex::kAbsent);
  const std::size_t recall_cells = evaluation.recall_cell(params.iou_thresholds.size(), 0, 0, 0);
  const std::size_t cells = recall_cells * params.recall_thresholds.size();
  evaluation.precision.assign(cells, -1.0);
  evaluation.scores.assign(cells, -1.0);
  evaluation.recall.assign(recall_cells, -1.0);

  const auto group = [&](ItemIndices indices) {
    return ItemGroups(std::move(indices.image), indices.category, images.size(), categories.size(),
                      params.use_categories);
  };
  Problem problem{truth.annotations,
                  detections,
                  group(index_items(std::span(truth.annotations), images, categories)),
                  group(std::move(found)),
                  {},
                  detection_areas};
  for (const AreaRange& range : params.area_ranges) {
    problem.areas.push_back({range.low, range.high});
  }
  evaluate_classes(problem, evaluation);
  return evaluation;
}

}  // namespace qyolo::metrics
