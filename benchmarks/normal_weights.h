// Weights as a trained layer has them, about: normal, of standard deviation 0.02.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace qyolo {

inline std::vector<float> normal_weights(std::int64_t count, std::mt19937& generator) {
  std::normal_distribution<float> normal(0.0F, 0.02F);
  std::vector<float> weights(static_cast<std::size_t>(count));
  for (float& weight : weights) weight = normal(generator);
  return weights;
}

}  // namespace qyolo
