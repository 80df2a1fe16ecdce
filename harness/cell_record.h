// A cell's measurements as records (the layout is in results/record.h).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/evaluation.h"

namespace qyolo::harness {

[[nodiscard]] OrderedJson accuracy_record(const std::string& key, const Cell& cell,
                                          const Evaluator& evaluator, const CellResult& result);
[[nodiscard]] OrderedJson latency_record(const std::string& key, const Cell& cell,
                                         const Evaluator& evaluator,
                                         std::span<const double> milliseconds);
[[nodiscard]] OrderedJson failed_record(const std::string& kind, const std::string& key,
                                        const Cell& cell, const Error& failure);

// The parts of an accuracy record, for `eval` and `score`.
[[nodiscard]] OrderedJson metrics_json(const metrics::CocoEvaluation& evaluation);
// The category name of each of evaluation.category_ids.
[[nodiscard]] std::vector<std::string> class_names(const metrics::CocoEvaluation& evaluation,
                                                   const std::vector<Category>& categories);
[[nodiscard]] OrderedJson per_class_json(const metrics::CocoEvaluation& evaluation,
                                         const IdNames& ids, const std::vector<std::string>& names);
[[nodiscard]] OrderedJson memory_json(const metrics::MemoryReport& memory);
// Null for -1, which stands for: no ground truth in these cells.
[[nodiscard]] OrderedJson defined(double value);
// Null where the weights are exact.
[[nodiscard]] OrderedJson sqnr_json(const quant::WeightError& error);

}  // namespace qyolo::harness
