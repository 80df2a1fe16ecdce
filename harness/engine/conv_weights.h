// Weights of a convolution, prepacked as its kernel wants them.
#pragma once

#include <cstdint>
#include <functional>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <span>
#include <vector>

#include "harness/engine/byte_convolution.h"
#include "harness/engine/context.h"
#include "harness/engine/executor.h"
#include "harness/engine/winograd.h"
#include "harness/model/graph.h"

namespace qyolo::engine {

// The weights of one convolution of the graph.
class ConvWeights {
 public:
  explicit ConvWeights(const model::ConvNode& conv);

  void set(std::span<const float> weights);
  void set(std::span<const std::int8_t> codes, std::span<const float> scales);
  void set(model::WeightDecoder decoder);
  // Integers without codes, as describe_convolution() takes them.
  void set_for_description(int filters);
  void set_bias(std::span<const float> bias) { bias_.assign(bias.begin(), bias.end()); }

  [[nodiscard]] bool integer() const { return !scales_.empty(); }
  // Anew for each forward.
  [[nodiscard]] bool decoded() const { return static_cast<bool>(decoder_); }
  [[nodiscard]] const std::vector<float>& bias() const { return bias_; }
  [[nodiscard]] const std::vector<float>& scales() const { return scales_; }  // one per filter
  [[nodiscard]] const dnnl::memory::dims& dims() const { return dims_; }
  [[nodiscard]] std::size_t size() const;

  // In this layout. Valid until the weights change, or of decoded ones until the next call of any.
  dnnl::memory packed(const dnnl::memory::desc& layout, Context& context);
  // For our own convolutions. Valid as above. REQUIRES: always one kernel and the convolution.
  const FilterPanels& panels(const MatrixKernel& kernel, const model::ConvNode& conv,
                             Context& context);
  // For our own convolutions of bytes. REQUIRES: as above; integers.
  const ByteFilters& bytes(const MatrixKernel& kernel, const model::ConvNode& conv);
  // For Winograd. REQUIRES: as above; not decoded; maps of always one element.
  const WinogradFilters& winograd(const MatrixKernel& kernel, const model::ConvNode& conv,
                                  Element maps, Context& context);

 private:
  void clear();
  [[nodiscard]] dnnl::memory::desc plain(dnnl::memory::data_type type) const;
  std::span<const float> decode(Context& context);
  // Some filters after the other, so that only one form of all is in memory.
  dnnl::memory decode_to(const dnnl::memory::desc& layout, Context& context);
  [[nodiscard]] dnnl::memory::dim filters_at_a_time(const dnnl::memory::desc& layout) const;
  // Not decoded, in one layout or another.
  std::vector<float> floats(Context& context);
  // What the integers stand for.
  [[nodiscard]] std::vector<float> code_values() const;

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
  std::optional<FilterPanels> panels_;
  std::optional<ByteFilters> bytes_;
  std::optional<WinogradFilters> winograd_;
  std::function<std::vector<float>()> unpack_panels_;
};

}  // namespace qyolo::engine
