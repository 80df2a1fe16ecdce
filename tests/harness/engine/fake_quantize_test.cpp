#include "harness/engine/fake_quantize.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace qyolo::model {
namespace {

using ::testing::ElementsAre;

std::vector<float> quantized(std::vector<float> values, const FakeQuantization& map) {
  fake_quantize(values, map);
  return values;
}

TEST(FakeQuantize, RoundsHalfToEven) {
  EXPECT_THAT(quantized({0.5F, 1.5F, 2.5F, -0.5F, -1.5F, 1.25F, 1.75F}, {1, 8, 4}),
              ElementsAre(0, 2, 2, 0, -2, 1, 2));
  EXPECT_THAT(quantized({0.25F, 0.75F, 1.25F}, {0.5F, 0, 8}), ElementsAre(0, 1, 1));
}

TEST(FakeQuantize, LimitsToTheCodes) {
  EXPECT_THAT(quantized({-4, -3, 12, 13, 1e30F, -1e30F}, {1, 3, 4}),
              ElementsAre(-3, -3, 12, 12, 12, -3));
  EXPECT_THAT(quantized({-1, 300, INFINITY, -INFINITY}, {1, 0, 8}), ElementsAre(0, 255, 255, 0));
}

TEST(FakeQuantize, MatchesTheFormulaAndIsIdempotent) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 3);
  std::vector<float> values(10000);
  for (float& value : values) value = normal(random);
  for (const FakeQuantization& map :
       {FakeQuantization{0.0371F, 100, 8}, {0.31F, 5, 4}, {0.1F, 0, 6}, {1e-38F, 255, 8}}) {
    const std::vector<float> once = quantized(values, map);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float code = std::nearbyint(values[i] / map.scale) + static_cast<float>(map.zero_point);
      const float limited = std::clamp(code, 0.0F, static_cast<float>((1 << map.bits) - 1));
      ASSERT_EQ(once[i], map.scale * (limited - static_cast<float>(map.zero_point))) << values[i];
    }
    EXPECT_EQ(quantized(once, map), once);
  }
}

TEST(FakeQuantize, ZeroIsExactAndNaNStays) {
  const auto values = quantized({0, -0.0F, NAN}, {0.1F, 7, 8});
  EXPECT_EQ(values[0], 0);
  EXPECT_EQ(values[1], 0);
  EXPECT_TRUE(std::isnan(values[2]));
}

}  // namespace
}  // namespace qyolo::model
