#include "harness/engine/onednn_convolution.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
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

ConvolutionDescription describe(const model::ConvNode& conv, const memory::desc& from,
                                const memory::desc& weights, const memory::desc& bias,
                                const memory::desc& to, const dnnl::primitive_attr& attr,
                                const dnnl::engine& engine, bool reference) {
  const memory::dims strides = {conv.stride_h, conv.stride_w};
  const memory::dims dilates = {conv.dilation_h - 1, conv.dilation_w - 1};
  const memory::dims pad = {conv.pad_h, conv.pad_w};
  constexpr auto kKind = dnnl::prop_kind::forward_inference;
  constexpr auto kAlgorithm = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  ConvolutionDescription description(engine, kKind, kAlgorithm, from, weights, bias, to, strides,
                                     dilates, pad, pad, attr);
#else
  // next_impl() reads it.
  const dnnl::convolution_forward::desc operation(kKind, kAlgorithm, from, weights, bias, to,
                                                  strides, dilates, pad, pad);
  ConvolutionDescription description(operation, attr, engine);
#endif
  while (reference && !is_reference(description.impl_info_str()) && description.next_impl()) {
  }
  return description;
}

template <class T>
memory as_memory(std::vector<T>& values, Type type, const dnnl::engine& engine) {
  return {{{static_cast<memory::dim>(values.size())}, type, Tag::x}, engine, values.data()};
}

}  // namespace

std::vector<float> output_scales(const ConvWeights& weights, const MapType& from) {
  std::vector<float> scales = weights.scales();
  for (float& scale : scales) scale *= from.scale;
  return scales;
}

Result<ConvolutionDescription> describe_convolution(const model::ConvNode& conv,
                                                    const ConvWeights& weights, const Value& from,
                                                    const Value& to, int batch, Context& context,
                                                    bool reference) {
  try {
    const memory::desc bias({conv.filters}, Type::f32, Tag::x);
    const memory::desc any(weights.dims(),
                           weights.integer() ? Type::s8 : data_type(from.type.element), Tag::any);
    const auto description =
        describe(conv, map_layout(from, batch), any, bias, map_layout(to, batch),
                 attributes(conv, weights, from.type, to.type), context.engine, reference);
    if (reference && !is_reference(description.impl_info_str()))
      return error("oneDNN has no reference kernel for {}", conv.name);
    return description;
  } catch (const dnnl::error& failure) {
    return error("oneDNN cannot compute {}: {}", conv.name, failure.what());
  }
}

OnednnConvolution::OnednnConvolution(const ConvolutionDescription& description,
                                     ConvWeights& weights, const Value& from, const Value& to,
                                     Context& context)
    : weights_(weights),
      primitive_(description),
      layout_(description.weights_desc()),
      scratchpad_(description.scratchpad_desc()),
      bias_(weights.bias().size()) {
  kernel_ = description.impl_info_str();
  arguments_[DNNL_ARG_SRC] = {description.src_desc(), context.engine, nullptr};
  arguments_[DNNL_ARG_DST] = {description.dst_desc(), context.engine, nullptr};
  arguments_[DNNL_ARG_SCRATCHPAD] = {scratchpad_, context.engine, nullptr};
  if (weights.integer()) set_scales(from, to, context);
  OnednnConvolution::set_bias();
  arguments_[DNNL_ARG_BIAS] = as_memory(bias_, Type::f32, context.engine);
}

