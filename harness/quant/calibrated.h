// Rounding that looks at a layer's inputs: a weight's code is chosen so that the errors of the
// filter's weights cancel in its outputs, in place of each being smallest by itself.
//
// The error of a filter is e^T H e, with e = w - q its weights' errors and H the second moments of
// its inputs about their means (input_moments.h), damped.
// - gptq (Frantar et al., arXiv 2210.17323; for convolutions OBC, arXiv 2208.11580): one weight
//   after the other, the input with the largest moment first, is rounded to nearest, and the
//   weights not yet rounded make up for its error as well as they can. Written with H = L L^T: the
//   last column first, weight j is rounded from w_j + sum over i > j of L_ij / L_jj e_i, which is
//   what the updates by the upper Cholesky factor of the inverse come to (Chen et al., arXiv
//   2507.18553).
// - coordinate: from there on, in passes, each weight in turn takes the value that makes the
//   filter's error smallest while all others stay, until none changes.
//   Where groups lie within filters and the scheme's scales are fine enough, each group's scale
//   then becomes the one of least error for the codes it has, and passes and scales take turns.
//   Where there are samples of the inputs (input_samples.h), weights are first moved to where the
//   layer's outputs come near to those wanted of it, and in the end biases, codes and scales are
//   moved to what is best behind the activation (output_rounding.h).
// Both need of a scheme nothing but the values that its codes decode to (grids.h).
#pragma once

#include <span>

#include "common/result.h"
#include "harness/quant/input_moments.h"
#include "harness/quant/output_rounding.h"
#include "harness/quant/quantize.h"

namespace qyolo::quant {

// Of what it does: numbers made by another one are not this one's.
inline constexpr int kCalibratedRoundingVersion = 5;

// Whether the recipe needs the moments of a layer's inputs.
[[nodiscard]] bool needs_inputs(const Recipe& recipe);

// What filters make of their sums.
struct FilterOutputs {
  std::span<const float> bias;  // one per filter; none: all zero
  Activation activation;
};

struct CalibratedTensor {
  QuantizedTensor tensor;
  std::vector<double> bias_change;  // of each filter, which takes up what it can of the errors
};

// What quantize_calibrated() makes of these inputs at first, for who quantizes by them repeatedly.
[[nodiscard]] std::vector<RoundingOrder> rounding_orders(std::span<const InputMoments> inputs,
                                                         int threads = 0);

// As quantize(), by options.rounding and options.range. `inputs`: one per group of a grouped
// convolution, whose filters are equally many and follow each other. The result does not depend on
// the number of threads. Where H is singular, damping makes it regular; where it is zero, every
// weight is rounded to nearest. `orders`: of these inputs; none: they are made.
Result<CalibratedTensor> quantize_calibrated(std::span<const float> weights, const Shape& shape,
                                             const Recipe& recipe,
                                             std::span<const InputMoments> inputs,
                                             const FilterOutputs& outputs = {}, int threads = 0,
                                             std::span<const RoundingOrder> orders = {});

}  // namespace qyolo::quant
