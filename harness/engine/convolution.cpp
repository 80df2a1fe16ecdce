#include "harness/engine/convolution.h"

#include <optional>
#include <utility>
#include <vector>

#include "harness/engine/byte_convolution.h"
#include "harness/engine/gemm_convolution.h"
#include "harness/engine/onednn_convolution.h"
#include "harness/engine/winograd.h"

namespace qyolo::engine {
namespace {

Map map_of(const Value& value, int batch) {
  return {nullptr,
          batch,
          value.shape.height,
          value.shape.width,
          value.shape.channels,
          value.shape.channels,
          value.type};
}

// On kernels of our own. The weights have the bias.
class OwnConvolution : public Convolution {
 public:
  OwnConvolution(const model::ConvNode& conv, ConvWeights& weights, const Value& from,
                 const Value& to, int batch, const MatrixKernel& matrix_kernel, const char* method)
      : conv_(conv),
        weights_(weights),
        matrix_kernel_(matrix_kernel),
        from_(map_of(from, batch)),
        to_(map_of(to, batch)) {
    kernel_ = fmt::format("qyolo:{}:{}", method, matrix_kernel.name);
  }

  void run(void* from, void* to, Context& context) final {
    from_.data = from;
    to_.data = to;
    compute(context);
  }
  void set_bias() final {}

 protected:
  virtual void compute(Context& context) = 0;

  const model::ConvNode& conv_;
  ConvWeights& weights_;
  const MatrixKernel& matrix_kernel_;
  Map from_, to_;
};

class WinogradConvolution final : public OwnConvolution {
 public:
  WinogradConvolution(const model::ConvNode& conv, ConvWeights& weights, const Value& from,
                      const Value& to, int batch, const MatrixKernel& matrix_kernel,
                      const char* method)
      : OwnConvolution(conv, weights, from, to, batch, matrix_kernel, method) {}

 private:
  void compute(Context& context) override {
    winograd_convolve(matrix_kernel_, conv_, from_,
                      weights_.winograd(matrix_kernel_, conv_, from_.type.element, context),
                      weights_.bias(), to_);
  }
};

class ByteConvolution final : public OwnConvolution {
 public:
  ByteConvolution(const model::ConvNode& conv, ConvWeights& weights, const Value& from,
                  const Value& to, int batch, const MatrixKernel& matrix_kernel)
      : OwnConvolution(conv, weights, from, to, batch, matrix_kernel, "bytes"),
        scales_(output_scales(weights, from.type)) {}

 private:
  void compute(Context& context) override {
    byte_convolve(matrix_kernel_, conv_, from_, weights_.bytes(matrix_kernel_, conv_), scales_,
                  weights_.bias(), to_, context.scratchpad);
  }

  std::vector<float> scales_;
};

class GemmConvolution final : public OwnConvolution {
 public:
  GemmConvolution(const model::ConvNode& conv, ConvWeights& weights, const Value& from,
                  const Value& to, int batch, const MatrixKernel& matrix_kernel)
      : OwnConvolution(conv, weights, from, to, batch, matrix_kernel, "gemm") {
    if (weights.integer()) scales_ = output_scales(weights, from.type);
  }

 private:
  void compute(Context& context) override {
    convolve(matrix_kernel_, conv_, from_, weights_.panels(matrix_kernel_, conv_, context), scales_,
             weights_.bias(), to_, context.scratchpad);
  }

