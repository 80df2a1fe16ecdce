// The search of a proof of concept: how to quantize each layer, and the best recipe for all
// (search/recommend.h).
#pragma once

#include <cstddef>

#include "common/result.h"
#include "harness/poc/poc.h"
#include "results/recommendation_record.h"

namespace qyolo::harness {

// Looks for the hybrid and the uniform cell that lose at most `allowed` (a fraction of AP). What it
// finds is kept in the run folder (search.json) and taken from there where the same is asked for
// again. REQUIRES: a calibration set.
Result<results::RecommendationRecord> searched(const PocOptions& options,
                                               const ExecutorFactory& factory, double allowed,
                                               const Evaluator& evaluator, RunListener& listener);

// How many recipes a cell's layers have, floating point among them.
[[nodiscard]] std::size_t recipes_of(const Cell& cell);

}  // namespace qyolo::harness
