// Heavy-tailed weights that any language reproduces bit for bit: x <- 6364136223846793005 x +
// 1442695040888963407 (mod 2^64) from x = 1, u = floor(x / 2^40) / 2^24 - 1/2, weight = 8 u^3 in
// FP64, rounded to FP32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace qyolo::quant::testing {

inline std::vector<float> synthetic_weights(std::int64_t count) {
  std::vector<float> weights(static_cast<std::size_t>(count));
  std::uint64_t state = 1;
  for (float& weight : weights) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    const double u = static_cast<double>(state >> 40) / 16777216.0 - 0.5;
    weight = static_cast<float>(8 * u * u * u);
  }
  return weights;
}

}  // namespace qyolo::quant::testing
