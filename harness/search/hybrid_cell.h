// A recipe for each layer as a cell that `run`, `eval` and `quantize` take: the commonest recipe
// for the network, and a rule for each other one.
#pragma once

#include <optional>
#include <vector>

#include "common/result.h"
#include "harness/cell/cell.h"
#include "harness/model/graph.h"

namespace qyolo::harness {

// `recipes`: one per graph.conv_nodes(); none: kept in floating point. Fails where nothing is
// quantized. Layers with one recipe share a rule, whose name pattern lists them.
Result<Cell> hybrid_cell(const model::Graph& graph,
                         const std::vector<std::optional<quant::Recipe>>& recipes);

}  // namespace qyolo::harness
