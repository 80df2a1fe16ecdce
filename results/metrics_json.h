// What metrics found, as records and results of single commands have it.
#pragma once

#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/ids.h"
#include "common/json.h"
#include "metrics/coco_map.h"
#include "metrics/memory.h"

namespace qyolo::results {

[[nodiscard]] OrderedJson metrics_json(const metrics::CocoEvaluation& evaluation);
// The category name of each of evaluation.category_ids.
[[nodiscard]] std::vector<std::string> class_names(const metrics::CocoEvaluation& evaluation,
                                                   const std::vector<Category>& categories);
[[nodiscard]] OrderedJson per_class_json(const metrics::CocoEvaluation& evaluation,
                                         const IdNames& ids, const std::vector<std::string>& names);
[[nodiscard]] OrderedJson memory_json(const metrics::MemoryReport& memory);

// Null for -1, which stands for: no ground truth in these cells.
[[nodiscard]] OrderedJson defined(double value);

// Null where the weights are exact, which is an infinite ratio.
[[nodiscard]] OrderedJson sqnr_json(double sqnr_db);

}  // namespace qyolo::results
