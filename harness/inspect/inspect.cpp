#include "harness/inspect/inspect.h"

#include <algorithm>
#include <cmath>

#include "harness/network/memory_account.h"
#include "results/metrics_json.h"

namespace qyolo::harness {
namespace {

results::InspectedLayer layer_record(const model::ConvNode& conv, const Cell& cell) {
  const quant::LayerTraits traits = traits_of(conv);
  const quant::Shape& shape = traits.shape;
  const metrics::LayerStorage storage = storage_of(cell, traits);
  const quant::Recipe* recipe = cell.baseline ? nullptr : cell.recipe_for(traits);
  const metrics::MemoryReport memory = metrics::account_memory({&storage, 1}, 0, {}, 0);
  const auto [low, high] = std::minmax_element(conv.weight.begin(), conv.weight.end());
  double sum = 0;
  double squares = 0;
  for (const float w : conv.weight) sum += static_cast<double>(w);
  const double mean = sum / static_cast<double>(conv.weight.size());
  for (const float w : conv.weight)
    squares += (static_cast<double>(w) - mean) * (static_cast<double>(w) - mean);
  return {conv.name,
          conv.layer_type,
          conv.layer_index,
          {shape.n, shape.c, shape.kh, shape.kw},
          conv.head,
          shape.size(),
          storage.groups,
          recipe != nullptr ? recipe->text() : "kept",
          recipe != nullptr ? storage.bits : storage.float_bits,
          memory.true_bytes(),
          static_cast<double>(*low),
          static_cast<double>(*high),
          std::sqrt(squares / static_cast<double>(conv.weight.size()))};
}

}  // namespace

Result<results::Inspection> inspect(SourceNetwork& source, const Cell& cell) {
  const model::Graph& graph = source.graph();
  QYOLO_TRY(const metrics::MemoryReport memory, account(source, cell));
  results::Inspection found;
  found.head = graph.head_type;
  found.source = graph.source;
  found.classes = graph.class_names;
  for (const model::HeadLevel& level : graph.head) {
    found.strides.push_back(level.stride);
    found.anchors.emplace_back(level.anchors);
  }
  if (const Artifact* artifact = source.artifact()) {
    found.artifact =
        results::InspectedArtifact{static_cast<std::int64_t>(artifact->sizes.header),
                                   static_cast<std::int64_t>(artifact->sizes.data),
                                   std::string(quant::region_coding_name(artifact->regions)),
                                   artifact->checkpoint_sha256, artifact->qyolo_version};
  }
  found.convolutions = static_cast<std::int64_t>(graph.conv_nodes().size());
  found.weights = graph.conv_weights();
  found.biases = graph.biases();
  found.stored_values = graph.stored_values;
  found.stored_conv_weights = graph.stored_conv_weights;
  found.cell = cell.as_json();
  found.cell_label = cell.label();
  found.memory = results::memory_json(memory);
  for (const int index : graph.conv_nodes())
    found.layers.push_back(layer_record(graph.conv(index), cell));
  return found;
}

}  // namespace qyolo::harness
