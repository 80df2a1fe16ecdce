// Inputs of a layer, as rows of what its filters see at one position each, and what calibrated
// rounding knows of them.
#pragma once

#include <cstddef>
#include <random>
#include <utility>
#include <vector>

#include "harness/quant/input_moments.h"
#include "harness/quant/scheme.h"

namespace qyolo::quant::testing {

// `rows` [position][size]
inline InputMoments moments_of(const std::vector<float>& rows, std::size_t size) {
  InputMoments moments{SymmetricMatrix(size), std::vector<double>(size), rows.size() / size, {}};
  moments.second.add_outer_products(rows, 1);
  moments.second.mirror();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    moments.mean[i % size] += static_cast<double>(rows[i]) / static_cast<double>(moments.positions);
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      moments.second.at(i, j) -=
          static_cast<double>(moments.positions) * moments.mean[i] * moments.mean[j];
    }
  }
  return moments;
}

// As they come behind an activation: correlated, and mostly small and positive; all of them are
// samples, too. What is wanted is made from `stretch` times them.
inline InputMoments activated_inputs(std::size_t positions, std::size_t size, float stretch = 1) {
  std::mt19937 generator(5);
  std::normal_distribution<float> normal;
  std::vector<float> rows(positions * size);
  InputSamples samples = {positions, std::vector<float>(rows.size()),
                          std::vector<float>(rows.size()), std::vector<float>(positions),
                          std::vector<float>(positions)};
  for (std::size_t p = 0; p < positions; ++p) {
    samples.counts[p] = p % 3 == 0 ? 2.0F : 0.5F;
    float last = 0;
    for (std::size_t i = 0; i < size; ++i) {
      last = 0.7F * last + normal(generator);
      const float value = last > 0 ? last : 0.05F * last;
      rows[p * size + i] = value;
      samples.inputs[i * positions + p] = value;
      samples.wanted[i * positions + p] = stretch * value;
      samples.energies[p] += value * value / static_cast<float>(size);
    }
  }
  InputMoments made = moments_of(rows, size);
  made.samples = std::move(samples);
  return made;
}

// Sum over filters of e^T H e.
inline double output_error(const std::vector<float>& weights, const std::vector<float>& replaced,
                           const Shape& shape, const InputMoments& inputs) {
  const auto size = static_cast<std::size_t>(shape.c * shape.kh * shape.kw);
  double total = 0;
  for (std::size_t n = 0; n < static_cast<std::size_t>(shape.n); ++n) {
    for (std::size_t i = 0; i < size; ++i) {
      const auto e = [&](std::size_t k) {
        return static_cast<double>(weights[n * size + k]) -
               static_cast<double>(replaced[n * size + k]);
      };
      for (std::size_t j = 0; j < size; ++j) total += e(i) * inputs.second.at(i, j) * e(j);
    }
  }
  return total;
}

}  // namespace qyolo::quant::testing
