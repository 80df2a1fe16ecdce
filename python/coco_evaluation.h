// COCO evaluation as the Python package asks for it.
#pragma once

#include <nanobind/nanobind.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/coco_types.h"
#include "metrics/coco_map.h"
#include "python/coco_data.h"

namespace qyolo::python {

// pycocotools' Params, of Python's types.
struct EvaluationGrid {
  std::vector<double> iou_thresholds, recall_thresholds;
  std::vector<std::pair<double, double>> areas;  // low and high
  std::vector<int> max_detections;
  bool use_categories = true;
  int threads = 0;

  [[nodiscard]] metrics::CocoParams params() const;
};

// Annotations and results cut to some images and categories.
class Selection {
 public:
  // All ids of the annotations, or others; ids that these do not have select nothing. ValueError
  // where a text is no id of theirs.
  Selection(const Annotations& annotations, const Results& results, const nanobind::list& images,
            const nanobind::list& categories);
  Selection(const Selection&) = delete;
  Selection& operator=(const Selection&) = delete;

  [[nodiscard]] const GroundTruth& truth() const { return *truth_; }
  [[nodiscard]] std::span<const Detection> detections() const { return detections_; }
  [[nodiscard]] std::span<const double> areas() const { return areas_; }
  [[nodiscard]] std::int64_t id(std::size_t detection) const;

 private:
  void cut_truth(std::vector<std::int64_t> images, std::vector<std::int64_t> categories);
  void cut_detections();

  const Annotations& annotations_;
  const Results& results_;
  const GroundTruth* truth_;
  std::span<const Detection> detections_;
  std::span<const double> areas_;
  // What is not there as it was given.
  GroundTruth own_truth_;
  std::vector<Detection> own_detections_;
  std::vector<double> own_areas_;
  std::vector<std::int64_t> own_ids_;
};

// {"precision", "recall", "scores"}: pycocotools' arrays; without the GIL.
nanobind::dict evaluate_boxes(const Annotations& annotations, const Results& results,
                              const nanobind::list& images, const nanobind::list& categories,
                              const EvaluationGrid& grid);

// pycocotools' evalImgs: a dictionary or None for each category, area range and image, in that
// order. Categories and images ascend.
nanobind::list evaluate_images(const Annotations& annotations, const Results& results,
                               const nanobind::list& images, const nanobind::list& categories,
                               const EvaluationGrid& grid);

// What `qyolo score -o json` prints, and its warnings; without the GIL.
std::pair<std::string, std::vector<std::string>> score_document(
    const Annotations& annotations, const Results& results, std::vector<double> iou_thresholds,
    const std::vector<std::tuple<std::string, double, double>>& areas,
    std::vector<int> max_detections, bool use_categories, int threads);

void add_coco_evaluation(nanobind::module_& module);

}  // namespace qyolo::python
