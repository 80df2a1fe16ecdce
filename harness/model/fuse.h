// Folding what follows or precedes a convolution into its weights. Pure functions; arithmetic is
// FP64, results are FP32.
#pragma once

#include <span>
#include <vector>

#include "harness/model/graph.h"

namespace qyolo::model {

// y = scale x + shift per channel: what batch normalization does at inference.
struct ChannelAffine {
  std::vector<double> scale, shift;
};

// scale = gamma / sqrt(variance + eps), shift = beta - mean * scale (Ioffe and Szegedy 2015).
// REQUIRES: all of one size.
[[nodiscard]] ChannelAffine batch_norm_affine(std::span<const float> gamma,
                                              std::span<const float> beta,
                                              std::span<const float> mean,
                                              std::span<const float> variance, double eps);

// conv <- affine(conv). REQUIRES: one entry per filter.
void fold_affine(ConvNode& conv, const ChannelAffine& affine);

// The branches of a RepConv (Ding et al. 2021, RepVGG) beside its k x k one: a 1x1 convolution of
// the same filters and channels, and an identity. A branch without an affine has none.
struct RepBranches {
  ChannelAffine dense;
  std::vector<float> pointwise_weight;  // [filters, channels / groups]; empty: no such branch
  std::vector<float> pointwise_bias;
  ChannelAffine pointwise;
  ChannelAffine identity;  // empty: no such branch
};
// conv <- dense(conv) + pointwise(1x1 conv, in the kernel's centre) + identity.
// REQUIRES: odd kernel sides; with an identity, as many filters as input channels.
void fold_rep_branches(ConvNode& conv, const RepBranches& branches);

// conv(x) <- conv(x + add) * multiply: implicit knowledge (Wang et al. 2021, YOLOR). `add` has one
// value per input channel, `multiply` one per filter. REQUIRES: a 1x1 kernel, one group.
void fold_implicit(ConvNode& conv, std::span<const float> add, std::span<const float> multiply);

}  // namespace qyolo::model
