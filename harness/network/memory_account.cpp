#include "harness/network/memory_account.h"

#include <functional>
#include <vector>

#include "harness/network/quantize_network.h"

namespace qyolo::harness {
namespace {

std::int64_t size_of(const model::BatchNorm& norm) {
  return static_cast<std::int64_t>(norm.gamma.size() + norm.beta.size() + norm.mean.size() +
                                   norm.variance.size());
}

// Values beside the conv weights.
std::int64_t other_values(const model::UnfusedConv& conv) {
  std::size_t values = conv.implicit_add.size() + conv.implicit_multiply.size();
  std::int64_t norms = conv.identity ? size_of(*conv.identity) : 0;
  for (const model::StoredTensors* stored :
       {&conv.dense, conv.pointwise ? &*conv.pointwise : nullptr}) {
    if (stored == nullptr) continue;
    values += stored->bias.size();
    if (stored->norm) norms += size_of(*stored->norm);
  }
  return static_cast<std::int64_t>(values) + norms;
}

// The weight tensors of the layout that the cell quantizes, and how many other values it has.
struct Layout {
  std::vector<metrics::LayerStorage> layers;
  std::int64_t others = 0;
};

using StorageOf = std::function<metrics::LayerStorage(const quant::LayerTraits&)>;

Layout folded_layout(const model::Graph& graph, const StorageOf& storage) {
  Layout layout;
  for (const int index : graph.conv_nodes())
    layout.layers.push_back(storage(traits_of(graph.conv(index))));
  layout.others = graph.biases();
  return layout;
}

Layout stored_layout(const model::Graph& graph, const std::vector<model::UnfusedConv>& convs,
                     const StorageOf& storage) {
  Layout layout;
  const std::vector<int> nodes = graph.conv_nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const StoredTraits traits = stored_traits(graph.conv(nodes[i]), convs[i]);
    layout.layers.push_back(storage(traits.dense));
    if (traits.pointwise) layout.layers.push_back(storage(*traits.pointwise));
    layout.others += other_values(convs[i]);
  }
  return layout;
}

}  // namespace

metrics::LayerStorage storage_of(const Cell& cell, const quant::LayerTraits& layer) {
  metrics::LayerStorage stored;
  stored.weights = layer.shape.size();
  const quant::Recipe* recipe = cell.baseline ? nullptr : cell.recipe_for(layer);
  if (recipe == nullptr) {
    stored.float_bits = cell.baseline ? 32 : cell.network.kept_bits;
    return stored;
  }
  const quant::SchemeStorage storage = recipe->scheme->storage(recipe->options);
  stored.bits = recipe->options.bits;
  stored.groups = recipe->granularity.group_count(layer.shape);
  stored.scales_per_group = storage.scales + storage.codebook;
  stored.tensor_scales = storage.tensor_scales;
  stored.zero_points_per_group = storage.zero_points;
  stored.breakpoints_per_group = storage.breakpoints;
  stored.scale_bits = storage.scale_bits;
  stored.zero_point_bits = storage.zero_point_bits;
  stored.region_bits = storage.region_bits;
  stored.correction_bits = quant::storage_bits(*recipe, layer.shape).corrections;
  return stored;
}

Result<metrics::MemoryReport> account(SourceNetwork& source, const Cell& asked) {
  const model::Graph& graph = source.graph();
  QYOLO_CHECK_OK(source.check(asked));
  const Cell cell = source.resolve(asked);
  QYOLO_CHECK_OK(check_rules(graph, cell));
  std::vector<metrics::LayerStorage> stored;
  for (const auto& conv : graph.stored_convs)
    stored.push_back(storage_of(cell, traits_of(graph, conv)));
  const auto storage = [&](const quant::LayerTraits& layer) {
    metrics::LayerStorage found = storage_of(cell, layer);
    if (const Artifact* artifact = source.artifact()) {
      const auto coded = artifact->region_bytes.find(layer.name);
      if (coded != artifact->region_bytes.end()) found.coded_region_bytes = coded->second;
    }
    return found;
  };
  Layout layout;
  if (cell.baseline || cell.network.fold) {
    layout = folded_layout(graph, storage);
  } else {
    QYOLO_TRY(const auto* unfused, source.unfused());
    layout = stored_layout(graph, *unfused, storage);
  }
  return metrics::account_memory(layout.layers, layout.others, stored, graph.stored_values,
                                 cell.baseline ? 32 : cell.network.kept_bits);
}

}  // namespace qyolo::harness
