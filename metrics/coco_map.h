// metrics/: what is measured about a network: COCO mAP, latency, memory, statistics. Pure functions
// over plain data; no LibTorch, no input or output.
//
// COCO mean average precision for boxes, equal to pycocotools' COCOeval (bbox) in every cell of its
// precision, recall and scores arrays, not only in the 12 summary numbers.
// Source: the COCO evaluation protocol (cocodataset.org/#detection-eval).
#pragma once

#include <array>
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
  std::vector<int> max_detections;        // M; ascending; default 1, 10, 100
  bool use_categories = true;             // false: all classes are one (K = 1)
  int threads = 0;                        // 0: all the host offers; results do not depend on it
  CocoParams();
};

// The arrays, C order. A value of -1 means: no ground truth that counts in this cell.
struct CocoEvaluation {
  CocoParams params;
  std::vector<std::int64_t> category_ids;  // K, ascending; {-1} if !use_categories
  std::vector<double> precision;           // [T, R, K, A, M]
  std::vector<double> recall;              // [T, K, A, M]
  std::vector<double> scores;              // [T, R, K, A, M]

  // AP, AP50, AP75, AP small, medium, large, AR at M[0], M[1], M[2], AR small, medium, large:
  // pycocotools' stats. A number whose cells are all -1, or whose threshold is not in the grid, is
  // -1.
  [[nodiscard]] std::array<double, 12> stats() const;

  // Means over the cells > -1; -1 if there is none. `iou` < 0: over all thresholds; `category`: an
  // index into category_ids, or -1 for all.
  [[nodiscard]] double average_precision(double iou, int area, int max_detections,
                                         int category = -1) const;
  [[nodiscard]] double average_recall(double iou, int area, int max_detections,
                                      int category = -1) const;
};

// Images, categories and annotations as in the annotation file; detections in the file's order
// (ties in score are broken by it). Fails on a detection of an image that is not in `truth`, naming
// the first one.
Result<CocoEvaluation> evaluate_coco(const GroundTruth& truth,
                                     std::span<const Detection> detections,
                                     const CocoParams& params = {});

}  // namespace qyolo::metrics
