#include "harness/quant/parameters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace qyolo::quant {
namespace {

TEST(RoundStored, HalfPrecisionIsIeee) {
  EXPECT_EQ(round_stored(1.0 + 1.0 / 2048, 16), 1.0F);                // half way: to even
  EXPECT_EQ(round_stored(1.0 + 3.0 / 2048, 16), 1.0F + 4.0F / 2048);  // half way: to even
  EXPECT_EQ(round_stored(1.0 + 1.0001 / 2048, 16), 1.0F + 2.0F / 2048);
  EXPECT_EQ(round_stored(0.1, 16), 0.0999755859375F);
  EXPECT_EQ(round_stored(-0.1, 16), -0.0999755859375F);
  EXPECT_EQ(round_stored(65504, 16), 65504.0F);
  EXPECT_EQ(round_stored(1e9, 16), 65504.0F);
  EXPECT_EQ(round_stored(-1e300, 16), -65504.0F);
  EXPECT_EQ(round_stored(std::ldexp(1, -24), 16), std::ldexp(1.0F, -24));
  EXPECT_EQ(round_stored(std::ldexp(1, -25), 16), 0.0F);  // half way: to even
  EXPECT_EQ(round_stored(std::ldexp(3, -26), 16), std::ldexp(1.0F, -24));
  EXPECT_EQ(round_stored(0, 16), 0.0F);
}

TEST(RoundStored, SinglePrecisionDoesNotOverflow) {
  EXPECT_EQ(round_stored(0.1, 32), 0.1F);
  EXPECT_EQ(round_stored(1e300, 32), std::numeric_limits<float>::max());
  EXPECT_EQ(round_stored(-std::numeric_limits<double>::infinity(), 32),
            -std::numeric_limits<float>::max());
}

TEST(AffineParameters, AreTheFormulas) {
  const AffineParameters found = affine_parameters(-0.3, 1.2, 4, {});
  EXPECT_EQ(found.scale.stored, 10.0F);      // 15 / 1.5
  EXPECT_EQ(found.zero_point, 3.0F - 8.0F);  // -round(-3) - 2^3
  EXPECT_EQ(affine_parameters(-1, 14, 4, {}).zero_point, 1.0F - 8.0F);
  EXPECT_EQ(affine_parameters(2, 3, 1, {}).zero_point, -2.0F - 1.0F);  // one bit: a tail of k = 2
}

TEST(AffineParameters, ZeroPointsOfRangesWithZeroAreCodes) {
  for (int bits = 2; bits <= 8; ++bits) {
    const float half = static_cast<float>(power_of_two(bits - 1));
    for (int i = 0; i <= 100; ++i) {
      const double low = -i / 100.0;
      for (const int scale_bits : {16, 32}) {
        const auto found = affine_parameters(low, low + 1, bits, {.scale_bits = scale_bits});
        EXPECT_GE(found.zero_point, -half);
        EXPECT_LE(found.zero_point, half - 1);
      }
    }
  }
}

TEST(AffineParameters, ARangeFarFromZeroKeepsAnExactZeroPoint) {
  const double low = 1000;
  const double high = static_cast<double>(std::nextafterf(1000.0F, 2000.0F));
  const AffineParameters found = affine_parameters(low, high, 8, {});
  EXPECT_LT(std::abs(found.zero_point), 16777216.0F);
  const double scale = static_cast<double>(found.scale.stored);
  EXPECT_LT(1 / scale, high - low);  // still finer than the two values
  EXPECT_EQ(static_cast<double>(found.zero_point), -std::nearbyint(low * scale) - 128);
}

TEST(AffineParameters, AConstantDecodesExactly) {
  for (const float value : {0.0F, 0.1F, -0.3F, 1.0F, 3.4e38F, -1.2e-38F, 1e-45F}) {
    const double exact = static_cast<double>(value);
    const auto found = affine_parameters(exact, exact, 4, {});
    EXPECT_EQ(-static_cast<double>(found.zero_point) / static_cast<double>(found.scale.stored),
              exact);
  }
}

TEST(AffineParameters, AConstantWithAnIntegerZeroPointDecodesExactlyWhereAPowerOfTwoIsAScale) {
  const SchemeOptions options{.integer_zero_points = true};
  for (const float value : {0.0F, 0.1F, -0.3F, 1.0F, 6.0F, 3.4e38F, -1e-30F}) {
    const double exact = static_cast<double>(value);
    const auto found = affine_parameters(exact, exact, 4, options);
    EXPECT_EQ(found.zero_point, std::nearbyint(found.zero_point));
    EXPECT_LE(std::abs(found.zero_point), 16777216.0F);
    EXPECT_EQ(-static_cast<double>(found.zero_point) / static_cast<double>(found.scale.stored),
              exact);
  }
  // 0.1 has 24 significant bits: not with the scales of half precision.
  const auto half = affine_parameters(static_cast<double>(0.1F), static_cast<double>(0.1F), 4,
                                      {.scale_bits = 16, .integer_zero_points = true});
  EXPECT_EQ(half.zero_point, -1.0F);
  EXPECT_EQ(half.scale.stored, 10.0F);
}

TEST(AffineParameters, ScalesAreFiniteAndPositive) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  const double denormal = static_cast<double>(std::numeric_limits<float>::denorm_min());
  for (int bits = 1; bits <= 8; ++bits) {
    for (const auto& [low, high] : {std::pair{-kLargest, kLargest},
                                    {0.0, denormal},
                                    {-denormal, denormal},
                                    {0.0, kLargest},
                                    {kLargest * 0.999, kLargest}}) {
      const auto found = affine_parameters(low, high, bits, {});
      EXPECT_GT(found.scale.stored, 0);
      EXPECT_TRUE(std::isfinite(found.scale.stored));
      EXPECT_LT(std::abs(found.zero_point), 16777216.0F);
    }
  }
}

}  // namespace
}  // namespace qyolo::quant
