// What metrics found, as records and results of single commands have it.
#pragma once

#include <cstdint>
#include <optional>
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
// `coded_bytes`: all of it with the regions entropy-coded, where there are any.
[[nodiscard]] OrderedJson memory_json(const metrics::MemoryReport& memory,
                                      std::optional<std::int64_t> coded_bytes = std::nullopt);

// Null for -1, which stands for: no ground truth in these cells.
[[nodiscard]] OrderedJson defined(double value);

// Null where the weights are exact, which is an infinite ratio.
[[nodiscard]] OrderedJson sqnr_json(double sqnr_db);

}  // namespace qyolo::results
