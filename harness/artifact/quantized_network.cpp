#include "harness/artifact/quantized_network.h"

#include <algorithm>

namespace qyolo::harness {

quant::LayerTraits traits_of(const model::ConvNode& conv) {
  return {conv.name,
          conv.layer_type,
          conv.layer_index,
          {conv.filters, conv.channels / conv.groups, conv.kernel_h, conv.kernel_w},
          conv.head};
}

quant::LayerTraits traits_of(const model::Graph& graph, const model::Graph::StoredConv& conv) {
  // A head's convolutions have one name in both layouts.
  const bool head = std::ranges::any_of(graph.head, [&](const model::HeadLevel& level) {
    return graph.conv(level.node).name == conv.name;
  });
  return {conv.name, conv.layer_type, conv.layer_index, {conv.n, conv.c, conv.kh, conv.kw}, head};
}

StoredTraits stored_traits(const model::ConvNode& node, const model::UnfusedConv& unfused) {
  StoredTraits traits{traits_of(node), std::nullopt};
  traits.dense.name = unfused.dense.name;
  if (unfused.pointwise) {
    quant::LayerTraits& pointwise = traits.pointwise.emplace(traits.dense);
    pointwise.name = unfused.pointwise->name;
    pointwise.shape.kh = pointwise.shape.kw = 1;
  }
  return traits;
}

}  // namespace qyolo::harness
