// Quantizing whole weight tensors: scheme x bits x granularity, threaded, with the error made.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
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

  [[nodiscard]] std::string text() const;  // "affine 4-bit filter"
};

// "affine", 4, "filter" -> Recipe, or a sentence with the allowed values. `bits` replaces
// options.bits.
Result<Recipe> make_recipe(std::string_view scheme, int bits, std::string_view granularity,
                           const SchemeOptions& options = {});

// Bias correction of one filter: r^ <- gain r^ + offset, after decoding.
struct FilterCorrection {
  float gain = 1;
  float offset = 0;
  bool operator==(const FilterCorrection&) const = default;
};

// An encoded tensor: everything a decoder needs.
struct QuantizedTensor {
  Recipe recipe;
  Shape shape;
  std::vector<std::int8_t> codes;             // in the tensor's memory order
  std::vector<std::uint8_t> regions;          // likewise; empty for uniform schemes
  std::vector<GroupParameters> parameters;    // one per group
  std::vector<FilterCorrection> corrections;  // one per filter; empty without bias correction
};

// Bits that a tensor of this shape takes under a recipe, by what they are for.
struct StorageBits {
  std::int64_t codes = 0;
  std::int64_t regions = 0;
  std::int64_t scales = 0;
  std::int64_t zero_points = 0;
  std::int64_t breakpoints = 0;
  std::int64_t corrections = 0;
  std::int64_t codebooks = 0;
  std::int64_t tensor_scale = 0;
  [[nodiscard]] std::int64_t total() const;
};
// REQUIRES: every dimension of the shape is positive.
[[nodiscard]] StorageBits storage_bits(const Recipe& recipe, const Shape& shape);

// Error of a reconstruction against the original, as sums so that layers add up.
struct WeightError {
  double signal = 0;  // sum r^2
  double noise = 0;   // sum (r - r^)^2
  std::int64_t weights = 0;
  [[nodiscard]] double mse() const;      // noise / weights; 0 of none
  [[nodiscard]] double sqnr_db() const;  // 10 log10(signal / noise); +infinity if exact
  WeightError& operator+=(const WeightError& other);
};

// Fails as quantize() does.
Status check_weights(std::span<const float> weights, const Shape& shape, const Recipe& recipe);

// The result does not depend on the number of threads (0: all).
// Fails if the shape has a dimension below 1 or is not of weights.size(), or if a weight is NaN,
// infinite, or too large for 16-bit parameters. REQUIRES: a recipe of make_recipe() with rounding
// to nearest, and a range that needs no inputs (calibrated.h has the others).
Result<QuantizedTensor> quantize(std::span<const float> weights, const Shape& shape,
                                 const Recipe& recipe, int threads = 0);
// REQUIRES: out.size() == tensor.shape.size(), and a tensor as quantize() makes it.
void dequantize(const QuantizedTensor& tensor, std::span<float> out, int threads = 0);
// REQUIRES: spans of one size.
[[nodiscard]] WeightError weight_error(std::span<const float> original,
                                       std::span<const float> reconstructed);

}  // namespace qyolo::quant
