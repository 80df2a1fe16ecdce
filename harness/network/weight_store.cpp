#include "harness/network/weight_store.h"

#include <algorithm>
#include <utility>

namespace qyolo::harness {
namespace {

bool same(const std::optional<quant::Recipe>& held, const quant::Recipe* asked) {
  if (!held || asked == nullptr) return !held && asked == nullptr;
  return held->scheme == asked->scheme && held->options == asked->options &&
         held->granularity.name() == asked->granularity.name();
}

}  // namespace

WeightStore::WeightStore(SourceNetwork& source, int threads)
    : source_(source),
      threads_(threads),
      nodes_(source.graph().conv_nodes()),
      entries_(nodes_.size()),
      unfolded_(nodes_.size()),
      originals_(nodes_.size()) {}

SharedConv WeightStore::hold(std::vector<float> weight, std::vector<float> bias) {
  bytes_ += static_cast<std::int64_t>((weight.size() + bias.size()) * sizeof(float));
  return std::make_shared<const ConvWeights>(ConvWeights{std::move(weight), std::move(bias)});
}

SharedConv WeightStore::original(std::size_t index) {
  if (!originals_[index]) {
    const model::ConvNode& conv = source_.graph().conv(nodes_[index]);
    originals_[index] = hold(conv.weight, conv.bias);
  }
  return originals_[index];
}

std::vector<SharedConv> WeightStore::originals() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) original(i);
  return originals_;
}

Result<WeightStore::Made> WeightStore::conv(std::size_t index, const quant::Recipe* recipe,
                                            int kept_bits, RegionSizes regions) {
  const bool coded = regions == RegionSizes::kCoded;
  std::vector<Entry>& entries = entries_[index];
  const auto found = std::ranges::find_if(entries, [&](const Entry& entry) {
    return entry.kept_bits == kept_bits && same(entry.recipe, recipe) && (entry.coded || !coded);
  });
  if (found != entries.end()) return found->made;
  const model::ConvNode& conv = source_.graph().conv(nodes_[index]);
  QYOLO_TRY(QuantizedConv quantized, quantize_conv(conv, recipe, kept_bits, threads_));
  Entry entry;
  if (recipe != nullptr) entry.recipe = *recipe;
  entry.kept_bits = kept_bits;
  entry.coded = coded;
  entry.made.error = layer_error(quantized.layer, regions);
  entry.made.weights = hold(std::move(quantized.layer.weights), std::move(quantized.bias));
  entries.push_back(std::move(entry));
  return entries.back().made;
}

Result<CellNetwork> WeightStore::network(const Cell& cell, RegionSizes regions) {
  QYOLO_CHECK_OK(source_.check(cell));
  CellNetwork network;
  if (cell.baseline || source_.artifact() != nullptr) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) network.convs.push_back(original(i));
    return network;
  }
  if (cell.network.fold && !cell.rounds_by_inputs()) {
    QYOLO_CHECK_OK(check_rules(source_.graph(), cell));
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const quant::Recipe* recipe = cell.recipe_for(traits_of(source_.graph().conv(nodes_[i])));
      QYOLO_TRY(Made made, conv(i, recipe, cell.network.kept_bits, regions));
      network.convs.push_back(std::move(made.weights));
      network.layers.push_back(std::move(made.error));
    }
    return network;
  }
  QYOLO_TRY(QuantizedNetwork quantized, quantize_network(source_, cell, threads_));
  for (const QuantizedLayer& layer : quantized.layers)
    network.layers.push_back(layer_error(layer, regions));
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    QuantizedNetwork::Conv& made = quantized.convs[i];
    if (quantized.unfused.empty()) made.weight = std::move(quantized.layers[i].weights);
    const auto found = std::ranges::find_if(unfolded_[i], [&](const SharedConv& held) {
      return held->weight == made.weight && held->bias == made.bias;
    });
    if (found == unfolded_[i].end()) {
      unfolded_[i].push_back(hold(std::move(made.weight), std::move(made.bias)));
      network.convs.push_back(unfolded_[i].back());
    } else {
      network.convs.push_back(*found);
    }
  }
  return network;
}

}  // namespace qyolo::harness
