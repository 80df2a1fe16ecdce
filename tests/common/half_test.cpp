#include "common/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace qyolo {
namespace {

TEST(Half, KnownValues) {
  EXPECT_EQ(float_from_half(0x3C00), 1.0F);
  EXPECT_EQ(float_from_half(0xC000), -2.0F);
  EXPECT_EQ(float_from_half(0x7BFF), 65504.0F);
  EXPECT_EQ(float_from_half(0x0400), 0x1p-14F);
  EXPECT_EQ(float_from_half(0x0001), 0x1p-24F);
  EXPECT_EQ(float_from_half(0xFC00), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(float_from_half(0x7E00)));
  EXPECT_TRUE(std::signbit(float_from_half(0x8000)));
}

TEST(Half, EveryHalfComesBack) {
  for (std::uint32_t half = 0; half < 0x10000U; ++half) {
    const float value = float_from_half(static_cast<std::uint16_t>(half));
    if (!std::isnan(value)) {
      ASSERT_EQ(half_from_float(value), half);
    }
  }
  EXPECT_TRUE(std::isnan(float_from_half(half_from_float(std::nanf("")))));
}

// Between neighbouring halves: the nearer one, of equally near ones the even one.
TEST(Half, RoundsHalfToEven) {
  for (std::uint32_t half = 0; half < 0x7BFFU; ++half) {
    const float low = float_from_half(static_cast<std::uint16_t>(half));
    const float high = float_from_half(static_cast<std::uint16_t>(half + 1));
    const float middle = low + (high - low) / 2;
    const std::uint32_t even = half % 2 == 0 ? half : half + 1;
    ASSERT_EQ(half_from_float(middle), even) << half;
    ASSERT_EQ(half_from_float(std::nextafter(middle, 0.0F)), half);
    ASSERT_EQ(half_from_float(std::nextafter(middle, 1e9F)), half + 1);
    ASSERT_EQ(half_from_float(-std::nextafter(middle, 1e9F)), (half + 1) | 0x8000U);
  }
  EXPECT_EQ(half_from_float(65519.0F), 0x7BFF);
  EXPECT_EQ(half_from_float(65520.0F), 0x7C00);
  EXPECT_EQ(half_from_float(-1e30F), 0xFC00);
  EXPECT_EQ(half_from_float(1e-30F), 0);
}

}  // namespace
}  // namespace qyolo
