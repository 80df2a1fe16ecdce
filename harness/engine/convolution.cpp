#include "harness/engine/convolution.h"

#include <algorithm>
#include <utility>

namespace qyolo::engine {
namespace {

using dnnl::memory;
using Type = memory::data_type;
using Tag = memory::format_tag;

constexpr bool kVersion3 = DNNL_VERSION_MAJOR >= 3;

Type data_type(Element element) {
  switch (element) {
    case Element::kF32:
      return Type::f32;
    case Element::kBf16:
      return Type::bf16;
    case Element::kU8:
      return Type::u8;
  }
  return Type::undef;
}

memory::desc map_layout(const Value& value, int batch) {
  return {{batch, value.shape.channels, value.shape.height, value.shape.width},
          data_type(value.type.element),
          Tag::nhwc};
}

// The activation function; where the result becomes codes, also the division by their scale, which
// oneDNN 3 does by itself.
dnnl::post_ops post_ops(const model::ConvNode& conv, const MapType& to) {
  const bool codes = to.element == Element::kU8;
  [[maybe_unused]] const float scale = codes ? 1.0F / to.scale : 1.0F;
  dnnl::post_ops ops;
  const auto append = [&](dnnl::algorithm algorithm, float alpha) {
#if DNNL_VERSION_MAJOR >= 3
    ops.append_eltwise(algorithm, alpha, 0);
#else
    ops.append_eltwise(scale, algorithm, alpha, 0);
#endif
  };
  switch (conv.activation) {
    case model::Activation::kSiLU:
      append(dnnl::algorithm::eltwise_swish, 1);
      break;
    case model::Activation::kLeakyReLU:
      append(dnnl::algorithm::eltwise_relu, conv.slope);
      break;
    case model::Activation::kReLU:
      append(dnnl::algorithm::eltwise_relu, 0);
      break;
    case model::Activation::kIdentity:
      if (codes && !kVersion3) append(dnnl::algorithm::eltwise_linear, 1);
      break;
  }
  return ops;
}

// What a sum over codes is multiplied by, filter by filter.
std::vector<float> output_scales(const ConvWeights& weights, const MapType& from) {
  std::vector<float> scales = weights.scales();
  for (float& scale : scales) scale *= from.scale;
  return scales;
}

dnnl::primitive_attr attributes(const model::ConvNode& conv, const ConvWeights& weights,
                                [[maybe_unused]] const MapType& from, const MapType& to) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attr.set_post_ops(post_ops(conv, to));
  if (!weights.integer()) return attr;
#if DNNL_VERSION_MAJOR >= 3
  attr.set_scales_mask(DNNL_ARG_SRC, 0);
  attr.set_scales_mask(DNNL_ARG_WEIGHTS, conv.groups > 1 ? 3 : 1);
  attr.set_zero_points_mask(DNNL_ARG_SRC, 0);
  if (to.element == Element::kU8) {
    attr.set_scales_mask(DNNL_ARG_DST, 0);
    attr.set_zero_points_mask(DNNL_ARG_DST, 0);
  }
#else
  attr.set_output_scales(1 << 1, output_scales(weights, from));
  attr.set_zero_points(DNNL_ARG_SRC, 0, {DNNL_RUNTIME_S32_VAL});
  if (to.element == Element::kU8) attr.set_zero_points(DNNL_ARG_DST, 0, {DNNL_RUNTIME_S32_VAL});
#endif
  return attr;
}

dnnl::convolution_forward::primitive_desc describe(const model::ConvNode& conv,
                                                   const memory::desc& from,
                                                   const memory::desc& weights,
                                                   const memory::desc& bias, const memory::desc& to,
                                                   const dnnl::primitive_attr& attr,
                                                   const dnnl::engine& engine) {
  const memory::dims strides = {conv.stride_h, conv.stride_w};
  const memory::dims dilates = {conv.dilation_h - 1, conv.dilation_w - 1};
  const memory::dims pad = {conv.pad_h, conv.pad_w};
  constexpr auto kKind = dnnl::prop_kind::forward_inference;
  constexpr auto kAlgorithm = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {engine, kKind, kAlgorithm, from, weights, bias, to, strides, dilates, pad, pad, attr};
#else
  return {{kKind, kAlgorithm, from, weights, bias, to, strides, dilates, pad, pad}, attr, engine};
#endif
}

template <class T>
memory as_memory(std::vector<T>& values, Type type, const dnnl::engine& engine) {
  return {{{static_cast<memory::dim>(values.size())}, type, Tag::x}, engine, values.data()};
}

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

memory::desc ConvWeights::plain(Type type) const {
  return {dims_, type, dims_.size() == 5 ? Tag::goihw : Tag::oihw};
}

memory ConvWeights::decode(const memory::desc& layout, Context& context) {
  std::size_t count = 1;
  for (const memory::dim dim : dims_) count *= static_cast<std::size_t>(dim);
  auto* decoded = reinterpret_cast<float*>(context.decoded.reserve(count * sizeof(float)));
  decoder_({decoded, count});
  memory packed(layout, context.engine, context.packed.reserve(layout.get_size()));
  reorder(memory(plain(Type::f32), context.engine, decoded), packed, context);
  return packed;
}

memory ConvWeights::packed(const memory::desc& layout, Context& context) {
  if (decoder_) return decode(layout, context);
  for (const Packed& known : packed_) {
    if (known.memory.get_desc() == layout) return known.memory;
  }
  Block block;
  const memory fresh(layout, context.engine, block.reserve(layout.get_size()));
  if (integer()) {
    reorder(memory(plain(Type::s8), context.engine, codes_.data()), fresh, context);
  } else if (!floats_.empty()) {
    reorder(memory(plain(Type::f32), context.engine, floats_.data()), fresh, context);
    floats_ = std::vector<float>();
  } else {
    memory floats(plain(Type::f32), context.engine);
    reorder(packed_.front().memory, floats, context);
    reorder(floats, fresh, context);
  }
  packed_.push_back({std::move(block), fresh});
  return fresh;
}

Result<std::unique_ptr<Convolution>> Convolution::create(const model::ConvNode& conv,
                                                         ConvWeights& weights, const Value& from,
                                                         const Value& to, int batch,
                                                         Context& context) {
  const bool integer = weights.integer();
  std::unique_ptr<Convolution> made(new Convolution(weights));
  try {
    const memory::desc bias({conv.filters}, Type::f32, Tag::x);
    const memory::desc any(weights.dims(), integer ? Type::s8 : data_type(from.type.element),
                           Tag::any);
    const auto description =
        describe(conv, map_layout(from, batch), any, bias, map_layout(to, batch),
                 attributes(conv, weights, from.type, to.type), context.engine);
    made->primitive_ = dnnl::convolution_forward(description);
    made->layout_ = description.weights_desc();
    made->scratchpad_ = description.scratchpad_desc();
    made->kernel_ = description.impl_info_str();
    made->arguments_[DNNL_ARG_SRC] = {description.src_desc(), context.engine, nullptr};
    made->arguments_[DNNL_ARG_DST] = {description.dst_desc(), context.engine, nullptr};
    made->arguments_[DNNL_ARG_SCRATCHPAD] = {made->scratchpad_, context.engine, nullptr};
    made->bias_.resize(weights.bias().size());
    if (integer) made->set_scales(from, to, context);
    made->set_bias();
    made->arguments_[DNNL_ARG_BIAS] = as_memory(made->bias_, Type::f32, context.engine);
  } catch (const dnnl::error& failure) {
    return error("oneDNN cannot compute {}: {}", conv.name, failure.what());
  }
  return made;
}

// acc = sum w (q - z) stands for acc s_in s_filter + bias. oneDNN 2 multiplies the bias, too.
void Convolution::set_scales(const Value& from, const Value& to, Context& context) {
  const bool codes = to.type.element == Element::kU8;
  scales_ = kVersion3 ? weights_.scales() : output_scales(weights_, from.type);
  zero_points_ = {from.type.zero_point, to.type.zero_point};
  const auto zero_point = [&](std::size_t i, int argument) {
    arguments_[DNNL_ARG_ATTR_ZERO_POINTS | argument] = {
        {{1}, Type::s32, Tag::x}, context.engine, &zero_points_[i]};
  };
  zero_point(0, DNNL_ARG_SRC);
  if (codes) zero_point(1, DNNL_ARG_DST);
#if DNNL_VERSION_MAJOR >= 3
  input_scale_ = {from.type.scale};
  output_scale_ = {to.type.scale};
  const auto scale = [&](std::vector<float>& values, int argument) {
    arguments_[DNNL_ARG_ATTR_SCALES | argument] = as_memory(values, Type::f32, context.engine);
  };
  scale(input_scale_, DNNL_ARG_SRC);
  scale(scales_, DNNL_ARG_WEIGHTS);
  if (codes) scale(output_scale_, DNNL_ARG_DST);
#endif
}

void Convolution::set_bias() {
  std::ranges::copy(weights_.bias(), bias_.begin());
  if (kVersion3) return;
  for (std::size_t k = 0; k < scales_.size(); ++k) bias_[k] /= scales_[k];
}

void Convolution::run(void* from, void* to, Context& context) {
  arguments_[DNNL_ARG_SRC].set_data_handle(from);
  arguments_[DNNL_ARG_DST].set_data_handle(to);
  arguments_[DNNL_ARG_SCRATCHPAD].set_data_handle(context.scratchpad.data());
  arguments_[DNNL_ARG_WEIGHTS] = weights_.packed(layout_, context);
  primitive_.execute(context.stream, arguments_);
}

}  // namespace qyolo::engine
