#include "harness/memory_account.h"

#include <variant>
#include <vector>

namespace qyolo::harness {

quant::Shape shape_of(const model::ConvNode& conv) {
  return {conv.filters, conv.channels / conv.groups, conv.kernel_h, conv.kernel_w};
}

metrics::LayerStorage storage_of(const Cell& cell, const quant::Shape& shape) {
  metrics::LayerStorage layer;
  layer.weights = shape.size();
  if (cell.baseline) {
    layer.float_bits = 32;
    return layer;
  }
  const quant::SchemeStorage storage = cell.recipe.scheme->storage(cell.recipe.options);
  layer.bits = cell.recipe.options.bits;
  layer.groups = cell.recipe.granularity.group_count(shape);
  layer.scales_per_group = storage.scales;
  layer.zero_points_per_group = storage.zero_points;
  layer.breakpoints_per_group = storage.breakpoints;
  layer.scale_bits = storage.scale_bits;
  layer.zero_point_bits = storage.zero_point_bits;
  layer.region_bits = storage.region_bits;
  layer.correction_bits = quant::storage_bits(cell.recipe, shape).corrections;
  return layer;
}

metrics::MemoryReport account(const model::Graph& graph, const Cell& cell) {
  std::vector<metrics::LayerStorage> fused;
  for (const int index : graph.conv_nodes()) {
    fused.push_back(storage_of(cell, shape_of(std::get<model::ConvNode>(
                                         graph.nodes[static_cast<std::size_t>(index)].op))));
  }
  std::vector<metrics::LayerStorage> stored;
  for (const auto& conv : graph.stored_convs)
    stored.push_back(storage_of(cell, {conv.n, conv.c, conv.kh, conv.kw}));
  return metrics::account_memory(fused, graph.biases(), stored, graph.stored_values,
                                 cell.baseline ? 32 : 16);
}

}  // namespace qyolo::harness
