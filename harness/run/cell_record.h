// What was measured of a cell, as results/cell_record.h writes it.
#pragma once

#include <span>
#include <string>

#include "harness/evaluate/evaluation.h"
#include "results/cell_record.h"

namespace qyolo::harness {

// As the cell writes itself, with the label of what runs (results/label.h).
[[nodiscard]] OrderedJson cell_json(const Cell& cell, const Evaluator& evaluator);
[[nodiscard]] results::CellIdentity identity_of(const std::string& key, const Cell& cell,
                                                const Evaluator& evaluator);
[[nodiscard]] results::AccuracyRecord accuracy_record(const std::string& key, const Cell& cell,
                                                      const Evaluator& evaluator,
                                                      const CellResult& result);
[[nodiscard]] results::LatencyRecord latency_record(const std::string& key, const Cell& cell,
                                                    const Evaluator& evaluator,
                                                    std::span<const double> milliseconds);

}  // namespace qyolo::harness
