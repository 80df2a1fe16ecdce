// A cell's measurements as records (the layout is in results/record.h).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/evaluate/evaluation.h"

namespace qyolo::harness {

[[nodiscard]] OrderedJson accuracy_record(const std::string& key, const Cell& cell,
                                          const Evaluator& evaluator, const CellResult& result);
[[nodiscard]] OrderedJson latency_record(const std::string& key, const Cell& cell,
                                         const Evaluator& evaluator,
                                         std::span<const double> milliseconds);
[[nodiscard]] OrderedJson failed_record(const std::string& kind, const std::string& key,
                                        const Cell& cell, const Error& failure);

}  // namespace qyolo::harness
