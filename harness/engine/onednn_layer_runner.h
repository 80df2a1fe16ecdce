// layer_runner.h on oneDNN.
#pragma once

#include <memory>

#include "common/result.h"
#include "harness/engine/context.h"
#include "harness/engine/layer_runner.h"
#include "harness/model/graph.h"

namespace qyolo::engine {

// Of FP32. `graph` (its weights are not looked at) must outlive it.
[[nodiscard]] std::unique_ptr<model::LayerRunner> make_layer_runner(const model::Graph& graph,
                                                                    KernelChoice kernels,
                                                                    const MatrixKernel& kernel,
                                                                    int threads);

}  // namespace qyolo::engine
