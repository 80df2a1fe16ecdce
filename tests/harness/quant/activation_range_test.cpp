#include "harness/quant/activation_range.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/harness/quant/histogram_of.h"

namespace qyolo::quant {
namespace {

using Kind = CalibrationMethod::Kind;

constexpr CalibrationMethod kMinMax{.kind = Kind::kMinMax};
constexpr CalibrationMethod kMse{.kind = Kind::kMse};
constexpr CalibrationMethod kEntropy{.kind = Kind::kEntropy};

CalibrationMethod percentile(double p) { return {.kind = Kind::kPercentile, .percentile = p}; }

// SiLU of a normal distribution: bounded below, a long tail above.
ActivationHistogram silu_like(unsigned seed, float spread) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> values(50000);
  for (float& value : values) {
    const float x = normal(random);
    value = x / (1 + std::exp(-x));
  }
  return histogram_of(values);
}

void expect_range(const Interval& range, double low, double high) {
  EXPECT_DOUBLE_EQ(range.low, low);
  EXPECT_DOUBLE_EQ(range.high, high);
}

// --- percentile ---

TEST(PercentileRange, CutsBothSidesOfAUniformDistribution) {
  std::vector<float> values(8192);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) - 4096;
  expect_range(find_activation_range(histogram_of(values), percentile(75), 8), -2048, 2048);
}

TEST(PercentileRange, IsLinearWithinABin) {
  const ActivationHistogram histogram = histogram_of({0, 0, 0, 8});  // bins of 1/512
  expect_range(find_activation_range(histogram, percentile(75), 8), 1 / (3 * 512.0), 1 / 512.0);
  expect_range(find_activation_range(histogram, percentile(87.5), 8), 0.5 / (3 * 512.0), 8);
}

TEST(PercentileRange, OfAHundredIsMinMax) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    const ActivationHistogram histogram = silu_like(seed, 3);
    const Interval range = find_activation_range(histogram, percentile(100), 8);
    EXPECT_EQ(range.low, histogram.extremes().low);
    EXPECT_EQ(range.high, histogram.extremes().high);
  }
}

// --- mse ---

TEST(MseRange, GivesUpOneOutlierForManyExactValues) {
  std::vector<float> values(320000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 16);
  values.push_back(150);
  const Interval range = find_activation_range(histogram_of(values), kMse, 4);
  expect_range(range, 0, 15);
  expect_range(find_activation_range(histogram_of(values), kMinMax, 4), 0, 150);
  for (float& value : values) value = -value;
  expect_range(find_activation_range(histogram_of(values), kMse, 4), -15, 0);
}

TEST(MseRange, KeepsWhatCostsNothing) {
  expect_range(find_activation_range(histogram_of({0, 1, 2, 255}), kMse, 8), 0, 255);
}

TEST(MseRange, IsNeverWorseThanMinMaxAndNearTheBestOfAll) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    for (const float spread : {0.1F, 3.0F, 40.0F}) {
      const ActivationHistogram histogram = silu_like(seed, spread);
      for (const int bits : {4, 6, 8}) {
        const auto error_of = [&](const Interval& range) {
          return expected_squared_error(histogram, activation_parameters(range, bits));
        };
        const double found = error_of(find_activation_range(histogram, kMse, bits));
        EXPECT_LE(found, error_of(histogram.extremes()));
        double best = found;
        const Interval full = histogram.extremes();
        for (int low = 0; low <= 100; low += 5) {
          for (int high = 5; high <= 100; high += 5)
            best = std::min(best, error_of({full.low * low / 100, full.high * high / 100}));
        }
        EXPECT_LE(found, 1.1 * best) << "spread " << spread << ", bits " << bits;
      }
    }
  }
}

TEST(ExpectedSquaredError, IsThatOfTheBinsCentres) {
  // Bins of 1: centres 0.5 and, limited to the largest value, 8000.
  const ActivationHistogram histogram = histogram_of({0, 0, 0, 8000});
  ASSERT_EQ(histogram.width(), 1);
  EXPECT_DOUBLE_EQ(expected_squared_error(histogram, {1, 0, 8}),
                   (3 * 0.25 + (8000.0 - 255) * (8000.0 - 255)) / 4);
  EXPECT_DOUBLE_EQ(expected_squared_error(histogram, {0.5, 0, 8}),
                   (8000.0 - 127.5) * (8000.0 - 127.5) / 4);
  EXPECT_EQ(expected_squared_error(ActivationHistogram(), {}), 0);
}

// --- entropy ---

