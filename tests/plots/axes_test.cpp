#include "plots/axes.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace qyolo::plots {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> labels(const std::vector<Tick>& ticks) {
  std::vector<std::string> result;
  for (const Tick& tick : ticks) result.push_back(tick.label);
  return result;
}

TEST(Scale, MapsTheDomainToThePixels) {
  const Scale linear(Scale::Kind::kLinear, 0, 10, 100, 0);
  EXPECT_DOUBLE_EQ(linear(0), 100);
  EXPECT_DOUBLE_EQ(linear(2.5), 75);
  const Scale log2(Scale::Kind::kLog2, 1, 16, 0, 400);
  EXPECT_DOUBLE_EQ(log2(4), 200);
}

TEST(Scale, WidensADomainWithoutExtent) {
  for (const auto kind : {Scale::Kind::kLinear, Scale::Kind::kLog2}) {
    for (const double value : {0.0, 1.0, 1e15}) {
      const Scale scale(kind, value, value, 0, 100);
      EXPECT_TRUE(std::isfinite(scale(value)));
      EXPECT_LT(scale.low(), scale.high());
      EXPECT_LE(ticks_of(scale, 5).size(), 24U);
    }
  }
}

TEST(NiceStep, IsOneTwoOrFive) {
  EXPECT_DOUBLE_EQ(nice_step(10, 5), 2);
  EXPECT_DOUBLE_EQ(nice_step(100, 8), 20);
  EXPECT_DOUBLE_EQ(nice_step(0.3, 3), 0.1);
  EXPECT_DOUBLE_EQ(nice_step(9, 2), 5);
  EXPECT_DOUBLE_EQ(nice_step(6, 1), 10);
}

TEST(Ticks, AreRoundAndWithinTheDomain) {
  EXPECT_THAT(labels(ticks_of({Scale::Kind::kLinear, 0, 80, 0, 1}, 5)),
              ElementsAre("0", "20", "40", "60", "80"));
  EXPECT_THAT(labels(ticks_of({Scale::Kind::kLinear, -0.13, 0.11, 0, 1}, 3)),
              ElementsAre("-0.1", "0", "0.1"));
  EXPECT_THAT(labels(ticks_of({Scale::Kind::kLinear, 0.95e6, 1.55e6, 0, 1}, 3, 1e6)),
              ElementsAre("1", "1.2", "1.4"));
}

TEST(Ticks, OfALog2ScaleArePowersOfTwoWithHalvesWhereTheyFit) {
  EXPECT_THAT(labels(ticks_of({Scale::Kind::kLog2, 0.5e6, 2.1e6, 0, 1}, 9, 1e6)),
              ElementsAre("0.5", "0.75", "1", "1.5", "2"));
  EXPECT_THAT(labels(ticks_of({Scale::Kind::kLog2, 1, 1024, 0, 1}, 5)),
              ElementsAre("1", "4", "16", "64", "256", "1024"));
}

TEST(Ticks, AreBoundedForAnyDomain) {
  EXPECT_LE(ticks_of({Scale::Kind::kLinear, -1e300, 1e300, 0, 1}, 5).size(), 24U);
  EXPECT_LE(ticks_of({Scale::Kind::kLog2, 1e-300, 1e300, 0, 1}, 9).size(), 24U);
}

}  // namespace
}  // namespace qyolo::plots
