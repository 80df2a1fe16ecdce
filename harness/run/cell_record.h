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
// The same without what images decide (detections, metrics, certainty): of `result` the network.
[[nodiscard]] results::AccuracyRecord network_record(const std::string& key, const Cell& cell,
                                                     const Evaluator& evaluator,
                                                     const CellResult& result);
[[nodiscard]] results::CertaintyRecord certainty_record(const HeadCertainty& certainty);
[[nodiscard]] results::SecondsRecord seconds_record(const StageSeconds& seconds);
[[nodiscard]] results::LatencyRecord latency_record(const std::string& key, const Cell& cell,
                                                    const Evaluator& evaluator,
                                                    std::span<const double> milliseconds);

}  // namespace qyolo::harness
