// A convolution with its activation function, by the best kernel that this host has for it.
#pragma once

#include <memory>
#include <string>

#include "common/result.h"
#include "harness/engine/context.h"
#include "harness/engine/conv_weights.h"
#include "harness/engine/plan.h"
#include "harness/model/graph.h"

namespace qyolo::engine {

class Convolution {
 public:
  // Winograd's (winograd.h), for weights that are not decoded anew each time, where it suits. Else
  // our own of bytes (byte_convolution.h), oneDNN's, or our own (gemm_convolution.h) where oneDNN
  // has only a reference kernel, or an integer one whose sums saturate in 16 bits (see
  // saturates()). Fails where none can. REQUIRES: dense maps; `conv` and `weights` outlive it.
  static Result<std::unique_ptr<Convolution>> create(const model::ConvNode& conv,
                                                     ConvWeights& weights, const Value& from,
                                                     const Value& to, int batch, Context& context);
  // What create() will make of these: an own convolution instead of what, kNothing: oneDNN's.
  static Result<InsteadOf> own_instead_of(const model::ConvNode& conv, const ConvWeights& weights,
                                          const Value& from, const Value& to, int batch,
                                          Context& context);
  virtual ~Convolution() = default;
  Convolution(const Convolution&) = delete;
  Convolution& operator=(const Convolution&) = delete;

  virtual void run(void* from, void* to, Context& context) = 0;
  // Takes the weights' bias, which has changed.
  virtual void set_bias() = 0;
  [[nodiscard]] virtual std::size_t scratchpad_bytes() const { return 0; }
  // "jit:avx512_core", "qyolo:winograd:avx512", "qyolo:winograd16:avx512_vnni", "qyolo:gemm:avx2".
  [[nodiscard]] const std::string& kernel() const { return kernel_; }

 protected:
  Convolution() = default;

  std::string kernel_;
};

}  // namespace qyolo::engine
