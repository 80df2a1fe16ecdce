#include "harness/quant/activation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace qyolo::quant {
namespace {

using ::testing::HasSubstr;

constexpr double kLargestFloat = std::numeric_limits<float>::max();

TEST(CalibrationMethod, NamesRoundTrip) {
  for (const char* name :
       {"minmax", "percentile:99.9", "percentile:99.99", "percentile:100", "mse", "entropy"}) {
    const auto method = CalibrationMethod::parse(name);
    ASSERT_TRUE(method.ok()) << name;
    EXPECT_EQ(method->name(), name);
  }
}

TEST(CalibrationMethod, PercentilesOutsideFiftyToHundredAreRefused) {
  for (const char* name : {"percentile:", "percentile:50", "percentile:100.1", "percentile:nan",
                           "percentile:-1", "percentile:99.9%", "percentile:inf"}) {
    const auto method = CalibrationMethod::parse(name);
    ASSERT_FALSE(method.ok()) << name;
    EXPECT_THAT(method.error().message, HasSubstr("50 < P <= 100")) << name;
  }
}

TEST(CalibrationMethod, UnknownNamesListTheKnownOnes) {
  EXPECT_EQ(CalibrationMethod::parse("kl").error().message,
            "activation range 'kl': expected one of minmax, percentile:P, mse, entropy");
}

TEST(ActivationParameters, AreThoseOfTheFormula) {
  EXPECT_EQ(activation_parameters({0, 255}, 8), (ActivationParameters{1, 0, 8}));
  EXPECT_EQ(activation_parameters({-64, 191}, 8), (ActivationParameters{1, 64, 8}));
  EXPECT_EQ(activation_parameters({-0.25, 3.5}, 4), (ActivationParameters{0.25F, 1, 4}));
  EXPECT_EQ(activation_parameters({0, 1}, 8).scale, 1.0F / 255);
}

TEST(ActivationParameters, ZeroPointsRoundHalfToEven) {
  EXPECT_EQ(activation_parameters({-0.5, 14.5}, 4).zero_point, 0);
  EXPECT_EQ(activation_parameters({-1.5, 13.5}, 4).zero_point, 2);
  EXPECT_EQ(activation_parameters({-2.5, 12.5}, 4).zero_point, 2);
}

TEST(ActivationParameters, RangesAreExtendedToContainZero) {
  EXPECT_EQ(activation_parameters({3, 15}, 4), (ActivationParameters{1, 0, 4}));
  EXPECT_EQ(activation_parameters({-15, -3}, 4), (ActivationParameters{1, 15, 4}));
  EXPECT_EQ(activation_parameters({63, 63}, 6), (ActivationParameters{1, 0, 6}));
}

TEST(ActivationParameters, NothingButZeroIsExact) {
  EXPECT_EQ(activation_parameters({0, 0}, 5), (ActivationParameters{1, 0, 5}));
}

TEST(ActivationParameters, ExtremeRangesStayFinite) {
  for (const double magnitude : {1e-45, 1e-38, 1.0, 1e38, kLargestFloat}) {
    for (const int bits : {4, 8}) {
      for (const Interval& range :
           {Interval{-magnitude, magnitude}, {0, magnitude}, {-magnitude, 0}}) {
        const ActivationParameters p = activation_parameters(range, bits);
        EXPECT_TRUE(std::isnormal(p.scale)) << magnitude;
        EXPECT_GE(p.zero_point, 0);
        EXPECT_LE(p.zero_point, (1 << bits) - 1);
        EXPECT_TRUE(std::isfinite(p.scale * static_cast<float>(-p.zero_point)));
        EXPECT_TRUE(std::isfinite(p.scale * static_cast<float>((1 << bits) - 1 - p.zero_point)));
      }
    }
  }
}

}  // namespace
}  // namespace qyolo::quant
