#include "metrics/rank_correlation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace qyolo::metrics {
namespace {

TEST(RankCorrelation, OfOneOrderIsOneAndOfTheReverseMinusOne) {
  const std::vector<double> a = {0.1, 5, 7, 1000};
  const std::vector<double> same = {-3, -2, 0, 0.5};
  const std::vector<double> reversed = {9, 8, 7, 6};
  EXPECT_DOUBLE_EQ(*spearman(a, same), 1);
  EXPECT_DOUBLE_EQ(*kendall(a, same), 1);
  EXPECT_DOUBLE_EQ(*spearman(a, reversed), -1);
  EXPECT_DOUBLE_EQ(*kendall(a, reversed), -1);
}

// 1 - 6 sum d^2 / (n (n^2 - 1)) with d = (1, -1, 0, 1, -1) or so: ranks 1 2 3 4 5 and 2 1 3 5 4.
TEST(RankCorrelation, OfTwoSwapsIsTheFormulasValue) {
  const std::vector<double> a = {1, 2, 3, 4, 5};
  const std::vector<double> b = {2, 1, 3, 5, 4};
  EXPECT_DOUBLE_EQ(*spearman(a, b), 1 - 6.0 * 4 / (5 * 24));
  EXPECT_DOUBLE_EQ(*kendall(a, b), (8.0 - 2.0) / 10);
}

// Ranks 1 2.5 2.5 4 against 1 2 3 4: covariance 4.5, variances 4.5 and 5. Of 6 pairs 5 agree and 1
// is tied on one side.
TEST(RankCorrelation, GivesTiesTheirMeanRank) {
  const std::vector<double> a = {1, 2, 2, 3};
  const std::vector<double> b = {1, 2, 3, 4};
  EXPECT_DOUBLE_EQ(*spearman(a, b), 4.5 / std::sqrt(4.5 * 5));
  EXPECT_DOUBLE_EQ(*kendall(a, b), 5 / std::sqrt(5.0 * 6));
}

TEST(RankCorrelation, IsUndefinedWhereOneSideIsConstantOrThereIsOnePair) {
  const std::vector<double> constant = {2, 2, 2};
  const std::vector<double> other = {1, 2, 3};
  const std::vector<double> one = {1};
  EXPECT_FALSE(spearman(constant, other));
  EXPECT_FALSE(kendall(constant, other));
  EXPECT_FALSE(spearman(one, one));
  EXPECT_FALSE(kendall(one, one));
}

}  // namespace
}  // namespace qyolo::metrics
