// Runs a graph one node after the other, each on many images before the next: for those who need
// the inputs of a layer before they know its weights. What is in memory is up to the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/result.h"

namespace qyolo::model {

// The output of a node for the images of one batch: [batch, height, width, channels].
struct LayerMap {
  std::span<const float> values;
  int batch = 0, height = 0, width = 0, channels = 0;
};

// Not thread-safe. Batches may differ in size.
class LayerRunner {
 public:
  virtual ~LayerRunner() = default;
  // Adds images as the network's input: [batch, 3, height, width], 0..255, sizes as
  // Executor::forward() takes them. REQUIRES: before any run().
  virtual Status add_batch(std::span<const std::uint8_t> rgb, int batch, int height, int width) = 0;
  [[nodiscard]] virtual std::size_t batches() const = 0;
  // Computes the outputs of a node. Of a convolution with these weights and biases; else they are
  // not looked at. REQUIRES: its inputs have been run, and not released.
  virtual Status run(int node, std::span<const float> weights, std::span<const float> bias) = 0;
  // REQUIRES: a node that has been run, and not released, or kNetworkInput. Valid until it is.
  [[nodiscard]] virtual LayerMap map(int node, std::size_t batch) const = 0;
  // Frees a node's outputs.
  virtual void release(int node) = 0;
};

}  // namespace qyolo::model