// acc = sum w (q - z) stands for acc s_in s_filter + bias. oneDNN 2 multiplies the bias, too.
void OnednnConvolution::set_scales(const Value& from, const Value& to, Context& context) {
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

void OnednnConvolution::set_bias() {
  std::ranges::copy(weights_.bias(), bias_.begin());
  if (kVersion3) return;
  for (std::size_t k = 0; k < scales_.size(); ++k) bias_[k] /= scales_[k];
}

void OnednnConvolution::run(void* from, void* to, Context& context) {
  arguments_[DNNL_ARG_SRC].set_data_handle(from);
  arguments_[DNNL_ARG_DST].set_data_handle(to);
  arguments_[DNNL_ARG_SCRATCHPAD].set_data_handle(context.scratchpad.data());
  arguments_[DNNL_ARG_WEIGHTS] = weights_.packed(layout_, context);
  primitive_.execute(context.stream, arguments_);
}

bool is_reference(const std::string& kernel) { return kernel.find("ref") != std::string::npos; }

namespace {

constexpr int kLargestCode = 255, kLargestWeight = 127;

// How many positions of the convolution's kernel lie inside the map.
int positions_inside(int output, int stride, int pad, int dilation, int kernel, int size) {
  int inside = 0;
  for (int i = 0; i < kernel; ++i) {
    const int at = output * stride - pad + i * dilation;
    inside += at >= 0 && at < size ? 1 : 0;
  }
  return inside;
}

// The convolution with the largest codes and weights, whose exact sums are known; nullopt: oneDNN
// has another kernel for these.
Result<std::optional<bool>> saturates_on_largest(const std::string& kernel,
                                                 const model::ConvNode& conv, Value from, Value to,
                                                 int batch, Context& context) {
  constexpr float kFullCode = 200;  // what the largest sum becomes, where the output is codes
  model::ConvNode probe = conv;
  probe.activation = model::Activation::kIdentity;
  const int depth = conv.channels / conv.groups * conv.kernel_h * conv.kernel_w;
  const float product = static_cast<float>(kLargestCode) * kLargestWeight *
                        static_cast<float>(conv.channels / conv.groups);
  ConvWeights weights(probe);
  const std::vector<std::int8_t> codes(
      static_cast<std::size_t>(conv.filters) * static_cast<std::size_t>(depth),
      std::int8_t{kLargestWeight});
  const std::vector<float> ones(static_cast<std::size_t>(conv.filters), 1.0F);
  weights.set(codes, ones);
  weights.set_bias(std::vector<float>(ones.size(), 0.0F));
  from.type = {Element::kU8, 1, 0};
  const bool to_codes = to.type.element == Element::kU8;
  if (to_codes) {
    to.type.scale = product * static_cast<float>(conv.kernel_h * conv.kernel_w) / kFullCode;
    to.type.zero_point = 0;
  }
  const float unit = to_codes ? product / to.type.scale : product;  // of one position
  QYOLO_TRY(const auto description, describe_convolution(probe, weights, from, to, batch, context));
  // Another kernel would say nothing about this one.
  if (description.impl_info_str() != kernel) return std::optional<bool>();
  OnednnConvolution convolution(description, weights, from, to, context);
  context.scratchpad.reserve(convolution.scratchpad_bytes());
  const auto size_of_map = [&](const Value& value) {
    return static_cast<std::size_t>(value.shape.size()) * static_cast<std::size_t>(batch) *
           size_of(value.type.element);
  };
  Block input, output;
  std::memset(input.reserve(size_of_map(from)), kLargestCode, size_of_map(from));
  output.reserve(size_of_map(to));
  convolution.run(input.data(), output.data(), context);
  context.stream.wait();
  std::size_t at = 0;
  for (int y = 0; y < to.shape.height; ++y) {
    const int rows = positions_inside(y, conv.stride_h, conv.pad_h, conv.dilation_h, conv.kernel_h,
                                      from.shape.height);
    for (int x = 0; x < to.shape.width; ++x) {
      const int inside = rows * positions_inside(x, conv.stride_w, conv.pad_w, conv.dilation_w,
                                                 conv.kernel_w, from.shape.width);
      const float expected = static_cast<float>(inside) * unit;
      const float tolerance = to_codes ? 1.0F : 1e-4F * expected;
      for (int k = 0; k < to.shape.channels; ++k, ++at) {
        const float found = to_codes ? static_cast<float>(std::to_integer<int>(output.data()[at]))
                                     : reinterpret_cast<const float*>(output.data())[at];
        if (std::abs(found - expected) > tolerance) return std::optional(true);
      }
    }
  }
  return std::optional(false);
}

}  // namespace

Result<bool> saturates(const std::string& kernel, const model::ConvNode& conv, const Value& from,
                       const Value& to, int batch, Context& context) {
  const std::string key =
      fmt::format("{} of {} channels in {} groups to {}", kernel, conv.channels, conv.groups,
                  to.type.element == Element::kU8 ? "codes" : "floats");
  if (const auto known = context.saturating.find(key); known != context.saturating.end())
    return known->second;
  std::optional<bool> found;
  try {
    QYOLO_TRY(found, saturates_on_largest(kernel, conv, from, to, 1, context));
    if (!found && batch > 1) {
      QYOLO_TRY(found, saturates_on_largest(kernel, conv, from, to, batch, context));
    }
  } catch (const dnnl::error& failure) {
    return error("oneDNN cannot compute {}: {}", conv.name, failure.what());
  }
  return context.saturating[key] = found.value_or(true);
}

}  // namespace qyolo::engine
