#include "harness/evaluate/head_certainty.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace qyolo::harness {
namespace {

// Rows of two classes: box, objectness, scores.
std::vector<float> rows(std::initializer_list<std::array<float, 3>> anchors) {
  std::vector<float> all;
  for (const auto& [objectness, a, b] : anchors)
    all.insert(all.end(), {0, 0, 1, 1, objectness, a, b});
  return all;
}

HeadComparison compared(const std::vector<float>& reference, const std::vector<float>& other) {
  ReferenceScores scores(1, 2);
  EXPECT_FALSE(scores.has(0));
  scores.keep(0, reference);
  EXPECT_TRUE(scores.has(0));
  return scores.compare(0, other);
}

TEST(HeadComparison, OfEqualScoresIsNothing) {
  const auto same = rows({{0.9F, 0.8F, 0.1F}, {0.0001F, 0.5F, 0.5F}, {0.3F, 0.2F, 0.1F}});
  const HeadComparison found = compared(same, same);
  EXPECT_EQ(found.kl, 0);
  EXPECT_EQ(found.top, 1);
  EXPECT_EQ(found.changed, 0);
}

TEST(HeadComparison, DivergenceIsObjectnessPlusWeightedClasses) {
  const HeadComparison found = compared(rows({{0.5F, 0.5F, 0.25F}, {0.0005F, 0.9F, 0.9F}}),
                                        rows({{0.25F, 0.25F, 0.25F}, {0.001F, 0.1F, 0.1F}}));
  const double expected = bernoulli_kl(0.5, 0.25) + 0.5 * bernoulli_kl(0.5, 0.25) +
                          bernoulli_kl(double{0.0005F}, double{0.001F});
  EXPECT_NEAR(found.kl, expected, 1e-12);
}

TEST(HeadComparison, TopDetectionsChangeByLossGainAndClass) {
  const HeadComparison found = compared(rows({{0.9F, 0.9F, 0.1F},     // stays
                                              {0.9F, 0.9F, 0.1F},     // lost
                                              {0.9F, 0.9F, 0.1F},     // another class
                                              {0.0001F, 0.9F, 0.1F},  // gained
                                              {0.1F, 0.9F, 0.1F}}),   // below before and after
                                        rows({{0.8F, 0.9F, 0.2F},
                                              {0.2F, 0.9F, 0.1F},
                                              {0.9F, 0.4F, 0.6F},
                                              {0.9F, 0.9F, 0.1F},
                                              {0.2F, 0.9F, 0.1F}}));
  EXPECT_EQ(found.top, 4);
  EXPECT_EQ(found.changed, 3);
}

TEST(HeadComparison, OfOneClassTheScoreIsTheObjectness) {
  ReferenceScores scores(1, 1);
  scores.keep(0, std::vector<float>{0, 0, 1, 1, 0.5F, 0.01F});
  const HeadComparison found = scores.compare(0, std::vector<float>{0, 0, 1, 1, 0.6F, 0.9F});
  EXPECT_EQ(found.top, 1);
  EXPECT_EQ(found.changed, 0);
  EXPECT_NEAR(found.kl, bernoulli_kl(0.5, double{0.6F}), 1e-12);
}

TEST(HeadCertainty, IsTheStatisticsOverImages) {
  const std::vector<HeadComparison> images = {{1, 10, 1}, {2, 10, 3}, {6, 20, 0}};
  const HeadCertainty found = summarize(images).value();
  EXPECT_EQ(found.images, 3);
  EXPECT_DOUBLE_EQ(found.kl, 3);
  EXPECT_DOUBLE_EQ(found.kl_standard_error, std::sqrt(7.0 / 3));
  EXPECT_DOUBLE_EQ(found.kl_median, 2);
  EXPECT_DOUBLE_EQ(found.kl_p999, 2 + 4 * 0.998);
  EXPECT_DOUBLE_EQ(found.kl_max, 6);
  EXPECT_EQ(found.top, 40);
  EXPECT_DOUBLE_EQ(found.changed, 0.1);
  // Residuals 0, 2 and -2.
  EXPECT_DOUBLE_EQ(found.changed_standard_error, std::sqrt(8 * 3.0 / 2) / 40);
}

TEST(HeadCertainty, OfNoImagesOrNoNumbersThereIsNone) {
  EXPECT_FALSE(summarize({}).has_value());
  const auto bad = rows({{std::numeric_limits<float>::quiet_NaN(), 0.5F, 0.5F}});
  const std::vector<HeadComparison> images = {compared(rows({{0.5F, 0.5F, 0.5F}}), bad)};
  EXPECT_FALSE(summarize(images).has_value());
  const std::vector<HeadComparison> nothing = {{0, 0, 0}};
  EXPECT_EQ(summarize(nothing)->changed, 0);
}

TEST(HeadCertainty, LooksAtAllImagesOrAtManySpreadEvenly) {
  EXPECT_EQ(std::ranges::count(images_looked_at(240), true), 240);
  const std::vector<bool> some = images_looked_at(5000);
  EXPECT_EQ(std::ranges::count(some, true), 1000);
  EXPECT_EQ(std::ranges::count(some.begin(), some.begin() + 500, true), 100);
}

}  // namespace
}  // namespace qyolo::harness
