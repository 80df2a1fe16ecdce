// Runs a graph. The interface is plain C++; executor_torch.cpp is the LibTorch reference behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/model/graph.h"

namespace qyolo::model {

// Raw output of one head level for a whole batch: [batch, anchors * (5 + classes), ny, nx].
struct HeadOutput {
  int batch = 0, channels = 0, height = 0, width = 0;
  std::vector<float> values;
};

// Not thread-safe: one forward at a time per executor.
class Executor {
 public:
  virtual ~Executor() = default;
  // rgb: [batch, 3, height, width], 0..255; height and width multiples of the graph's largest
  // stride.
  virtual Result<std::vector<HeadOutput>> forward(std::span<const std::uint8_t> rgb, int batch,
                                                  int height, int width) = 0;
  // The same from floats 0..1, for tests against reference outputs.
  virtual Result<std::vector<HeadOutput>> forward(std::span<const float> input, int batch,
                                                  int height, int width) = 0;
  // Replaces a convolution's weights. REQUIRES: `node` is the index of a ConvNode in graph.nodes,
  // and `weights` has the size and layout of its weight.
  virtual void set_weights(int node, std::span<const float> weights) = 0;
  // Likewise its bias.
  virtual void set_bias(int node, std::span<const float> bias) = 0;
  // For people: "LibTorch 2.15.0, FP32, 2 threads".
  [[nodiscard]] virtual std::string description() const = 0;
  // The arithmetic that decides the numbers: part of a cell's key.
  [[nodiscard]] virtual std::string identity() const { return "fp32"; }
};

// Copies the weights out of the graph. threads 0: all the host offers. LibTorch has one setting for
// the whole process, so the executor made last sets the threads of all.
Result<std::unique_ptr<Executor>> make_torch_executor(const Graph& graph, int threads = 0);

// "LibTorch 2.15.0 (oneDNN 3.x)": for the manifest.
[[nodiscard]] std::string torch_version();

}  // namespace qyolo::model
