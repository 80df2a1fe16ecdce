#include "harness/quant/optimal_partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "tests/harness/quant/synthetic_weights.h"

namespace qyolo::quant {
namespace {

using ::testing::ElementsAre;

// Sum of weight (x - nearest mean)^2.
double error_of(std::span<const float> numbers, std::span<const double> weights,
                std::span<const double> means) {
  double sum = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    double least = std::numeric_limits<double>::infinity();
    for (const double mean : means)
      least = std::min(least, std::pow(static_cast<double>(numbers[i]) - mean, 2));
    sum += (weights.empty() ? 1 : weights[i]) * least;
  }
  return sum;
}

// Over every way to cut sorted numbers.
double least_of_all(std::span<const float> sorted, std::span<const double> weights,
                    std::size_t begin, std::size_t count) {
  const auto cost = [&](std::size_t from, std::size_t to) {
    double total = 0, mean = 0, sum = 0;
    for (std::size_t i = from; i < to; ++i) {
      total += weights[i];
      mean += weights[i] * static_cast<double>(sorted[i]);
    }
    for (std::size_t i = from; i < to; ++i)
      sum += weights[i] * std::pow(static_cast<double>(sorted[i]) - mean / total, 2);
    return sum;
  };
  if (count == 1) return cost(begin, sorted.size());
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t end = begin + 1; end + count - 1 <= sorted.size(); ++end)
    least = std::min(least, cost(begin, end) + least_of_all(sorted, weights, end, count - 1));
  return least;
}

TEST(ClusterMeans, AreTheOptimumOfAllPartitions) {
  std::mt19937 generator(7);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<double> uniform(0.1, 4);
  for (int trial = 0; trial < 40; ++trial) {
    std::vector<float> numbers(11);
    std::vector<double> weights(11);
    for (float& number : numbers) number = normal(generator);
    for (double& weight : weights) weight = uniform(generator);
    std::ranges::sort(numbers);
    for (const std::size_t count : {1U, 2U, 3U, 4U, 8U}) {
      const std::vector<double> means = cluster_means(numbers, weights, count);
      ASSERT_EQ(means.size(), count);
      EXPECT_TRUE(std::ranges::is_sorted(means));
      const double least = least_of_all(numbers, weights, 0, count);
      EXPECT_NEAR(error_of(numbers, weights, means), least, 1e-9) << trial << " " << count;
    }
  }
}

TEST(ClusterMeans, OfFewDistinctNumbersAreTheseNumbers) {
  const std::vector<float> numbers = {2, -1, 2, 2, -1};
  EXPECT_THAT(cluster_means(numbers, {}, 4), ElementsAre(-1, 2, 2, 2));
  EXPECT_THAT(cluster_means(std::vector<float>{5}, {}, 2), ElementsAre(5, 5));
}

TEST(ClusterMeans, GoWhereTheWeightsAre) {
  const std::vector<float> numbers = {0, 1, 10, 11};
  EXPECT_THAT(cluster_means(numbers, {}, 2), ElementsAre(0.5, 10.5));
  const std::vector<double> left = {1e6, 1e6, 1, 1};
  EXPECT_NEAR(cluster_means(numbers, left, 3)[1], 1, 1e-6);
  // Where nothing counts, all count alike.
  EXPECT_THAT(cluster_means(numbers, std::vector<double>(4), 2), ElementsAre(0.5, 10.5));
}

TEST(ClusterMeans, OfManyNumbersAreAsGoodAsOfAll) {
  std::mt19937 generator(3);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(60000);
  for (float& number : numbers) number = normal(generator);
  const double error =
      error_of(numbers, {}, cluster_means(numbers, {}, 16)) / static_cast<double>(numbers.size());
  // Lloyd-Max for a normal distribution: 0.009497 (Max, 1960).
  EXPECT_NEAR(error, 0.009497, 0.0002);
}

TEST(ClusterMeans, OfExtremeNumbersAreFinite) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  const std::vector<float> numbers = {-kLargest, -1, 0, 1e-45F, 1e30F, kLargest};
  for (const double mean : cluster_means(numbers, {}, 3)) EXPECT_TRUE(std::isfinite(mean));
}

}  // namespace
}  // namespace qyolo::quant
