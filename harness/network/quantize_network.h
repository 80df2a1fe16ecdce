// Quantizes a network as a cell says: which tensors there are, how each is encoded, and the network
// that comes out.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/artifact/quantized_network.h"
#include "harness/cell/cell.h"
#include "harness/engine/executor.h"
#include "harness/model/graph.h"
#include "harness/network/source_network.h"
#include "harness/quant/filter_rounding.h"
#include "harness/quant/input_moments.h"
#include "harness/quant/quantize.h"

namespace qyolo::harness {

// Fails on a rule that fits no weight tensor of the network: it would silently do nothing. (Whether
// groups are small enough for it is not looked at.)
Status check_rules(const model::Graph& graph, const Cell& cell);

// An error names the layer. REQUIRES: not the baseline.
Result<QuantizedNetwork> quantize_network(SourceNetwork& source, const Cell& cell, int threads);

// One convolution of the folded network; without a recipe it is kept, in the width that
// NetworkOptions::kept_bits says. The bias is rounded to that in any case.
struct QuantizedConv {
  QuantizedLayer layer;
  std::vector<float> bias;
};
// `inputs`: for a recipe that needs them (quant/calibrated.h), and what is made of them, for who
// quantizes a convolution more than once; the bias then also takes up what the
// weights' errors change the outputs by on average.
Result<QuantizedConv> quantize_conv(const model::ConvNode& conv, const quant::Recipe* recipe,
                                    int kept_bits, int threads,
                                    std::span<const quant::InputMoments> inputs = {},
                                    std::span<const quant::RoundingOrder> orders = {});

// Names of the graph's convolutions that compute in floating point where activations are quantized:
// those that a rule keeps, or quantizes the weights only of (in the unfused layout: all of whose
// stored tensors). With floating-point weights likewise. REQUIRES: cell.activations.
Result<std::set<std::string>> floating_convolutions(SourceNetwork& source, const Cell& cell);

struct LayerError {
  std::string name;
  quant::Shape shape;
  std::int64_t groups = 0;  // 0: kept in floating point
  std::string recipe;       // "affine 4-bit filter", "kept"
  quant::WeightError error;
  // Of its regions, entropy-coded; of piecewise-linear tensors, where it was asked for.
  std::optional<std::int64_t> coded_region_bytes{};
};

enum class RegionSizes { kRaw, kCoded };

// Of one tensor; kCoded packs its regions on one thread.
[[nodiscard]] LayerError layer_error(const QuantizedLayer& layer,
                                     RegionSizes regions = RegionSizes::kRaw);

// Gives the executor the network that the cell makes. One entry per weight tensor; none for the
// baseline and for artifacts, whose network is that of the graph. kCoded also entropy-codes the
// regions, to know what they take: seconds for a large network.
Result<std::vector<LayerError>> load_weights(SourceNetwork& source, const Cell& cell,
                                             model::Executor& executor, int threads,
                                             RegionSizes regions = RegionSizes::kRaw);

}  // namespace qyolo::harness
