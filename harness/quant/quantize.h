// Quantizing whole weight tensors: scheme x bits x granularity, threaded, with the error made.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/quant/granularity.h"
#include "harness/quant/scheme.h"

namespace qyolo::quant {

// How a tensor is quantized.
struct Recipe {
  const Scheme* scheme = nullptr;
  SchemeOptions options;
  Granularity granularity;
};

// "affine", 4, "filter" -> Recipe, or a sentence with the allowed values.
Result<Recipe> make_recipe(std::string_view scheme, int bits, std::string_view granularity,
                           const SchemeOptions& options = {});

// An encoded tensor: everything a decoder needs.
struct QuantizedTensor {
  Recipe recipe;
  Shape shape;
  std::vector<std::int8_t> codes;           // in the tensor's memory order
  std::vector<std::uint8_t> regions;        // likewise; empty for uniform schemes
  std::vector<GroupParameters> parameters;  // one per group
};

// Error of a reconstruction against the original, as sums so that layers add up.
struct WeightError {
  double signal = 0;  // sum r^2
  double noise = 0;   // sum (r - r^)^2
  std::int64_t weights = 0;
  [[nodiscard]] double mse() const;      // noise / weights
  [[nodiscard]] double sqnr_db() const;  // 10 log10(signal / noise); +infinity if exact
  WeightError& operator+=(const WeightError& other);
};

// REQUIRES: weights.size() == shape.size(), all finite (checked: a NaN or infinity is an error).
Result<QuantizedTensor> quantize(std::span<const float> weights, const Shape& shape,
                                 const Recipe& recipe, int threads = 0);
// REQUIRES: out.size() == tensor.shape.size().
void dequantize(const QuantizedTensor& tensor, std::span<float> out, int threads = 0);
[[nodiscard]] WeightError weight_error(std::span<const float> original,
                                       std::span<const float> reconstructed);

}  // namespace qyolo::quant
