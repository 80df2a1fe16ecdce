// A quantized network as a checkpoint that official tools load: simulated, in floating point.
#pragma once

#include <filesystem>
#include <string_view>

#include "common/result.h"
#include "harness/artifact/quantized_network.h"
#include "harness/model/graph.h"

namespace qyolo::harness {

// The checkpoint at `original` with the network's reconstructed weights in place of its own,
// rounded to the type that it stores (see model/checkpoint_writer.h). `network` is what a cell made
// of `graph`, which is that checkpoint's, and `cell` its label, which the file bears. In the
// unfused layout only the conv weights change.
Status write_dequantized(const std::filesystem::path& original, const std::filesystem::path& out,
                         const model::Graph& graph, const QuantizedNetwork& network,
                         std::string_view cell);

}  // namespace qyolo::harness
