#include "harness/model/fuse.h"

#include <cmath>
#include <cstddef>

namespace qyolo::model {
namespace {

std::size_t index(int value) { return static_cast<std::size_t>(value); }

// Weights of one filter.
std::span<float> filter_of(ConvNode& conv, std::size_t filter) {
  const std::size_t size = conv.weight.size() / index(conv.filters);
  return std::span(conv.weight).subspan(filter * size, size);
}

void scale_in_place(std::span<float> values, double scale) {
  for (float& value : values) value = static_cast<float>(value * scale);
}

}  // namespace

ChannelAffine batch_norm_affine(std::span<const float> gamma, std::span<const float> beta,
                                std::span<const float> mean, std::span<const float> variance,
                                double eps) {
  ChannelAffine affine;
  affine.scale.reserve(gamma.size());
  affine.shift.reserve(gamma.size());
  for (std::size_t i = 0; i < gamma.size(); ++i) {
    // In FP32, as the official pipeline fuses: the numbers to be quantized are then its numbers.
    const float deviation = std::sqrt(variance[i] + static_cast<float>(eps));
    affine.scale.push_back(gamma[i] / deviation);
    affine.shift.push_back(beta[i] - gamma[i] * mean[i] / deviation);
  }
  return affine;
}

void fold_affine(ConvNode& conv, const ChannelAffine& affine) {
  for (std::size_t filter = 0; filter < index(conv.filters); ++filter) {
    scale_in_place(filter_of(conv, filter), affine.scale[filter]);
    conv.bias[filter] =
        static_cast<float>(conv.bias[filter] * affine.scale[filter] + affine.shift[filter]);
  }
}

void fold_rep_branches(ConvNode& conv, const RepBranches& branches) {
  const std::size_t area = index(conv.kernel_h) * index(conv.kernel_w);
  const std::size_t centre = area / 2;
  const std::size_t channels = index(conv.channels / conv.groups);
  const std::size_t filters_per_group = index(conv.filters / conv.groups);
  const bool has_pointwise = !branches.pointwise_weight.empty();
  const bool has_identity = !branches.identity.scale.empty();

  for (std::size_t filter = 0; filter < index(conv.filters); ++filter) {
    const std::span<float> weights = filter_of(conv, filter);
    // The identity of a filter is its own channel, counted within the filter's group.
    const std::size_t own_channel = filter % filters_per_group;
    for (std::size_t channel = 0; channel < channels; ++channel) {
      double added = 0;
      if (has_pointwise) {
        added += branches.pointwise_weight[filter * channels + channel] *
                 branches.pointwise.scale[filter];
      }
      if (has_identity && channel == own_channel) added += branches.identity.scale[filter];
      const std::span<float> kernel = weights.subspan(channel * area, area);
      const double centre_weight = kernel[centre] * branches.dense.scale[filter] + added;
      scale_in_place(kernel, branches.dense.scale[filter]);
      kernel[centre] = static_cast<float>(centre_weight);
    }
    double bias = conv.bias[filter] * branches.dense.scale[filter] + branches.dense.shift[filter];
    if (has_pointwise) {
      bias += branches.pointwise_bias[filter] * branches.pointwise.scale[filter] +
              branches.pointwise.shift[filter];
    }
    if (has_identity) bias += branches.identity.shift[filter];
    conv.bias[filter] = static_cast<float>(bias);
  }
}

void fold_implicit(ConvNode& conv, std::span<const float> add, std::span<const float> multiply) {
  for (std::size_t filter = 0; filter < index(conv.filters); ++filter) {
    const std::span<float> weights = filter_of(conv, filter);
    double bias = conv.bias[filter];
    for (std::size_t channel = 0; channel < weights.size(); ++channel)
      bias += double{weights[channel]} * add[channel];
    scale_in_place(weights, multiply[filter]);
    conv.bias[filter] = static_cast<float>(bias * multiply[filter]);
  }
}

}  // namespace qyolo::model
