// The document of `score`: pycocotools' numbers of a results file, and the grid they are means of.
// docs/records.md describes every key.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/coco_types.h"
#include "common/ids.h"
#include "common/json.h"
#include "common/result.h"
#include "metrics/coco_map.h"
#include "results/metrics_json.h"
#include "results/renderers.h"

namespace qyolo::results {

// Fractions; -1: no ground truth in these cells, null in the document.
struct ScoreCell {
  std::string area;
  int max_detections = 0;
  double ap = -1, ar = -1;
  std::vector<std::optional<double>> ap_by_iou, ar_by_iou;  // of each IoU threshold
};

struct ScoreArea {
  double ap = -1, ar = -1;
};

struct ScoreClass {
  Json category_id;  // as the annotations write it
  std::string name;
  double ap = -1, ap50 = -1, ap75 = -1, ar = -1;
  std::vector<std::pair<std::string, ScoreArea>> areas;  // by name, in the order of the ranges
};

struct ScoreRecord {
  // pycocotools' 12 numbers, with its -1; none with fewer than three maxima.
  std::optional<std::array<double, 12>> stats;
  std::optional<MetricsRecord> metrics;  // with the usual maxima
  std::int64_t images = 0, detections = 0;
  // The parameters, as used; bounds that are infinite are null in the document.
  std::vector<double> iou_thresholds;
  std::vector<metrics::AreaRange> areas;
  std::vector<int> max_detections;
  bool use_categories = true;
  std::vector<ScoreCell> grid;  // area by area, all maxima of each
  std::vector<ScoreClass> per_class;
};

// REQUIRES: one class name per evaluation.category_ids.
[[nodiscard]] ScoreRecord score_record(const metrics::CocoEvaluation& evaluation,
                                       const std::vector<std::string>& class_names,
                                       const IdNames& category_ids);

[[nodiscard]] OrderedJson score_json(const ScoreRecord& record);
Result<ScoreRecord> read_score(const Json& document, const std::string& place);

// pycocotools' 12 lines, and lines for thresholds, area ranges and maxima that these do not show.
[[nodiscard]] std::string score_text(const ScoreRecord& record);
// One line per class; "-" where it has no ground truth.
[[nodiscard]] std::string class_table(const ScoreRecord& record);
[[nodiscard]] std::string score_csv(const ScoreRecord& record);  // one line per class
[[nodiscard]] Renderers renderers_of(const ScoreRecord& record, bool per_class);

}  // namespace qyolo::results
