#include "harness/quant/activation_histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "tests/harness/quant/histogram_of.h"

namespace qyolo::quant {
namespace {

using ::testing::ElementsAre;

// As a network's activations are: most near 0, some far away.
std::vector<float> heavy_tailed(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) {
    const float x = normal(random);
    value = x * x * x;
  }
  return values;
}

std::int64_t content(const ActivationHistogram& histogram) {
  return std::accumulate(histogram.bins().begin(), histogram.bins().end(), std::int64_t{0});
}

TEST(ActivationHistogram, IntegersFallIntoTheirOwnBins) {
  std::vector<float> values = {-2, 8189, 5, 5};  // 8192 integers from -2 on
  const ActivationHistogram histogram = histogram_of(values);
  EXPECT_EQ(histogram.width(), 1);
  EXPECT_EQ(histogram.first_bin(), -2);
  ASSERT_EQ(histogram.bins().size(), 8192U);
  EXPECT_EQ(histogram.bins()[0], 1);
  EXPECT_EQ(histogram.bins()[7], 2);
  EXPECT_EQ(histogram.bins()[8191], 1);
  EXPECT_EQ(histogram.count(), 4);
}

TEST(ActivationHistogram, AValueOutsideDoublesTheWidth) {
  ActivationHistogram histogram = histogram_of({-3, -2, -1, 0, 1, 8188});
  EXPECT_EQ(histogram.width(), 1);
  histogram.observe(std::vector<float>{8189});
  EXPECT_EQ(histogram.width(), 2);
  EXPECT_EQ(histogram.first_bin(), -2);  // [-4, -2)
  EXPECT_THAT(std::vector(histogram.bins().begin(), histogram.bins().begin() + 3),
              ElementsAre(1, 2, 2));
  EXPECT_EQ(histogram.bins().back(), 2);
}

TEST(ActivationHistogram, ValuesJustBelowZeroAreNotInTheBinOfZero) {
  const ActivationHistogram histogram = histogram_of({-1e-30F, 0, 1});
  EXPECT_EQ(histogram.first_bin(), -1);
  EXPECT_EQ(histogram.bins()[0], 1);
  EXPECT_EQ(histogram.bins()[1], 1);
}

TEST(ActivationHistogram, DoesNotDependOnOrderBatchesOrThreads) {
  const std::vector<float> values = heavy_tailed(400000, 1);
  const ActivationHistogram expected = histogram_of(values);
  EXPECT_EQ(content(expected), expected.count());
  EXPECT_GT(expected.bins().size(), 4096U);
  for (const int threads : {2, 3, 5}) {
    ActivationHistogram histogram;
    histogram.observe(values, threads);
    EXPECT_EQ(histogram, expected);
  }
  std::vector<float> sorted = values;
  std::ranges::sort(sorted, [](float a, float b) { return std::abs(a) < std::abs(b); });
  ActivationHistogram grown;
  for (std::size_t i = 0; i < sorted.size(); i += 1000)
    grown.observe(std::span(sorted).subspan(i, 1000));
  EXPECT_EQ(grown, expected);
}

TEST(ActivationHistogram, MergingIsObservingBoth) {
  const std::vector<float> small = heavy_tailed(1000, 2);
  std::vector<float> large = heavy_tailed(1000, 3);
  for (float& value : large) value = 100 * std::abs(value);
  std::vector<float> both = small;
  both.insert(both.end(), large.begin(), large.end());
  ActivationHistogram histogram = histogram_of(small);
  histogram.merge(histogram_of(large));
  EXPECT_EQ(histogram, histogram_of(both));
  ActivationHistogram other_way = histogram_of(large);
  other_way.merge(histogram_of(small));
  EXPECT_EQ(other_way, histogram_of(both));
  histogram.merge(ActivationHistogram());
  EXPECT_EQ(histogram, histogram_of(both));
  ActivationHistogram empty;
  empty.merge(histogram_of(small));
  EXPECT_EQ(empty, histogram_of(small));
}

TEST(ActivationHistogram, OneValueIsOneBinWhateverItIs) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  constexpr float kSmallest = std::numeric_limits<float>::denorm_min();
  for (const float value : {0.0F, 1.0F, -3.7F, kSmallest, -kSmallest, kLargest, -kLargest}) {
    const ActivationHistogram histogram = histogram_of({value, value});
    ASSERT_THAT(std::vector(histogram.bins().begin(), histogram.bins().end()), ElementsAre(2));
    const double bin = static_cast<double>(histogram.first_bin());
    EXPECT_LE(bin * histogram.width(), double{value});
    EXPECT_GT((bin + 1) * histogram.width(), double{value});
    EXPECT_EQ(histogram.extremes().low, double{value});
    EXPECT_EQ(histogram.extremes().high, double{value});
  }
}

TEST(ActivationHistogram, TheWholeRangeOfFloatsFits) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  ActivationHistogram histogram = histogram_of({std::numeric_limits<float>::denorm_min(), 1});
  histogram.observe(std::vector<float>{-kLargest, kLargest});
  EXPECT_EQ(content(histogram), 4);
  EXPECT_EQ(histogram.extremes().low, -double{kLargest});
}

TEST(ActivationHistogram, WhatIsNotFiniteIsOnlyCounted) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  ActivationHistogram histogram = histogram_of({1, NAN, kInfinity, 2, -kInfinity});
  EXPECT_EQ(histogram.count(), 2);
  EXPECT_EQ(histogram.not_finite(), 3);
  EXPECT_EQ(histogram.extremes().high, 2);
  EXPECT_EQ(content(histogram), 2);
  EXPECT_EQ(histogram_of({NAN}).count(), 0);
  EXPECT_TRUE(histogram_of({NAN}).bins().empty());
  EXPECT_EQ(histogram_of({}), ActivationHistogram());
}

}  // namespace
}  // namespace qyolo::quant
