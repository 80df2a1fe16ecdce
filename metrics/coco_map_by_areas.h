// COCO mean average precision where detections bring areas of their own.
//
// pycocotools sorts a detection into an area range by its 'area', not by its box: its loadRes sets
// the product of the box's sides in the numbers' own type (a float's, where the results are an
// array of floats), and whoever makes a results object by hand may set any other.
#pragma once

#include <span>

#include "metrics/coco_map.h"

namespace qyolo::metrics {

// As evaluate_coco(). `detection_areas`: of each detection, in pixels^2; empty: those of the boxes.
// An area that is NaN is in every range, as there. Fails where there are more or fewer than
// detections.
Result<CocoEvaluation> evaluate_coco_by_areas(const GroundTruth& truth,
                                              std::span<const Detection> detections,
                                              std::span<const double> detection_areas,
                                              const CocoParams& params = {});

}  // namespace qyolo::metrics
