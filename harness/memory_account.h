// A network's memory under a cell, before anything is quantized: only shapes and group counts
// matter.
#pragma once

#include "harness/experiment.h"
#include "harness/model/graph.h"
#include "metrics/memory.h"

namespace qyolo::harness {

[[nodiscard]] quant::Shape shape_of(const model::ConvNode& conv);
[[nodiscard]] metrics::LayerStorage storage_of(const Cell& cell, const quant::Shape& shape);
[[nodiscard]] metrics::MemoryReport account(const model::Graph& graph, const Cell& cell);

}  // namespace qyolo::harness
