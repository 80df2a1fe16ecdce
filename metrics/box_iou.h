// Intersection over union of boxes, in double precision and without fused multiply-add: equal to
// the COCO reference implementation in every bit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "common/coco_types.h"

namespace qyolo::metrics {

// The overlap that an IoU threshold asks for: a threshold of 1 must still be reached by equal boxes
// whose overlap is rounded down.
[[nodiscard]] constexpr double reachable_iou(double threshold) {
  return std::min(threshold, 1 - 1e-10);
}

// Width times height, in pixels^2.
[[nodiscard]] double box_area(const BoxXywh& box);

// Boxes as arrays of edges, so that one box is compared with several at once.
class BoxEdges {
 public:
  // `crowd`: overlaps are relative to the other box alone.
  void add(const BoxXywh& box, bool crowd);
  [[nodiscard]] std::size_t size() const { return left_.size(); }

  // overlap[i] of `box` with boxes begin + i of these. For a crowd the union is the area of `box`,
  // so that a box inside a crowd overlaps it fully. Boxes that only touch overlap by 0. Degenerate
  // boxes whose areas underflow give NaN, as in the reference.
  // REQUIRES: begin + overlap.size() <= size().
  void overlaps(const BoxXywh& box, std::size_t begin, std::span<double> overlap) const;

 private:
  std::vector<double> left_, top_, right_, bottom_, area_;
  std::vector<double> crowd_;  // 1 or 0
};

}  // namespace qyolo::metrics
