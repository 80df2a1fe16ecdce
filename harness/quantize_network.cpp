#include "harness/quantize_network.h"

#include <variant>

#include "harness/memory_account.h"

namespace qyolo::harness {

Result<std::vector<LayerError>> load_weights(const model::Graph& graph, const Cell& cell,
                                             model::Executor& executor, int threads) {
  std::vector<LayerError> errors;
  std::vector<float> reconstructed;
  for (const int index : graph.conv_nodes()) {
    const auto& conv = std::get<model::ConvNode>(graph.nodes[static_cast<std::size_t>(index)].op);
    if (cell.baseline) {
      executor.set_weights(index, conv.weight);
      continue;
    }
    const quant::Shape shape = shape_of(conv);
    auto tensor = quant::quantize(conv.weight, shape, cell.recipe, threads);
    if (!tensor.ok()) return error("{}: {}", conv.name, tensor.error().message);
    reconstructed.resize(conv.weight.size());
    quant::dequantize(*tensor, reconstructed, threads);
    executor.set_weights(index, reconstructed);
    errors.push_back({conv.name, shape, static_cast<std::int64_t>(tensor->parameters.size()),
                      quant::weight_error(conv.weight, reconstructed)});
  }
  return errors;
}

}  // namespace qyolo::harness