  std::vector<float> scales_;
};

bool is_bf16(const Value& value) { return value.type.element == Element::kBf16; }
bool is_fp32(const Value& value) { return value.type.element == Element::kF32; }

// Whether Winograd knows such maps and weights, and this host has no faster instructions for them.
bool takes_winograd(const ConvWeights& weights, const Value& from, const Value& to,
                    const Context& context) {
  if (context.choice != KernelChoice::kBest || weights.decoded()) return false;
  switch (from.type.element) {
    case Element::kF32:
      return !weights.integer() && is_fp32(to);
    case Element::kBf16:
      return context.own_products == OwnProducts::kEverywhere && is_bf16(to);
    case Element::kU8:
      return context.own_products == OwnProducts::kEverywhere && weights.integer();
  }
  return false;
}

// Whether our own products of bytes are faster here than oneDNN's. AMX multiplies 16 x 64 of them
// at once, and has to be given so many: measured layer by layer on a CPU that has it, ours are
// faster (1.1 to 2.9 times) up to some 8,192 pairs of a channel and a filter where maps are read
// once or by strides, and slower (up to 3 times) beyond (benchmarks/README.md).
bool prefers_bytes(const model::ConvNode& conv, const Context& context) {
  constexpr std::int64_t kMostPairs = 8192;
  constexpr int kFewestChannels = 4;
  if (context.own_products == OwnProducts::kEverywhere) return true;
  if (context.own_products == OwnProducts::kNowhere || conv.channels < kFewestChannels)
    return false;
  const bool dense = conv.kernel_h * conv.kernel_w > 1 && conv.stride_h * conv.stride_w == 1;
  return !dense && std::int64_t{conv.channels} * conv.filters <= kMostPairs;
}

struct Choice {
  InsteadOf instead_of = InsteadOf::kNothing;
  std::optional<ConvolutionDescription> description;  // where it is oneDNN's
};

Result<Choice> choose(const model::ConvNode& conv, const ConvWeights& weights, const Value& from,
                      const Value& to, int batch, Context& context) {
  if (takes_winograd(weights, from, to, context) &&
      suits_winograd(conv, from.type.element, to.shape.height, to.shape.width)) {
    return Choice{InsteadOf::kDirectSummation, {}};
  }
  const bool fastest =
      context.choice == KernelChoice::kBest || context.choice == KernelChoice::kDirect;
  if (fastest && weights.integer() && prefers_bytes(conv, context) &&
      suits_bytes(*context.matrix_kernel, conv)) {
    return Choice{InsteadOf::kSlowerKernel, {}};
  }
  const bool own = !is_bf16(from) && !is_bf16(to);
  if (own && context.choice == KernelChoice::kOwn) return Choice{InsteadOf::kAny, {}};
  const bool reference = context.choice == KernelChoice::kReference;
  auto described = describe_convolution(conv, weights, from, to, batch, context, reference);
  if (!described.ok()) {
    if (own && !reference) return Choice{InsteadOf::kReferenceKernel, {}};
    return described.error();
  }
  if (own && !reference) {
    const std::string kernel = described->impl_info_str();
    if (is_reference(kernel)) return Choice{InsteadOf::kReferenceKernel, {}};
    if (weights.integer()) {
      QYOLO_TRY(const bool wrong, saturates(kernel, conv, from, to, batch, context));
      if (wrong) return Choice{InsteadOf::kSaturatingKernel, {}};
    }
  }
  return Choice{InsteadOf::kNothing, std::move(*described)};
}

}  // namespace

Result<InsteadOf> Convolution::own_instead_of(const model::ConvNode& conv,
                                              const ConvWeights& weights, const Value& from,
                                              const Value& to, int batch, Context& context) {
  QYOLO_TRY(const Choice choice, choose(conv, weights, from, to, batch, context));
  return choice.instead_of;
}

Result<std::unique_ptr<Convolution>> Convolution::create(const model::ConvNode& conv,
                                                         ConvWeights& weights, const Value& from,
                                                         const Value& to, int batch,
                                                         Context& context) {
  QYOLO_TRY(const Choice choice, choose(conv, weights, from, to, batch, context));
  if (choice.instead_of == InsteadOf::kDirectSummation) {
    return std::unique_ptr<Convolution>(std::make_unique<WinogradConvolution>(
        conv, weights, from, to, batch, *context.matrix_kernel,
        is_fp32(from) ? "winograd" : "winograd16"));
  }
  if (choice.instead_of == InsteadOf::kSlowerKernel) {
    return std::unique_ptr<Convolution>(
        std::make_unique<ByteConvolution>(conv, weights, from, to, batch, *context.matrix_kernel));
  }
  if (!choice.description) {
    return std::unique_ptr<Convolution>(
        std::make_unique<GemmConvolution>(conv, weights, from, to, batch, *context.matrix_kernel));
  }
  try {
    return std::unique_ptr<Convolution>(
        std::make_unique<OnednnConvolution>(*choice.description, weights, from, to, context));
  } catch (const dnnl::error& failure) {
    return error("oneDNN cannot compute {}: {}", conv.name, failure.what());
  }
}

}  // namespace qyolo::engine
