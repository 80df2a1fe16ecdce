#include "harness/engine/conv_weights.h"

#include <utility>

namespace qyolo::engine {
namespace {

using dnnl::memory;
using Type = memory::data_type;
using Tag = memory::format_tag;

void reorder(memory from, memory to, Context& context) {
  dnnl::reorder(from, to).execute(context.stream, from, to);
  context.stream.wait();
}

}  // namespace

ConvWeights::ConvWeights(const model::ConvNode& conv)
    : dims_{conv.filters, conv.channels / conv.groups, conv.kernel_h, conv.kernel_w} {
  if (conv.groups == 1) return;
  dims_[0] /= conv.groups;
  dims_.insert(dims_.begin(), conv.groups);
}

void ConvWeights::clear() {
  // Assigning {} would keep the memory.
  floats_ = std::vector<float>();
  codes_ = std::vector<std::int8_t>();
  scales_.clear();
  decoder_ = {};
  packed_.clear();
  panels_.reset();
  winograd_.reset();
  unpack_panels_ = {};
}

void ConvWeights::set(std::span<const float> weights) {
  clear();
  floats_.assign(weights.begin(), weights.end());
}

void ConvWeights::set(std::span<const std::int8_t> codes, std::span<const float> scales) {
  clear();
  codes_.assign(codes.begin(), codes.end());
  scales_.assign(scales.begin(), scales.end());
}

void ConvWeights::set(model::WeightDecoder decoder) {
  clear();
  decoder_ = std::move(decoder);
}

void ConvWeights::set_for_description(int filters) {
  clear();
  scales_.assign(static_cast<std::size_t>(filters), 1.0F);
}

memory::desc ConvWeights::plain(Type type) const {
  return {dims_, type, dims_.size() == 5 ? Tag::goihw : Tag::oihw};
}

std::size_t ConvWeights::size() const {
  std::size_t count = 1;
  for (const memory::dim dim : dims_) count *= static_cast<std::size_t>(dim);
  return count;
}

std::span<const float> ConvWeights::decode(Context& context) {
  const std::size_t count = size();
  auto* decoded = reinterpret_cast<float*>(context.decoded.reserve(count * sizeof(float)));
  decoder_({decoded, count});
  return {decoded, count};
}

std::vector<float> ConvWeights::floats(Context& context) {
  if (!floats_.empty()) return std::exchange(floats_, {});
  if (packed_.empty()) return unpack_panels_();
  const memory::desc layout = plain(Type::f32);
  std::vector<float> weights(layout.get_size() / sizeof(float));
  reorder(packed_.front().memory, memory(layout, context.engine, weights.data()), context);
  return weights;
}

memory ConvWeights::packed(const memory::desc& layout, Context& context) {
  if (decoder_) {
    const std::span<const float> decoded = decode(context);
    memory fresh(layout, context.engine, context.packed.reserve(layout.get_size()));
    reorder(memory(plain(Type::f32), context.engine, const_cast<float*>(decoded.data())), fresh,
            context);
    return fresh;
  }
  for (const Packed& known : packed_) {
    if (known.memory.get_desc() == layout) return known.memory;
  }
  Block block;
  const memory fresh(layout, context.engine, block.reserve(layout.get_size()));
  if (integer()) {
    reorder(memory(plain(Type::s8), context.engine, codes_.data()), fresh, context);
  } else {
    std::vector<float> weights = floats(context);
    reorder(memory(plain(Type::f32), context.engine, weights.data()), fresh, context);
  }
  packed_.push_back({std::move(block), fresh});
  return fresh;
}

const FilterPanels& ConvWeights::panels(const MatrixKernel& kernel, const model::ConvNode& conv,
                                        Context& context) {
  if (decoder_) return context.decoded_panels = pack_filters(kernel, conv, decode(context));
  if (panels_) return *panels_;
  if (integer()) {
    panels_ = pack_filters(kernel, conv, std::span<const std::int8_t>(codes_));
  } else {
    panels_ = pack_filters(kernel, conv, std::span<const float>(floats(context)));
    unpack_panels_ = [this, &kernel, &conv] { return unpack_filters(kernel, conv, *panels_); };
  }
  return *panels_;
}

const WinogradFilters& ConvWeights::winograd(const MatrixKernel& kernel,
                                             const model::ConvNode& conv, Context& context) {
  if (!winograd_) {
    // Other sizes of the map may want them in another form.
    if (floats_.empty()) floats_ = floats(context);
    winograd_ = transform_filters(kernel, conv, floats_);
  }
  return *winograd_;
}

}  // namespace qyolo::engine
