#include "harness/network/rounded_networks.h"

#include <algorithm>
#include <utility>

namespace qyolo::harness {
namespace {

std::int64_t bytes_of(const QuantizedNetwork& network) {
  std::size_t bytes = 0;
  for (const QuantizedLayer& layer : network.layers) {
    bytes += layer.weights.size() * sizeof(float);
    if (!layer.tensor) continue;
    bytes += layer.tensor->codes.size() * sizeof(layer.tensor->codes[0]) +
             layer.tensor->regions.size() +
             layer.tensor->parameters.size() * sizeof(layer.tensor->parameters[0]);
  }
  return static_cast<std::int64_t>(bytes);
}

}  // namespace

std::shared_ptr<const QuantizedNetwork> RoundedNetworks::find(const Cell& cell) const {
  const auto found = std::ranges::find(entries_, cell.as_json().dump(), &Entry::cell);
  return found == entries_.end() ? nullptr : found->network;
}

void RoundedNetworks::add(const Cell& cell, std::shared_ptr<const QuantizedNetwork> network) {
  const std::int64_t bytes = bytes_of(*network);
  entries_.push_back({cell.as_json().dump(), bytes, std::move(network)});
  bytes_ += bytes;
  while (bytes_ > most_bytes_ && entries_.size() > 1) {
    bytes_ -= entries_.front().bytes;
    entries_.pop_front();
  }
}

}  // namespace qyolo::harness
