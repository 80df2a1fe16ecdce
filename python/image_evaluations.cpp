// evaluate_images(): pycocotools' evalImgs.
#include <algorithm>
#include <optional>

#include "metrics/box_iou.h"
#include "metrics/coco_groups.h"
#include "python/arrays.h"
#include "python/coco_evaluation.h"
#include "python/image_scan.h"
#include "python/python_values.h"

namespace qyolo::python {
namespace {

using metrics::IdIndex;
using metrics::ItemGroups;
using metrics::Run;

// The items of one class, image by image.
struct ClassItems {
  std::span<const std::uint32_t> items;
  std::vector<std::optional<Run>> runs;  // by image

  ClassItems(const ItemGroups& groups, std::size_t k, std::size_t images)
      : items(groups.of_class(k)), runs(images) {
    for (const Run& run : groups.runs_of_class(k)) runs[run.image] = run;
  }

  [[nodiscard]] std::span<const std::uint32_t> of(std::size_t image) const {
    if (!runs[image]) return {};
    return items.subspan(runs[image]->begin, runs[image]->end - runs[image]->begin);
  }
};

class ImageEvaluations {
 public:
  ImageEvaluations(const Selection& selection, const EvaluationGrid& grid)
      : selection_(selection),
        grid_(grid),
        limit_(*std::ranges::max_element(grid.max_detections)),
        images_(metrics::index_of(selection.truth().images)),
        categories_(metrics::index_of(selection.truth().categories)),
        objects_(group(std::span(selection.truth().annotations))),
        detections_(group(selection.detections())),
        image_ids_(python_ids(images_.ids(), selection.truth().image_ids)),
        category_ids_(python_ids(categories_.ids(), selection.truth().category_ids)) {}

  nb::list all() const {
    nb::list evaluations;
    const std::size_t classes = grid_.use_categories ? categories_.size() : 1;
    for (std::size_t k = 0; k < classes; ++k) {
      const ClassItems objects(objects_, k, images_.size());
      const ClassItems detections(detections_, k, images_.size());
      for (const auto& area : grid_.areas) {
        for (std::size_t i = 0; i < images_.size(); ++i) {
          if (objects.of(i).empty() && detections.of(i).empty()) {
            evaluations.append(nb::none());
          } else {
            evaluations.append(one(k, i, area, objects.of(i), detections.of(i)));
          }
        }
      }
    }
    return evaluations;
  }

 private:
  template <class Item>
  ItemGroups group(std::span<const Item> items) const {
    metrics::ItemIndices indices = metrics::index_items(items, images_, categories_);
    return {std::move(indices.image), indices.category, images_.size(), categories_.size(),
            grid_.use_categories};
  }

  nb::dict one(std::size_t k, std::size_t image, const std::pair<double, double>& area,
               std::span<const std::uint32_t> object_places,
               std::span<const std::uint32_t> detection_places) const {
    std::vector<Annotation> objects;
    for (const std::uint32_t place : object_places)
      objects.push_back(selection_.truth().annotations[place]);
    std::vector<ScannedDetection> detections;
    for (const std::uint32_t place : detection_places) {
      const Detection& detection = selection_.detections()[place];
      detections.push_back({detection.bbox, detection.score,
                            selection_.areas().empty() ? metrics::box_area(detection.bbox)
                                                       : selection_.areas()[place]});
    }
    const ImageScan scan = scan_image(objects, detections, grid_.iou_thresholds,
                                      {area.first, area.second}, static_cast<std::size_t>(limit_));
    std::vector<std::int64_t> object_ids, detection_ids;
    nb::list scores;
    for (const std::uint32_t g : scan.objects) object_ids.push_back(number_of(objects[g]));
    for (const std::uint32_t d : scan.detections) {
      detection_ids.push_back(selection_.id(detection_places[d]));
      scores.append(detections[d].score);
    }
    nb::list range;
    range.append(area.first);
    range.append(area.second);
    nb::dict evaluation;
    evaluation["image_id"] = image_ids_[image];
    evaluation["category_id"] = grid_.use_categories ? nb::object(category_ids_[k]) : nb::int_(-1);
    evaluation["aRng"] = range;
    evaluation["maxDet"] = limit_;
    evaluation["dtIds"] = python_ids(detection_ids, {});
    evaluation["gtIds"] = python_ids(object_ids, {});
    evaluation["dtMatches"] = matches(scan.matched_object, object_ids, detection_ids.size());
    evaluation["gtMatches"] = matches(scan.matched_detection, detection_ids, object_ids.size());
    evaluation["dtScores"] = scores;
    evaluation["gtIgnore"] = array_of(scan.object_ignored, {object_ids.size()});
    evaluation["dtIgnore"] = array_of(std::vector<std::uint8_t>(scan.detection_ignored.begin(),
                                                                scan.detection_ignored.end()),
                                      {grid_.iou_thresholds.size(), detection_ids.size()})
                                 .attr("view")("bool");
    return evaluation;
  }

  // pycocotools keeps ids of annotations in arrays of numbers.
  static std::int64_t number_of(const Annotation& annotation) {
    if (!IdNames::is_code(annotation.id) && annotation.id != IdNames::kUnknown)
      return annotation.id;
    throw nb::value_error("evalImgs needs whole numbers as ids of the annotations");
  }

  // Of each threshold and item, the id of what it was matched to; 0: nothing.
  [[nodiscard]] nb::object matches(const std::vector<std::uint32_t>& places,
                                   const std::vector<std::int64_t>& ids, std::size_t items) const {
    std::vector<double> matched;
    matched.reserve(places.size());
    for (const std::uint32_t place : places)
      matched.push_back(place == ImageScan::kNone ? 0 : static_cast<double>(ids[place]));
    return array_of(std::move(matched), {grid_.iou_thresholds.size(), items});
  }

  const Selection& selection_;
  const EvaluationGrid& grid_;
  int limit_;
  IdIndex images_, categories_;
  ItemGroups objects_, detections_;
  nb::list image_ids_, category_ids_;
};

}  // namespace

nb::list evaluate_images(const Annotations& annotations, const Results& results,
                         const nb::list& images, const nb::list& categories,
                         const EvaluationGrid& grid) {
  if (grid.max_detections.empty() || *std::ranges::max_element(grid.max_detections) < 1)
    throw nb::value_error("COCO evaluation: maximum numbers of detections must be at least 1");
  const Selection selection(annotations, results, images, categories);
  return ImageEvaluations(selection, grid).all();
}

}  // namespace qyolo::python
