// The confidence at which a detector is best run: with the largest mean F1 over classes.
//
// At a confidence c, the detections with a score of at least c are kept and matched to the objects
// at one IoU (object_match.h). A class's F1 is 2 TP / (2 TP + FP + missed), the harmonic mean of
// precision and recall; absorbed detections count as neither. The mean is over the classes that
// have objects which are no crowds.
//
// Mean F1 changes only at scores that occur, so every confidence there is has been tried. Of
// several that are equally good the highest is taken, which raises the fewest alarms. Any
// confidence between the lowest score kept and the next lower one keeps the same detections: the
// middle is given (of the lowest score and 0, where all are kept), so that > and >= mean the same.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"

namespace qyolo::metrics {

// 0 where there is nothing to find and nothing false.
[[nodiscard]] double f1_score(std::int64_t true_positives, std::int64_t false_positives,
                              std::int64_t missed);

struct OperatingPoint {
  double confidence = 0;
  double mean_f1 = 0;
};

// Fails where nothing was found at any confidence or there is nothing to find, so that none is
// best; on an `iou` outside (0, 1]; and as detections_by_image() does.
Result<OperatingPoint> best_f1(const GroundTruth& truth, std::span<const Detection> detections,
                               double iou = 0.5);

}  // namespace qyolo::metrics
