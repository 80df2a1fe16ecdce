// Matching of the detections of one class to its ground truth, for all IoU thresholds and area
// ranges at once.
//
// Thresholds are bits of a word. The greedy rule (a detection takes, among the ground truth that is
// still free and overlaps it by at least the threshold, the one with the largest overlap, the last
// of equal ones, and ground truth to be ignored only if there is no other) is the same for each
// threshold; so a detection visits its candidates once, from the best to the worst, and each takes
// the thresholds that it reaches, at which it is free, and which are still open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/coco_class.h"

namespace qyolo::metrics {

// One bit per IoU threshold of a block of at most 16: COCO's 10 fit, and outcomes stay small.
using ThresholdMask = std::uint32_t;
inline constexpr ThresholdMask kAtHalf = 1;  // the bit of IoU 0.5
inline constexpr std::size_t kThresholdsPerBlock = 16;

// Of one detection at each threshold; neither bit: it does not count.
struct Outcome {
  std::uint16_t true_positive = 0;
  std::uint16_t false_positive = 0;
};

// outcomes[a * detections.size() + p]: of the detection at position p in area range a.
// REQUIRES: 1 to 16 thresholds; `file` is what `detections` was made from.
[[nodiscard]] std::vector<Outcome> match_class(std::span<const Detection> file,
                                               const ClassTruth& truth,
                                               const ClassDetections& detections,
                                               std::span<const double> thresholds,
                                               std::span<const AreaLimits> areas);

}  // namespace qyolo::metrics
