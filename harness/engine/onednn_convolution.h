// A convolution with its activation function as one oneDNN primitive. Serves oneDNN 2.6 and 3.
#pragma once

#include <cstdint>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "harness/engine/convolution.h"

namespace qyolo::engine {

using ConvolutionDescription = dnnl::convolution_forward::primitive_desc;

// What oneDNN offers, nothing compiled yet; `reference`: its reference kernel, even if it has
// others. Fails where oneDNN cannot.
Result<ConvolutionDescription> describe_convolution(const model::ConvNode& conv,
                                                    const ConvWeights& weights, const Value& from,
                                                    const Value& to, int batch, Context& context,
                                                    bool reference = false);

class OnednnConvolution final : public Convolution {
 public:
  // Of describe_convolution() with the same arguments. Throws dnnl::error.
  OnednnConvolution(const ConvolutionDescription& description, ConvWeights& weights,
                    const Value& from, const Value& to, Context& context);
  void run(void* from, void* to, Context& context) override;
  void set_bias() override;
  [[nodiscard]] std::size_t scratchpad_bytes() const override { return scratchpad_.get_size(); }

 private:
  void set_scales(const Value& from, const Value& to, Context& context);

  ConvWeights& weights_;
  dnnl::convolution_forward primitive_;
  dnnl::memory::desc layout_, scratchpad_;
  std::unordered_map<int, dnnl::memory> arguments_;
  std::vector<float> bias_;    // as the primitive takes it
  std::vector<float> scales_;  // likewise
  std::vector<float> input_scale_, output_scale_;
  std::vector<std::int32_t> zero_points_;
};

// What a sum over codes is multiplied by, filter by filter.
[[nodiscard]] std::vector<float> output_scales(const ConvWeights& weights, const MapType& from);

// Whether oneDNN has no better than plain loops: "ref:any", "gemm:ref".
[[nodiscard]] bool is_reference(const std::string& kernel);

// Whether this kernel of an integer convolution adds products in 16 bits, which the largest codes
// do not fit: before VNNI, x86 multiplies u8 by s8 so. Found by running it on the largest codes,
// once for a kernel and number of channels. Fails where oneDNN does.
Result<bool> saturates(const std::string& kernel, const model::ConvNode& conv, const Value& from,
                       const Value& to, int batch, Context& context);

}  // namespace qyolo::engine
