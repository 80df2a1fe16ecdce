// The search of a proof of concept: how to quantize each layer, and the best recipe for all
// (search/recommend.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/poc/poc.h"

namespace qyolo::harness {

struct SearchedCell {
  Json block;  // as read_cell() takes it
  std::optional<report::Confirmation> confirmation;
};

// The hybrid and the uniform cell that it finds to lose at most `allowed` (a fraction of AP); those
// of them that it finds. They are kept in the run folder (search.json) and taken from there where
// the same is asked for again. REQUIRES: a calibration set.
Result<std::vector<SearchedCell>> searched_cells(const PocOptions& options,
                                                 const ExecutorFactory& factory, double allowed,
                                                 const Evaluator& evaluator, RunListener& listener);

// How many recipes a cell's layers have, floating point among them.
[[nodiscard]] std::size_t recipes_of(const Cell& cell);

}  // namespace qyolo::harness
