#include "harness/engine/conv_weights.h"

#include <algorithm>
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
  bytes_.reset();
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
  decoder_(0, {decoded, count});
  return {decoded, count};
}

memory::dim ConvWeights::filters_at_a_time(const memory::desc& layout) const {
  // As few as are whole blocks of the layout, and enough for all threads.
  constexpr std::size_t kWeights = std::size_t{1} << 19;
  const memory::dim filters = dims_.front();
  if (dims_.size() == 5) return filters;  // of groups
  const std::size_t filter_size = size() / static_cast<std::size_t>(filters);
  const auto enough = static_cast<memory::dim>(kWeights / filter_size);
  for (const memory::dim block : {32, 64, 192}) {
    const memory::dim step = std::max<memory::dim>(enough / block, 1) * block;
    if (step >= filters) break;
    memory::dims part = dims_, offsets(dims_.size(), 0);
    offsets.front() = step;
    part.front() = std::min(step, filters - step);
    if (layout.submemory_desc(part, offsets, true)) return step;
  }
  return filters;
}

memory ConvWeights::decode_to(const memory::desc& layout, Context& context) {
  const memory fresh(layout, context.engine, context.packed.reserve(layout.get_size()));
  const memory::dim filters = dims_.front(), step = filters_at_a_time(layout);
  const std::size_t filter_size = size() / static_cast<std::size_t>(filters);
  memory::dims part = dims_, offsets(dims_.size(), 0);
  for (memory::dim first = 0; first < filters; first += step) {
    part.front() = std::min(step, filters - first);
    offsets.front() = first;
    const std::size_t count = static_cast<std::size_t>(part.front()) * filter_size;
    auto* decoded = reinterpret_cast<float*>(context.decoded.reserve(count * sizeof(float)));
    decoder_(first, {decoded, count});
    const memory from({part, Type::f32, dims_.size() == 5 ? Tag::goihw : Tag::oihw}, context.engine,
                      decoded);
    const bool whole = part.front() == filters;
    const memory to(whole ? layout : layout.submemory_desc(part, offsets), context.engine,
                    fresh.get_data_handle());
    reorder(from, to, context);
  }
  return fresh;
}

std::vector<float> ConvWeights::floats(Context& context) {
  if (!floats_.empty()) return std::exchange(floats_, {});
  if (packed_.empty()) return unpack_panels_();
  const memory::desc layout = plain(Type::f32);
  std::vector<float> weights(layout.get_size() / sizeof(float));
  reorder(packed_.front().memory, memory(layout, context.engine, weights.data()), context);
  return weights;
}

std::vector<float> ConvWeights::code_values() const {
  std::vector<float> values(codes_.size());
  const std::size_t filter_size = codes_.size() / scales_.size();
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(codes_[i]) * scales_[i / filter_size];
  return values;
}

memory ConvWeights::packed(const memory::desc& layout, Context& context) {
  if (decoder_) return decode_to(layout, context);
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

const ByteFilters& ConvWeights::bytes(const MatrixKernel& kernel, const model::ConvNode& conv) {
  if (!bytes_) bytes_ = pack_bytes(kernel, conv, codes_);
  return *bytes_;
}

const WinogradFilters& ConvWeights::winograd(const MatrixKernel& kernel,
                                             const model::ConvNode& conv, Element maps,
                                             Context& context) {
  if (!winograd_ && integer()) {
    winograd_ = transform_filters(kernel, conv, maps, code_values());
  } else if (!winograd_) {
    // Other sizes of the map may want them in another form: they are kept in what others compute
    // in, and it is those that are transformed, so that no number depends on which size came first.
    if (maps == Element::kBf16 && packed_.empty()) packed(plain(Type::bf16), context);
    std::vector<float> weights = floats(context);
    winograd_ = transform_filters(kernel, conv, maps, weights);
    if (maps == Element::kF32) floats_ = std::move(weights);
  }
  return *winograd_;
}

}  // namespace qyolo::engine