// The published procedure word for word, on the bins of |x|.
double direct_threshold(const std::vector<double>& bins, double width, std::size_t levels) {
  double least = INFINITY, threshold = INFINITY;
  for (std::size_t i = levels; i <= bins.size(); ++i) {
    std::vector<double> p(bins.begin(), bins.begin() + static_cast<std::ptrdiff_t>(i));
    const std::vector<double> kept = p;
    for (std::size_t j = i; j < bins.size(); ++j) p.back() += bins[j];
    std::vector<double> q(i);
    for (std::size_t level = 0; level < levels; ++level) {
      const std::size_t begin = level * i / levels, end = (level + 1) * i / levels;
      double sum = 0, filled = 0;
      for (std::size_t j = begin; j < end; ++j) sum += kept[j], filled += p[j] != 0 ? 1 : 0;
      for (std::size_t j = begin; j < end; ++j) q[j] = p[j] != 0 ? sum / filled : 0;
    }
    double p_sum = 0, q_sum = 0;
    for (std::size_t j = 0; j < i; ++j) p_sum += p[j], q_sum += q[j];
    double divergence = 0;
    for (std::size_t j = 0; j < i; ++j) {
      if (p[j] == 0) continue;
      divergence += q[j] == 0 ? INFINITY : p[j] / p_sum * std::log(p[j] / p_sum / (q[j] / q_sum));
    }
    if (divergence <= least) {
      least = divergence;
      threshold = (static_cast<double>(i) + 0.5) * width;
    }
  }
  return threshold;
}

TEST(EntropyRange, IsThatOfTheDirectComputation) {
  for (const int bits : {4, 8}) {
    std::mt19937 random(7);
    std::exponential_distribution<float> exponential(1);
    std::vector<float> values(3000);
    for (float& value : values) value = exponential(random);
    const ActivationHistogram histogram = histogram_of(values);
    ASSERT_GE(histogram.first_bin(), 0);
    std::vector<double> bins(static_cast<std::size_t>(histogram.first_bin()));
    for (const std::int64_t count : histogram.bins()) bins.push_back(static_cast<double>(count));
    double width = histogram.width();
    ASSERT_GT(bins.size(), 4096U);
    std::vector<double> halved((bins.size() + 1) / 2);
    for (std::size_t i = 0; i < bins.size(); ++i) halved[i / 2] += bins[i];
    const double threshold =
        direct_threshold(halved, 2 * width, std::size_t{1} << static_cast<unsigned>(bits - 1));
    const Interval range = find_activation_range(histogram, kEntropy, bits);
    EXPECT_EQ(range.high, std::min(threshold, histogram.extremes().high));
    EXPECT_EQ(range.low, histogram.extremes().low);
  }
}

TEST(EntropyRange, LeavesAnOutlierOutAndLimitsBothSidesAlike) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> values(200000);
  for (float& value : values) value = normal(random);
  values.push_back(100);
  values.push_back(-50);
  const Interval range = find_activation_range(histogram_of(values), kEntropy, 8);
  EXPECT_LT(range.high, 10);
  EXPECT_GT(range.high, 2);
  EXPECT_EQ(range.low, -range.high);
}

TEST(EntropyRange, KeepsASideThatIsWithinTheThreshold) {
  const ActivationHistogram histogram = silu_like(1, 3);
  const Interval range = find_activation_range(histogram, kEntropy, 8);
  EXPECT_EQ(range.low, histogram.extremes().low);
  EXPECT_LE(range.high, histogram.extremes().high);
  EXPECT_GT(range.high, 1);
}

// --- all methods ---

TEST(ActivationRange, ExtremeTensorsGiveFiniteRangesInsideTheObservedOne) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  constexpr float kSmallest = std::numeric_limits<float>::denorm_min();
  const std::vector<std::vector<float>> tensors = {
      {0, 0},
      {-3, -3},
      {2.5F},
      {kSmallest, 0},
      {-kSmallest},
      {kLargest},
      {-kLargest, kLargest},
      {0, 1e-40F, 1e38F},
      {-1, -0.5F},
      {1000, 1000.5F},
  };
  for (const auto& values : tensors) {
    const ActivationHistogram histogram = histogram_of(values);
    for (const CalibrationMethod& method :
         {kMinMax, percentile(99.9), percentile(100), kMse, kEntropy}) {
      for (const int bits : {4, 8}) {
        const Interval range = find_activation_range(histogram, method, bits);
        EXPECT_TRUE(std::isfinite(range.low) && std::isfinite(range.high)) << method.name();
        EXPECT_LE(range.low, range.high) << method.name();
        EXPECT_GE(range.low, std::min(histogram.extremes().low, 0.0)) << method.name();
        EXPECT_LE(range.high, std::max(histogram.extremes().high, 0.0)) << method.name();
        const ActivationParameters parameters = activation_parameters(range, bits);
        EXPECT_TRUE(std::isfinite(expected_squared_error(histogram, parameters)));
      }
    }
  }
}

TEST(ActivationRange, OfAConstantReconstructsIt) {
  for (const float constant : {0.0F, 2.5F, -3.0F}) {
    const ActivationHistogram histogram = histogram_of({constant, constant, constant});
    for (const CalibrationMethod& method : {kMinMax, percentile(99.9), kMse, kEntropy}) {
      const ActivationParameters p =
          activation_parameters(find_activation_range(histogram, method, 8), 8);
      const double code = constant > 0 ? 255 - p.zero_point : -p.zero_point;
      EXPECT_NEAR(static_cast<double>(p.scale) * code, double{constant},
                  1e-6 * std::abs(double{constant}))
          << method.name();
    }
  }
}

TEST(ActivationRange, OfNoValuesIsZero) {
  for (const CalibrationMethod& method : {kMinMax, percentile(99.9), kMse, kEntropy})
    expect_range(find_activation_range(ActivationHistogram(), method, 8), 0, 0);
}

}  // namespace
}  // namespace qyolo::quant
