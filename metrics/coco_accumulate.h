// Precision, recall and scores of one class from its matched detections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/coco_class.h"
#include "metrics/coco_map.h"
#include "metrics/coco_match.h"

namespace qyolo::metrics {

// The cells of one class and one block of thresholds; -1 until accumulated.
struct ClassCells {
  ClassCells(std::size_t thresholds, std::size_t recalls, std::size_t areas,
             std::size_t max_detections);

  std::size_t thresholds;
  std::vector<double> precision;  // [T, R, A, M]
  std::vector<double> scores;     // [T, R, A, M]
  std::vector<double> recall;     // [T, A, M]
};

// The positions of detections that are among the first max_detections[m] of their image, for each
// m.
[[nodiscard]] std::vector<std::vector<std::uint32_t>> counted_positions(
    const ClassDetections& detections, std::span<const int> max_detections);

// Fills the cells of params.area_ranges[area]. Precision at a recall threshold is the largest at
// that recall or any higher one; 0 where the recall is not reached. Does nothing if no ground truth
// counts in the area range.
//   outcomes   of this area range, one per detection, at cells.thresholds thresholds
//   counted    counted_positions() for params.max_detections
//   positives  ground truth that counts (not ignored) in the area range
void accumulate_area(const ClassDetections& detections, std::span<const Outcome> outcomes,
                     const std::vector<std::vector<std::uint32_t>>& counted, std::size_t positives,
                     const CocoParams& params, std::size_t area, ClassCells& cells);

}  // namespace qyolo::metrics
