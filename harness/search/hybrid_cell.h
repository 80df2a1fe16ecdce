// A recipe for each layer as a cell that `run`, `eval` and `quantize` take: the commonest recipe
// for the network, and a rule for each other one.
#pragma once

#include <optional>
#include <vector>

#include "common/result.h"
#include "harness/cell/cell.h"
#include "harness/model/graph.h"

namespace qyolo::harness {

struct LayerChoice {
  std::optional<quant::Recipe> recipe;  // none: kept in floating point
  bool integers = false;                // computed on codes of 8 bits, weights and inputs
};

// `layers`: one per graph.conv_nodes(). Where some compute in integers, activations are quantized,
// and the others' weights only. Fails where nothing is quantized. Layers of one choice share a
// rule, whose name pattern lists them.
Result<Cell> hybrid_cell(const model::Graph& graph, const std::vector<LayerChoice>& layers);

}  // namespace qyolo::harness
