// Which class is taken for which, at one confidence.
//
// Counted are the detections of at least that score, and all objects that are not crowds:
//   1. By COCO's rule: by descending score, each takes the free object of its class that it
//      overlaps most, at least by the IoU threshold. These are the diagonal, and the true positives
//      of precision and recall at this confidence (curves.h).
//   2. The others, by descending score: each takes the free object of another class that it
//      overlaps most, at least by the threshold.
//   3. What is left of the detections is background taken for an object; objects that are left are
//      missed. Detections that a crowd of their class absorbs are not counted.
// An object is in one cell of its row, a detection in one cell of its column. Tools that assign in
// one pass by overlap alone put pairs of the right class off the diagonal where another class
// overlaps a little more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/coco_types.h"
#include "metrics/assignment.h"

namespace qyolo::metrics {

struct ConfusionMatrix {
  double confidence = 0;
  double iou_threshold = 0;
  std::vector<std::int64_t> category_ids;  // K, ascending
  // [K + 1, K + 1]: row of the object's class, column of the detection's; the last ones are
  // background. The corner is 0.
  std::vector<std::int64_t> counts;

  [[nodiscard]] std::size_t background() const { return category_ids.size(); }
  [[nodiscard]] std::int64_t at(std::size_t object, std::size_t detected) const {
    return counts[object * (category_ids.size() + 1) + detected];
  }
};

struct Confusion {
  std::size_t object = 0;  // class indices, never background
  std::size_t detected = 0;
  std::int64_t count = 0;
};

// REQUIRES: `assignment` is of the same ground truth and detections, at `iou_threshold`.
[[nodiscard]] ConfusionMatrix confusion_matrix(const GroundTruth& truth,
                                               std::span<const Detection> detections,
                                               const Assignment& assignment, double confidence,
                                               double iou_threshold = 0.5);

// Pairs of different classes that occur, the most frequent first, then by object and detection; at
// most `most`.
[[nodiscard]] std::vector<Confusion> worst_confusions(const ConfusionMatrix& matrix,
                                                      std::size_t most);

}  // namespace qyolo::metrics
