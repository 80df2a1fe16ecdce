#include "metrics/statistics.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace qyolo::metrics {
namespace {

constexpr std::array<double, 7> kSamples = {3.5, -1.25, 10, 7.125, 2, 2, 9.75};

TEST(Statistics, QuantilesAreNumPysInEveryBit) {
  EXPECT_EQ(quantile(kSamples, 0), -1.25);
  EXPECT_EQ(quantile(kSamples, 0.1), 0x1.6666666666668p-1);
  EXPECT_EQ(quantile(kSamples, 0.25), 2.0);
  EXPECT_EQ(quantile(kSamples, 0.5), 3.5);
  EXPECT_EQ(quantile(kSamples, 0.95), 0x1.3d9999999999ap+3);
  EXPECT_EQ(quantile(kSamples, 0.99), 0x1.3f851eb851eb8p+3);
  EXPECT_EQ(quantile(kSamples, 1), 10.0);
}

TEST(Statistics, SummaryOfSamples) {
  const Summary summary = summarize(kSamples);
  EXPECT_DOUBLE_EQ(summary.mean, 4.732142857142857);
  EXPECT_DOUBLE_EQ(summary.stddev, 4.298999745234211);
  EXPECT_EQ(summary.min, -1.25);
  EXPECT_EQ(summary.median, 3.5);
  EXPECT_EQ(summary.p95, quantile(kSamples, 0.95));
  EXPECT_EQ(summary.p99, quantile(kSamples, 0.99));
  EXPECT_EQ(summary.max, 10.0);
  EXPECT_EQ(summary.mad, 3.625);
}

TEST(Statistics, MedianOfAnEvenNumberIsTheMiddleOfTwo) {
  EXPECT_EQ(summarize(std::vector<double>{4, 1, 3, 2}).median, 2.5);
}

TEST(Statistics, OneSampleHasNoSpread) {
  const Summary summary = summarize(std::vector<double>{2.5});
  EXPECT_EQ(summary.mean, 2.5);
  EXPECT_EQ(summary.stddev, 0.0);
  EXPECT_EQ(summary.p99, 2.5);
  EXPECT_EQ(summary.mad, 0.0);
}

TEST(Statistics, SpreadOfLargeNumbersIsNotLost) {
  EXPECT_DOUBLE_EQ(summarize(std::vector<double>{1e9 + 1, 1e9 + 2, 1e9 + 3}).stddev, 1.0);
}

// Tabulated values.
TEST(Statistics, NormalDistributionAndItsInverse) {
  EXPECT_EQ(normal_cdf(0), 0.5);
  EXPECT_NEAR(normal_cdf(1.959963984540054), 0.975, 1e-15);
  EXPECT_NEAR(normal_cdf(-6), 9.865876450376946e-10, 1e-21);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-12);
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-12);
  EXPECT_NEAR(normal_quantile(1e-9), -5.997807015007687, 1e-10);
}

TEST(Statistics, StudentTQuantiles) {
  EXPECT_NEAR(student_t_quantile(0.975, 3), 3.182446, 0.035);
  EXPECT_NEAR(student_t_quantile(0.975, 6), 2.446912, 0.00245);
  EXPECT_NEAR(student_t_quantile(0.975, 30), 2.042272, 1e-5);
  EXPECT_NEAR(student_t_quantile(0.9, 10), 1.372184, 1e-3);
  EXPECT_NEAR(student_t_quantile(0.975, 1e9), 1.959963984540054, 1e-8);
  EXPECT_NEAR(student_t_quantile(0.025, 30), -2.042272, 1e-5);
}

}  // namespace
}  // namespace qyolo::metrics
