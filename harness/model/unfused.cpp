#include "harness/model/unfused.h"

#include <algorithm>
#include <cmath>

#include "harness/model/fuse.h"

namespace qyolo::model {
namespace {

std::vector<float> or_constant(const std::vector<float>& values, std::size_t count, float value) {
  return values.empty() ? std::vector<float>(count, value) : values;
}

ChannelAffine affine_of(const BatchNorm& norm) {
  const std::size_t channels = norm.mean.size();
  return batch_norm_affine(or_constant(norm.gamma, channels, 1),
                           or_constant(norm.beta, channels, 0), norm.mean, norm.variance, norm.eps);
}

void fold_branches(const UnfusedConv& unfused, ConvNode& node) {
  RepBranches branches;
  branches.dense = affine_of(*unfused.dense.norm);
  if (unfused.pointwise) {
    branches.pointwise_weight = unfused.pointwise->weight;
    branches.pointwise_bias =
        or_constant(unfused.pointwise->bias, static_cast<std::size_t>(node.filters), 0);
    branches.pointwise = affine_of(*unfused.pointwise->norm);
  }
  if (unfused.identity) branches.identity = affine_of(*unfused.identity);
  fold_rep_branches(node, branches);
}

}  // namespace

Status fold(const UnfusedConv& unfused, ConvNode& node) {
  node.weight = unfused.dense.weight;
  node.bias = or_constant(unfused.dense.bias, static_cast<std::size_t>(node.filters), 0);
  if (unfused.pointwise || unfused.identity) {
    fold_branches(unfused, node);
  } else if (unfused.dense.norm) {
    fold_affine(node, affine_of(*unfused.dense.norm));
  }
  if (!unfused.implicit_add.empty())
    fold_implicit(node, unfused.implicit_add, unfused.implicit_multiply);
  const auto finite = [](float value) { return std::isfinite(value); };
  if (!std::ranges::all_of(node.weight, finite) || !std::ranges::all_of(node.bias, finite))
    return error("{}: folding the batch normalization in gives a NaN or an infinity", node.name);
  return {};
}

}  // namespace qyolo::model
