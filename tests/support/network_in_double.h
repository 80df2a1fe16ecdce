// A network step by step in double precision, as plainly as it can be written: what engines are
// compared with where LibTorch is not at hand, and what tells an engine's error from the
// reference's own.
#pragma once

#include <span>
#include <vector>

#include "harness/model/graph.h"

namespace qyolo::testing {

// The head's raw outputs by level, [batch, channels, height, width]. Input: [batch, 3, height,
// width]. REQUIRES: the sizes fit the graph (infer_shapes()).
std::vector<std::vector<double>> run_in_double(const model::Graph& graph,
                                               std::span<const float> input, int batch, int height,
                                               int width);

}  // namespace qyolo::testing
