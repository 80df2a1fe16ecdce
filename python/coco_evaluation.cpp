#include "python/coco_evaluation.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <unordered_set>

#include "harness/detections/score.h"
#include "metrics/coco_map_by_areas.h"
#include "python/arrays.h"
#include "python/python_values.h"

namespace qyolo::python {
namespace {

std::vector<std::int64_t> found_ids(const nb::list& list, const IdNames& names, const char* what,
                                    const std::string& annotations) {
  std::vector<std::int64_t> ids;
  for (const nb::handle value : list) {
    ids.push_back(find_id(value, names));
    if (ids.back() == IdNames::kUnknown) {
      throw nb::value_error(fmt::format("params.{}: {} is no id of {}", what,
                                        nb::cast<std::string>(nb::repr(value)), annotations)
                                .c_str());
    }
  }
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

template <class Items>
bool are_ids_of(const std::vector<std::int64_t>& ids, const Items& items) {
  std::vector<std::int64_t> all;
  all.reserve(items.size());
  for (const auto& item : items) all.push_back(item.id);
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return ids == all;
}

}  // namespace

metrics::CocoParams EvaluationGrid::params() const {
  metrics::CocoParams params;
  params.iou_thresholds = iou_thresholds;
  params.recall_thresholds = recall_thresholds;
  params.area_ranges.clear();
  for (const auto& [low, high] : areas)
    params.area_ranges.push_back({fmt::format("{}", params.area_ranges.size()), low, high});
  params.max_detections = max_detections;
  params.use_categories = use_categories;
  params.threads = threads;
  return params;
}

Selection::Selection(const Annotations& annotations, const Results& results, const nb::list& images,
                     const nb::list& categories)
    : annotations_(annotations),
      results_(results),
      truth_(&annotations.truth),
      detections_(results.file.detections),
      areas_(results.areas) {
  cut_truth(found_ids(images, annotations.truth.image_ids, "imgIds", annotations.name),
            found_ids(categories, annotations.truth.category_ids, "catIds", annotations.name));
  cut_detections();
}

void Selection::cut_truth(std::vector<std::int64_t> images, std::vector<std::int64_t> categories) {
  const GroundTruth& all = annotations_.truth;
  if (are_ids_of(images, all.images) && are_ids_of(categories, all.categories)) return;
  for (const std::int64_t id : images) own_truth_.images.push_back({id, "", 0, 0});
  for (const std::int64_t id : categories) own_truth_.categories.push_back({id, ""});
  own_truth_.annotations = all.annotations;
  own_truth_.image_ids = all.image_ids;
  own_truth_.category_ids = all.category_ids;
  own_truth_.annotation_ids = all.annotation_ids;
  truth_ = &own_truth_;
}

void Selection::cut_detections() {
  std::unordered_set<std::int64_t> images;
  for (const ImageInfo& image : truth_->images) images.insert(image.id);
  const auto selected = [&](const Detection& detection) {
    return images.contains(detection.image_id);
  };
  if (std::ranges::all_of(detections_, selected)) return;
  for (std::size_t i = 0; i < results_.file.detections.size(); ++i) {
    if (!selected(results_.file.detections[i])) continue;
    own_ids_.push_back(id(i));
    own_detections_.push_back(results_.file.detections[i]);
    if (!results_.areas.empty()) own_areas_.push_back(results_.areas[i]);
  }
  detections_ = own_detections_;
  areas_ = own_areas_;
}

std::int64_t Selection::id(std::size_t detection) const {
  if (detections_.data() == own_detections_.data() && !own_ids_.empty()) return own_ids_[detection];
  return results_.ids.empty() ? static_cast<std::int64_t>(detection) + 1 : results_.ids[detection];
}

nb::dict evaluate_boxes(const Annotations& annotations, const Results& results,
                        const nb::list& images, const nb::list& categories,
                        const EvaluationGrid& grid) {
  const Selection selection(annotations, results, images, categories);
  metrics::CocoEvaluation evaluation = [&] {
    nb::gil_scoped_release release;
    return value_or_raise(metrics::evaluate_coco_by_areas(selection.truth(), selection.detections(),
                                                          selection.areas(), grid.params()));
  }();
  const std::size_t recalls = grid.recall_thresholds.size();
  const std::vector<std::size_t> cells = {grid.iou_thresholds.size(),
                                          evaluation.category_ids.size(), grid.areas.size(),
                                          grid.max_detections.size()};
  std::vector<std::size_t> all = cells;
  all.insert(all.begin() + 1, recalls);
  nb::dict arrays;
  arrays["precision"] = array_of(std::move(evaluation.precision), all);
  arrays["recall"] = array_of(std::move(evaluation.recall), cells);
  arrays["scores"] = array_of(std::move(evaluation.scores), all);
  return arrays;
}

std::pair<std::string, std::vector<std::string>> score_document(
    const Annotations& annotations, const Results& results, std::vector<double> iou_thresholds,
    const std::vector<std::tuple<std::string, double, double>>& areas,
    std::vector<int> max_detections, bool use_categories, int threads) {
  nb::gil_scoped_release release;
  metrics::CocoParams params;
  if (!iou_thresholds.empty()) params.iou_thresholds = std::move(iou_thresholds);
  if (!areas.empty()) params.area_ranges.clear();
  for (const auto& [name, low, high] : areas) params.area_ranges.push_back({name, low, high});
  if (!max_detections.empty()) params.max_detections = std::move(max_detections);
  params.use_categories = use_categories;
  params.threads = threads;
  harness::Score score = value_or_raise(
      harness::score_results(annotations.truth, results.file, results.name, params, results.areas));
  return {results::document_text(results::score_json(score.record)), std::move(score.warnings)};
}

void add_coco_evaluation(nb::module_& module) {
  nb::class_<EvaluationGrid>(module, "EvaluationGrid")
      .def(
          "__init__",
          [](EvaluationGrid* self, std::vector<double> iou_thresholds,
             std::vector<double> recall_thresholds, std::vector<std::pair<double, double>> areas,
             std::vector<int> max_detections, bool use_categories, int threads) {
            new (self) EvaluationGrid{std::move(iou_thresholds),
                                      std::move(recall_thresholds),
                                      std::move(areas),
                                      std::move(max_detections),
                                      use_categories,
                                      threads};
          },
          nb::arg("iou_thresholds"), nb::arg("recall_thresholds"), nb::arg("areas"),
          nb::arg("max_detections"), nb::arg("use_categories"), nb::arg("threads"));
  module.def("evaluate_boxes", &evaluate_boxes, nb::arg("annotations"), nb::arg("results"),
             nb::arg("images"), nb::arg("categories"), nb::arg("grid"));
  module.def("evaluate_images", &evaluate_images, nb::arg("annotations"), nb::arg("results"),
             nb::arg("images"), nb::arg("categories"), nb::arg("grid"));
  module.def("score", &score_document, nb::arg("annotations"), nb::arg("results"),
             nb::arg("iou_thresholds"), nb::arg("areas"), nb::arg("max_detections"),
             nb::arg("use_categories"), nb::arg("threads"));
}

}  // namespace qyolo::python
