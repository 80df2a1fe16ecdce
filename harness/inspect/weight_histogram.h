// The weights of one layer, or of one group of it, beside the grid that a cell's scheme lays over
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/json.h"
#include "common/result.h"
#include "harness/cell/experiment.h"
#include "harness/model/graph.h"
#include "plots/charts.h"

namespace qyolo::harness {

// `group` is an index of the cell's granularity; without one, the first of the largest groups. The
// baseline has no groups and no grid. Under bias correction the grid and the error are those before
// the correction, which moves it filter by filter.
// Fails, naming what is there, where the graph has no such layer or the layer no such group, and
// where the scheme cannot take the weights.
Result<plots::WeightHistogram> weight_histogram(const model::Graph& graph, const Cell& cell,
                                                const std::string& layer,
                                                std::optional<std::int64_t> group = std::nullopt);

}  // namespace qyolo::harness
