#include "metrics/score_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

namespace qyolo::metrics {
namespace {

using ::testing::ElementsAre;

std::vector<std::uint32_t> by_comparison(const std::vector<double>& scores) {
  std::vector<std::uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; });
  return order;
}

// Scores that exercise every part of a double: few and many distinct values, neighbours that differ
// in the last bit only, both signs, zeros, extremes.
std::vector<double> random_scores(std::size_t count, int kind) {
  std::mt19937_64 random(static_cast<std::uint64_t>(kind) + 7);
  std::uniform_int_distribution<int> digits(0, 100000);
  const std::vector<double> special = {0.0,    -0.0,          1.0,           -1.0,
                                       1e-310, -1e-310,       1e300,         -1e300,
                                       0.5,    0.5 + 0x1p-53, 0.5 + 0x1p-52, 0.5 + 0x1p-30};
  std::vector<double> scores(count);
  for (double& score : scores) {
    const int draw = digits(random);
    if (kind == 0) score = draw / 100000.0;
    if (kind == 1) score = special[static_cast<std::size_t>(draw) % special.size()];
    if (kind == 2) score = 0.7 + draw * 0x1p-52;
    if (kind == 3) score = 0.25;
    if (kind == 4) score = std::ldexp(draw - 50000.0, draw % 97 - 48);
  }
  return scores;
}

TEST(ScoreOrder, DescendsAndKeepsTheOrderOfEqualScores) {
  EXPECT_THAT(descending_order(std::vector<double>{0.1, 0.9, 0.5, 0.9, 0.1}),
              ElementsAre(1, 3, 2, 0, 4));
  EXPECT_TRUE(descending_order({}).empty());
}

TEST(ScoreOrder, ZeroAndMinusZeroAreEqual) {
  std::vector<double> scores(1000, -1.0);
  scores[3] = -0.0;
  scores[500] = 0.0;
  scores[700] = -0.0;
  const auto order = descending_order(scores);
  EXPECT_THAT(std::vector(order.begin(), order.begin() + 4), ElementsAre(3, 500, 700, 0));
}

TEST(ScoreOrder, IsThatOfAStableComparisonSort) {
  for (int kind = 0; kind < 5; ++kind) {
    for (const std::size_t count : {1, 2, 100, 255, 256, 257, 5000}) {
      const auto scores = random_scores(count, kind);
      EXPECT_EQ(descending_order(scores), by_comparison(scores)) << kind << ", " << count;
    }
  }
}

}  // namespace
}  // namespace qyolo::metrics
