// A convolution with its activation function as one oneDNN primitive, and its weights, prepacked as
// the primitive wants them. Serves oneDNN 2.6 and 3.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/engine/block.h"
#include "harness/engine/plan.h"
#include "harness/model/executor.h"
#include "harness/model/graph.h"

namespace qyolo::engine {

// What all primitives share. Thread-unsafe, as an executor is.
struct Context {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  // Used by one primitive after the other.
  Block scratchpad;
  // The one layer that weight decoders decode into, plain and packed.
  Block decoded, packed;
};

// The weights of one convolution of the graph.
class ConvWeights {
 public:
  explicit ConvWeights(const model::ConvNode& conv);

  void set(std::span<const float> weights);
  void set(std::span<const std::int8_t> codes, std::span<const float> scales);
  void set(model::WeightDecoder decoder);
  void set_bias(std::span<const float> bias) { bias_.assign(bias.begin(), bias.end()); }

  [[nodiscard]] bool integer() const { return !codes_.empty(); }
  [[nodiscard]] const std::vector<float>& bias() const { return bias_; }
  [[nodiscard]] const std::vector<float>& scales() const { return scales_; }  // one per filter
  [[nodiscard]] const dnnl::memory::dims& dims() const { return dims_; }

  // In this layout. Valid until the weights change, or of decoded ones until the next call of any.
  dnnl::memory packed(const dnnl::memory::desc& layout, Context& context);

 private:
  void clear();
  [[nodiscard]] dnnl::memory::desc plain(dnnl::memory::data_type type) const;
  dnnl::memory decode(const dnnl::memory::desc& layout, Context& context);

  dnnl::memory::dims dims_;    // [groups,] filters, channels, height, width
  std::vector<float> floats_;  // until they are packed for the first time
  std::vector<std::int8_t> codes_;
  std::vector<float> scales_;
  std::vector<float> bias_;
  model::WeightDecoder decoder_;
  struct Packed {
    Block block;
    dnnl::memory memory;
  };
  std::vector<Packed> packed_;  // one per layout
};

class Convolution {
 public:
  // Fails where oneDNN cannot. REQUIRES: dense maps.
  static Result<std::unique_ptr<Convolution>> create(const model::ConvNode& conv,
                                                     ConvWeights& weights, const Value& from,
                                                     const Value& to, int batch, Context& context);
  void run(void* from, void* to, Context& context);
  // Takes the weights' bias, which has changed.
  void set_bias();
  [[nodiscard]] const std::string& kernel() const { return kernel_; }
  [[nodiscard]] std::size_t scratchpad_bytes() const { return scratchpad_.get_size(); }

 private:
  explicit Convolution(ConvWeights& weights) : weights_(weights) {}
  void set_scales(const Value& from, const Value& to, Context& context);

  ConvWeights& weights_;
  dnnl::convolution_forward primitive_;
  dnnl::memory::desc layout_, scratchpad_;
  std::unordered_map<int, dnnl::memory> arguments_;
  std::vector<float> bias_;    // as the primitive takes it
  std::vector<float> scales_;  // likewise
  std::vector<float> input_scale_, output_scale_;
  std::vector<std::int32_t> zero_points_;
  std::string kernel_;
};

}  // namespace qyolo::engine
