#include "harness/artifact/dequantized.h"

#include <utility>

#include "harness/model/checkpoint_writer.h"

namespace qyolo::harness {

Status write_dequantized(const std::filesystem::path& original, const std::filesystem::path& out,
                         const model::Graph& graph, const QuantizedNetwork& network,
                         std::string_view cell) {
  if (!network.unfused.empty()) {
    model::StoredWeights weights;
    for (const QuantizedLayer& layer : network.layers) weights[layer.traits.name] = layer.weights;
    return model::write_dequantized_checkpoint(original, out, weights, cell);
  }
  model::Graph quantized = graph;
  const std::vector<int> nodes = graph.conv_nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    model::ConvNode& conv = quantized.conv(nodes[i]);
    conv.weight.assign(network.weight(i).begin(), network.weight(i).end());
    conv.bias = network.convs[i].bias;
  }
  return model::write_dequantized_checkpoint(original, out, quantized, cell);
}

}  // namespace qyolo::harness
