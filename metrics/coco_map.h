// metrics/: what is measured about a network: COCO mAP, latency, memory, statistics. Pure functions
// over plain data; no LibTorch, no input or output.
//
// COCO mean average precision for boxes, equal to pycocotools' COCOeval (bbox) in every bit of its
// precision, recall and scores arrays, not only in the 12 summary numbers.
// Source: the COCO evaluation protocol (cocodataset.org/#detection-eval).
//
// How it is done: detections are put in (class, image) order by counting sorts (coco_groups.h), a
// class's detections are sorted by score once (score_order.h), matched at all thresholds and area
// ranges in one go (coco_match.h), and the cells accumulated from the matches (coco_accumulate.h).
// Classes are independent and run in parallel; memory is linear in detections and ground truth.
//
// Where it differs from pycocotools on purpose: pycocotools identifies ground truth by annotation
// id, so that a match to id 0 counts as none, and of duplicated ids only the last is seen, several
// times. Here ground truth is identified by its place, so that ids have no influence.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"

namespace qyolo::metrics {

// Area range in pixels^2 of the original image, inclusive at both ends.
struct AreaRange {
  std::string name;
  double low = 0;
  double high = 0;
};

struct CocoParams {
  std::vector<double> iou_thresholds;     // T; default 0.5 + k * ((0.95 - 0.5) / 9), k = 0..9
  std::vector<double> recall_thresholds;  // R; default k * 0.01, k = 0..100
  std::vector<AreaRange> area_ranges;     // A; default all, small, medium, large
  std::vector<int> max_detections;        // M, each at least 1; default 1, 10, 100
  bool use_categories = true;             // false: all classes are one (K = 1)
  int threads = 0;                        // 0: all the host offers; results do not depend on it
  CocoParams();
};

// The arrays, C order. A value of -1 means: no ground truth that counts in this cell.
struct CocoEvaluation {
  CocoParams params;                       // as used: max_detections ascending
  std::vector<std::int64_t> category_ids;  // K, ascending; {-1} if !use_categories
  std::vector<double> precision;           // [T, R, K, A, M]
  std::vector<double> recall;              // [T, K, A, M]
  std::vector<double> scores;              // [T, R, K, A, M]
  // Detections of categories that the ground truth does not have: they have no influence.
  std::int64_t unknown_category_detections = 0;

  // Of precision and scores, and of recall.
  [[nodiscard]] std::size_t cell(std::size_t t, std::size_t r, std::size_t k, std::size_t a,
                                 std::size_t m) const;
  [[nodiscard]] std::size_t recall_cell(std::size_t t, std::size_t k, std::size_t a,
                                        std::size_t m) const;

  // AP, AP50, AP75, AP small, medium, large, AR at M[0], M[1], M[2], AR small, medium, large:
  // pycocotools' stats, in every bit. AP is at 100 detections, the others at M[2]. A number whose
  // cells are all -1, or whose threshold, area range or maximum is not in the grid, is -1.
  [[nodiscard]] std::array<double, 12> stats() const;

  // Means over the cells > -1; -1 if there is none.
  //   iou             one of the thresholds, exactly; < 0: over all of them
  //   area            index into params.area_ranges
  //   max_detections  one of params.max_detections (the number, not its index)
  //   category        index into category_ids; -1: over all of them
  // -1 also if any of these is not in the grid.
  [[nodiscard]] double average_precision(double iou, int area, int max_detections,
                                         int category = -1) const;
  [[nodiscard]] double average_recall(double iou, int area, int max_detections,
                                      int category = -1) const;
};

// Images, categories and annotations as in the annotation file; detections in the file's order
// (ties in score are broken by it). Annotations of images or categories that `truth` does not list
// have no influence. Fails on a detection of an image that is not in `truth` or with a score or box
// that is not finite, naming the first one, and on parameters that make no grid.
Result<CocoEvaluation> evaluate_coco(const GroundTruth& truth,
                                     std::span<const Detection> detections,
                                     const CocoParams& params = {});

}  // namespace qyolo::metrics
