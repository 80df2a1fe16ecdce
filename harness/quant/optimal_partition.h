// Splitting numbers into clusters of least squared error.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qyolo::quant {

// The means of the `count` clusters of numbers that have the least sum of weight (x - mean)^2,
// ascending: of one-dimensional numbers these are intervals, and the least one is found exactly, by
// dynamic programming (Wang and Song, The R Journal 3/2, 2011) with divide and conquer (Grønlund et
// al., arXiv 1701.07204). Where fewer than `count` numbers are distinct, they are the means
// themselves, the largest one repeated. Above 4096 distinct numbers, numbers in the same of 4096
// equal parts of their range are taken together. `weights`: one each, not negative, or empty: all
// alike; where all are 0 as well.
// REQUIRES: finite, not empty; count > 0.
[[nodiscard]] std::vector<double> cluster_means(std::span<const float> numbers,
                                                std::span<const double> weights, std::size_t count);

}  // namespace qyolo::quant
