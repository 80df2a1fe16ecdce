// A recipe for each layer as a cell that `run`, `eval` and `quantize` take: the commonest recipe
// for the network, and a rule for each other one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/cell/cell.h"
#include "harness/evaluate/evaluation.h"
#include "harness/model/graph.h"

namespace qyolo::harness {

// `recipes`: one per graph.conv_nodes(); none: kept in floating point. Fails where nothing is
// quantized. Layers with one recipe share a rule, whose name pattern lists them.
Result<Cell> hybrid_cell(const model::Graph& graph,
                         const std::vector<std::optional<quant::Recipe>>& recipes);

// An experiment with these cells, as a file; paths are written relative to its folder.
[[nodiscard]] OrderedJson experiment_json(const std::string& name, const std::string& description,
                                          const EvaluatorConfig& config, double tolerance_points,
                                          const std::vector<Cell>& cells,
                                          const std::filesystem::path& folder);

}  // namespace qyolo::harness
