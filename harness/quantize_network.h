// Quantizes every convolution of a network as a cell says, and gives the executor the reconstructed
// weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/experiment.h"
#include "harness/model/executor.h"
#include "harness/model/graph.h"
#include "harness/quant/quantize.h"

namespace qyolo::harness {

struct LayerError {
  std::string name;
  quant::Shape shape;
  std::int64_t groups = 0;
  quant::WeightError error;
};

// One entry per quantized layer; none for the baseline, whose weights are those of the graph. An
// error names the layer.
Result<std::vector<LayerError>> load_weights(const model::Graph& graph, const Cell& cell,
                                             model::Executor& executor, int threads);

}  // namespace qyolo::harness
