// Runs a graph. The interface is plain C++; torch_executor.h is the LibTorch reference behind it,
// engine.h the fast one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/engine/fake_quantize.h"
#include "harness/engine/layer_runner.h"
#include "harness/model/activation_points.h"
#include "harness/model/graph.h"
#include "harness/model/head_output.h"

namespace qyolo::model {

// Quantizes the output of a node, or the network's input (node kNetworkInput), as fake_quantize()
// has it.
struct ActivationQuantizer {
  int node = 0;
  FakeQuantization map;

  bool operator==(const ActivationQuantizer&) const = default;
};

// Told the values of a node's output for a whole batch, in an order of the executor's choice. The
// span is valid during the call.
using ActivationObserver = std::function<void(int node, std::span<const float> values)>;

// Writes the weights of a convolution's filters from `first` on, as many as the span holds: all, or
// whole eights, and what is left at the end. Called whenever a forward needs them.
using WeightDecoder = std::function<void(std::int64_t first, std::span<float> weights)>;

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
  // Replaces a convolution's weights by integers: codes[i] * scales[filter] in the layout of its
  // weight. Fails where the executor does not compute on integers.
  virtual Status set_integer_weights(int /*node*/, std::span<const std::int8_t> /*codes*/,
                                     std::span<const float> /*scales*/) {
    return error("{} has no integer convolutions", description());
  }
  // Whether quantized weights are to be set as integers.
  [[nodiscard]] virtual bool wants_integer_weights() const { return false; }
  // Replaces a convolution's weights by what `decoder` makes: they are in memory only while the
  // convolution runs. Fails where the executor cannot.
  virtual Status set_weight_decoder(int /*node*/, WeightDecoder /*decoder*/) {
    return error("{} keeps all weights in memory", description());
  }
  // From now on, forward() quantizes and dequantizes these tensors before anything reads them;
  // replaces the earlier ones, none of no quantizers. Fails where the executor cannot.
  // REQUIRES: every node is a node of the graph that is no head level, or kNetworkInput, once.
  virtual Status set_activation_quantizers(std::span<const ActivationQuantizer> quantizers) {
    if (quantizers.empty()) return {};
    return error("{} cannot simulate quantized activations", description());
  }
  // A forward without quantizers that shows the outputs of `nodes` instead of the head's.
  // REQUIRES: as above, ascending.
  virtual Status observe(std::span<const std::uint8_t> /*rgb*/, int /*batch*/, int /*height*/,
                         int /*width*/, std::span<const int> /*nodes*/,
                         const ActivationObserver& /*observer*/) {
    return error("{} cannot observe activations", description());
  }
  // Whether forward() leaves every node's output in memory, for resume(). Off at first; turning it
  // off frees them. Fails where the executor cannot.
  virtual Status set_retain(bool retain) {
    if (!retain) return {};
    return error("{} cannot resume a forward", description());
  }
  // Runs the nodes from `first_node` on once more, on the outputs that the last forward() and what
  // was resumed since have left of the nodes before it: the same numbers as a forward() on the same
  // input, if since then no weights, biases or quantizers of nodes before it were set. Leaves its
  // outputs in place of the earlier ones. Fails without a forward() since set_retain(true).
  // REQUIRES: first_node is a node of the graph.
  virtual Result<std::vector<HeadOutput>> resume(int /*first_node*/) {
    return error("{} cannot resume a forward", description());
  }
  // Runs the graph layer by layer, in FP32, whatever weights and quantizers were set; the executor
  // must outlive it. Fails where the executor cannot.
  virtual Result<std::unique_ptr<LayerRunner>> layer_runner() {
    return error("{} cannot run layer by layer", description());
  }
  // For people: "LibTorch 2.15.0, FP32, 2 threads".
  [[nodiscard]] virtual std::string description() const = 0;
  // Who computes: "oneDNN 2.6.3".
  [[nodiscard]] virtual std::string engine() const { return description(); }
  // What convolutions compute in: "fp32", "bf16"; "int8": those with integer weights, the others in
  // FP32.
  [[nodiscard]] virtual std::string precision() const { return "fp32"; }
  // Whether the outputs are those of another program, whatever weights are set.
  [[nodiscard]] virtual bool recorded() const { return false; }
  // The arithmetic that decides the numbers: part of a cell's key.
  [[nodiscard]] virtual std::string identity() const { return "fp32"; }
};

}  // namespace qyolo::model
