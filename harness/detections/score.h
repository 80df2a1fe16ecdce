// Scores a COCO results file against an annotation file: what pycocotools does, without a network.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "metrics/coco_map.h"

namespace qyolo::harness {

struct Score {
  metrics::CocoEvaluation evaluation;
  std::size_t images = 0;
  std::size_t detections = 0;
  std::vector<std::string> class_names;  // one per evaluation.category_ids
  IdNames category_ids;
  std::vector<std::string> warnings;
};

Result<Score> score_files(const std::filesystem::path& annotations,
                          const std::filesystem::path& detections,
                          const metrics::CocoParams& params);

// precision.f64, recall.f64, scores.f64 in `folder`: raw little-endian doubles, C order, [T, R, K,
// A, M]
// ([T, K, A, M] for recall).
Status write_arrays(const metrics::CocoEvaluation& evaluation, const std::filesystem::path& folder);

// {"stats": [pycocotools' 12 numbers; null with fewer than 3 maxima], "metrics": {"AP": ...} (with
// the usual maxima), "images", "detections", "params": {...}, "grid": [{"area", "max_detections",
// "AP", "AR", "AP_by_iou", "AR_by_iou"}], "per_class": [...]}. Null: no ground truth in these
// cells; of an area range's bound: none.
[[nodiscard]] OrderedJson score_json(const Score& score);
// pycocotools' 12 lines, and lines for thresholds, area ranges and maxima that these do not show.
[[nodiscard]] std::string score_text(const metrics::CocoEvaluation& evaluation);
// One line per class; "-" where it has no ground truth.
[[nodiscard]] std::string class_table(const Score& score);

}  // namespace qyolo::harness
