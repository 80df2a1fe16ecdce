#include "harness/quant/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/harness/quant/synthetic_weights.h"

namespace qyolo::quant {
namespace {

using ::testing::ElementsAre;
using testing::synthetic_weights;

TEST(Kernels, RoundingIsHalfToEven) {
  const std::vector<float> weights = {-2.5F, -1.5F, -0.5F, 0.5F, 1.5F, 2.5F, 2.4999998F};
  std::vector<std::int8_t> codes(weights.size());
  encode_linear(weights, {.low = -8, .high = 7}, codes);
  EXPECT_THAT(codes, ElementsAre(-2, -2, 0, 0, 2, 2, 2));
}

TEST(Kernels, CodesAreClippedHoweverLargeTheWeight) {
  const std::vector<float> weights = {-3e38F, -9, 8, 3e38F};
  std::vector<std::int8_t> codes(weights.size());
  encode_linear(weights, {.scale = 1e38, .low = -8, .high = 7}, codes);
  EXPECT_THAT(codes, ElementsAre(-8, -8, 7, 7));
}

TEST(Kernels, ReconstructionsAreFinite) {
  const std::vector<std::int8_t> codes = {-1, 0, 1};
  std::vector<float> weights(codes.size());
  decode_linear(codes, {.scale = 1e-45}, weights);
  constexpr float kLargest = std::numeric_limits<float>::max();
  EXPECT_THAT(weights, ElementsAre(-kLargest, 0, kLargest));
}

TEST(Kernels, ABreakpointBelongsToTheTail) {
  const PiecewiseMap map{
      .breakpoint = 2, .centre = {.low = -7, .high = 7}, .positive = {}, .negative = {}};
  const std::vector<float> weights = {-2, -1.9999999F, 0, 1.9999999F, 2};
  std::vector<std::int8_t> codes(weights.size());
  std::vector<std::uint8_t> regions(weights.size());
  encode_piecewise(weights, map, codes, regions);
  EXPECT_THAT(regions, ElementsAre(2, 0, 0, 0, 1));
}

TEST(Kernels, SumsAndExtremesAgreeWithPlainLoopsAtEveryLength) {
  const std::vector<float> all = synthetic_weights(70);
  for (std::size_t length = 1; length <= all.size(); ++length) {
    const std::span<const float> weights(all.data(), length);
    const Extremes extremes = find_extremes(weights);
    EXPECT_EQ(extremes.min, *std::min_element(weights.begin(), weights.end()));
    EXPECT_EQ(extremes.max, *std::max_element(weights.begin(), weights.end()));

    const double count = static_cast<double>(length);
    double mean = 0;
    for (const float weight : weights) mean += static_cast<double>(weight) / count;
    double variance = 0;
    for (const float weight : weights) {
      variance += std::pow(static_cast<double>(weight) - mean, 2) / count;
    }
    const Moments moments = find_moments(weights);
    EXPECT_NEAR(moments.mean, mean, 1e-15);
    EXPECT_NEAR(moments.deviation, std::sqrt(variance), 1e-15);

    const std::vector<float> zeros(length);
    const ErrorSums sums = error_sums(weights, zeros);
    EXPECT_NEAR(sums.signal, count * (variance + mean * mean), 1e-13);
    EXPECT_EQ(sums.noise, sums.signal);
  }
}

TEST(Kernels, EqualWeightsHaveNoDeviation) {
  for (const float value : {0.1F, -1e-45F, 3.4e38F}) {
    for (const std::size_t length : {1U, 3U, 9U, 1000U}) {
      const Moments moments = find_moments(std::vector<float>(length, value));
      EXPECT_EQ(moments.mean, static_cast<double>(value));
      EXPECT_EQ(moments.deviation, 0);
    }
  }
}

TEST(Kernels, SquaredErrorIsThatOfTheReconstruction) {
  const std::vector<float> weights = synthetic_weights(101);
  const LinearMap map{.scale = 7.5, .zero_point = 1, .low = -8, .high = 7};
  std::vector<std::int8_t> codes(weights.size());
  std::vector<float> decoded(weights.size());
  encode_linear(weights, map, codes);
  decode_linear(codes, map, decoded);
  EXPECT_NEAR(squared_error(weights, map), error_sums(weights, decoded).noise, 1e-6);

  const LinearMap tail{.scale = 4, .zero_point = -3, .low = -4, .high = 3};
  const LinearMap negative{.scale = 4, .zero_point = 3, .low = -4, .high = 3};
  const PiecewiseMap piecewise{.breakpoint = 0.25,
                               .centre = {.scale = 28, .low = -7, .high = 7},
                               .positive = tail,
                               .negative = negative};
  std::vector<std::uint8_t> regions(weights.size());
  encode_piecewise(weights, piecewise, codes, regions);
  decode_piecewise(codes, regions, piecewise, decoded);
  EXPECT_NEAR(squared_error(weights, piecewise), error_sums(weights, decoded).noise, 1e-6);
}

TEST(Kernels, TheFirstUnusableWeightIsFound) {
  std::vector<float> weights(3000, 1.0F);
  EXPECT_EQ(find_unusable(weights, 1.0F), std::nullopt);
  weights[2999] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(find_unusable(weights, std::numeric_limits<float>::max()), 2999U);
  weights[1025] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(find_unusable(weights, 1.0F), 1025U);
  weights[7] = -1.5F;
  EXPECT_EQ(find_unusable(weights, 1.0F), 7U);
}

}  // namespace
}  // namespace qyolo::quant
