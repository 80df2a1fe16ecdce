// A quantized network as data: each weight tensor with its codes and its reconstruction, and what
// runs. Made by quantize_network(), written by write_artifact() and write_dequantized().
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "harness/model/graph.h"
#include "harness/model/unfused.h"
#include "harness/quant/quantize.h"
#include "harness/quant/rules.h"

namespace qyolo::harness {

// What rules are matched against, of a convolution as it runs and of one as it is stored.
[[nodiscard]] quant::LayerTraits traits_of(const model::ConvNode& conv);
[[nodiscard]] quant::LayerTraits traits_of(const model::Graph& graph,
                                           const model::Graph::StoredConv& conv);

// The weight tensors of a convolution in the unfused layout, in the order of
// QuantizedNetwork::layers.
struct StoredTraits {
  quant::LayerTraits dense;
  std::optional<quant::LayerTraits> pointwise;
};
[[nodiscard]] StoredTraits stored_traits(const model::ConvNode& node,
                                         const model::UnfusedConv& unfused);

// One weight tensor: of a convolution, or in the unfused layout of a stored one.
struct QuantizedLayer {
  quant::LayerTraits traits;
  std::optional<quant::QuantizedTensor> tensor;  // nullopt: a rule keeps it
  std::vector<float> weights;                    // as evaluated
  quant::WeightError error;                      // 0 of a kept one
};

struct QuantizedNetwork {
  std::vector<QuantizedLayer> layers;
  // What runs, one per graph.conv_nodes(). Without `unfused`, the weights are those of `layers`
  // (and empty here).
  struct Conv {
    std::vector<float> weight, bias;
  };
  std::vector<Conv> convs;
  // Unfused layout only, one per graph.conv_nodes(): what is folded, as stored beside the codes
  // (norms rounded to NetworkOptions::kept_bits), without the conv weights, which are those of
  // `layers`: for each, the dense one, then the pointwise one if there is one.
  std::vector<model::UnfusedConv> unfused;

  [[nodiscard]] std::span<const float> weight(std::size_t conv) const {
    return unfused.empty() ? layers[conv].weights : convs[conv].weight;
  }
};

}  // namespace qyolo::harness
