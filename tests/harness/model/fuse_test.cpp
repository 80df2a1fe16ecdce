#include "harness/model/fuse.h"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

#include "tests/support/checkpoint_writer.h"

namespace qyolo::model {
namespace {

using ::testing::ElementsAre;
using testing::pseudo_random;

ConvNode conv_of(int filters, int channels, int kernel, int groups, std::vector<float> weight,
                 std::vector<float> bias) {
  ConvNode conv;
  conv.filters = filters;
  conv.channels = channels;
  conv.groups = groups;
  conv.kernel_h = conv.kernel_w = kernel;
  conv.pad_h = conv.pad_w = kernel / 2;
  conv.weight = std::move(weight);
  conv.bias = std::move(bias);
  return conv;
}

// The convolution's output at one position of a map [channels, side, side], summed directly.
double output_at(const ConvNode& conv, const std::vector<float>& map, int side, int filter, int row,
                 int column) {
  const int channels = conv.channels / conv.groups;
  const int first = filter / (conv.filters / conv.groups) * channels;
  double sum = conv.bias[static_cast<std::size_t>(filter)];
  for (int c = 0; c < channels; ++c) {
    for (int i = 0; i < conv.kernel_h; ++i) {
      for (int j = 0; j < conv.kernel_w; ++j) {
        const int y = row + i - conv.pad_h, x = column + j - conv.pad_w;
        if (y < 0 || y >= side || x < 0 || x >= side) continue;
        const int at = ((filter * channels + c) * conv.kernel_h + i) * conv.kernel_w + j;
        sum += double{conv.weight[static_cast<std::size_t>(at)]} *
               map[static_cast<std::size_t>(((first + c) * side + y) * side + x)];
      }
    }
  }
  return sum;
}

TEST(BatchNormAffine, FollowsTheDefinition) {
  const std::vector<float> gamma = {3, 1}, beta = {0.5F, -1}, mean = {2, 0}, variance = {3.75F, 0};
  const ChannelAffine affine = batch_norm_affine(gamma, beta, mean, variance, 0.25);
  EXPECT_THAT(affine.scale, ElementsAre(1.5, 2));
  EXPECT_THAT(affine.shift, ElementsAre(-2.5, -1));
}

TEST(FoldAffine, ScalesWeightsAndBiasPerFilter) {
  ConvNode conv = conv_of(2, 2, 1, 1, {1, 2, 3, 4}, {10, 20});
  fold_affine(conv, {{2, -1}, {0.5, 7}});
  EXPECT_THAT(conv.weight, ElementsAre(2, 4, -3, -4));
  EXPECT_THAT(conv.bias, ElementsAre(20.5F, -13));
}

TEST(FoldImplicit, MatchesAddingAndMultiplyingAround) {
  ConvNode conv = conv_of(2, 2, 1, 1, {1, 2, 3, 4}, {10, 20});
  fold_implicit(conv, std::vector<float>{0.5F, -1}, std::vector<float>{2, 3});
  EXPECT_THAT(conv.weight, ElementsAre(2, 4, 9, 12));
  EXPECT_THAT(conv.bias, ElementsAre((0.5F - 2 + 10) * 2, (1.5F - 4 + 20) * 3));
}

// RepConv with all three branches, against their sum computed apart.
void expect_branches_add_up(int channels, int groups) {
  constexpr int kSide = 4;
  const auto n = static_cast<std::size_t>(channels);
  const std::size_t per_filter = n / static_cast<std::size_t>(groups);
  const auto affine = [&](std::uint32_t seed) {
    const auto scale = pseudo_random(n, seed), shift = pseudo_random(n, seed + 1);
    return ChannelAffine{{scale.begin(), scale.end()}, {shift.begin(), shift.end()}};
  };
  const ConvNode dense = conv_of(channels, channels, 3, groups,
                                 pseudo_random(n * per_filter * 9, 1), pseudo_random(n, 2));
  const ConvNode pointwise =
      conv_of(channels, channels, 1, groups, pseudo_random(n * per_filter, 3), pseudo_random(n, 4));
  const RepBranches branches{affine(10), pointwise.weight, pointwise.bias, affine(20), affine(30)};
  ConvNode merged = dense;
  fold_rep_branches(merged, branches);

  const std::vector<float> map = pseudo_random(n * kSide * kSide, 5);
  for (int filter = 0; filter < channels; ++filter) {
    const auto f = static_cast<std::size_t>(filter);
    for (int row = 0; row < kSide; ++row) {
      for (int column = 0; column < kSide; ++column) {
        const double own = map[static_cast<std::size_t>((filter * kSide + row) * kSide + column)];
        const double expected =
            output_at(dense, map, kSide, filter, row, column) * branches.dense.scale[f] +
            branches.dense.shift[f] +
            output_at(pointwise, map, kSide, filter, row, column) * branches.pointwise.scale[f] +
            branches.pointwise.shift[f] + own * branches.identity.scale[f] +
            branches.identity.shift[f];
        EXPECT_NEAR(output_at(merged, map, kSide, filter, row, column), expected, 1e-5);
      }
    }
  }
}

TEST(FoldRepBranches, MergedKernelEqualsTheSumOfBranches) { expect_branches_add_up(3, 1); }
TEST(FoldRepBranches, GroupsKeepTheirOwnIdentity) { expect_branches_add_up(6, 2); }

TEST(FoldRepBranches, AbsentBranchesAddNothing) {
  ConvNode conv = conv_of(1, 1, 3, 1, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1});
  fold_rep_branches(conv, {{{2}, {5}}, {}, {}, {}, {}});
  EXPECT_THAT(conv.weight, ::testing::Each(2));
  EXPECT_THAT(conv.bias, ElementsAre(7));
}

}  // namespace
}  // namespace qyolo::model
