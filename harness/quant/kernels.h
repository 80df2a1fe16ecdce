// The loops over weights. They are compiled for several instruction sets with one result: only
// correctly rounded FP64 operations, no contraction, and sums in a fixed order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace qyolo::quant {

// One region's map between weights and codes:
// q = clip(round((r - offset) scale + zero_point), low, high), r^ = (q - zero_point) / scale +
// offset. REQUIRES: low and high are integers in [-128, 127].
struct LinearMap {
  double scale = 1;
  double zero_point = 0;
  double offset = 0;
  double low = 0;
  double high = 0;
};

// |r| < breakpoint: centre; else a tail, by the sign of r. Both tails have one scale and one range
// of codes.
struct PiecewiseMap {
  double breakpoint = 0;
  LinearMap centre = {};
  LinearMap positive = {};
  LinearMap negative = {};
  double negative_region = 2;  // the region that is written for a weight in the negative tail
};

// Position of the first weight that is NaN or whose magnitude is above `limit`.
std::optional<std::size_t> find_unusable(std::span<const float> weights, float limit);

struct Extremes {
  float min = 0;
  float max = 0;
};
// REQUIRES: not empty, no NaN.
Extremes find_extremes(std::span<const float> weights);
// REQUIRES: not empty, no NaN.
float largest_magnitude(std::span<const float> weights);

struct Moments {
  double mean = 0;
  double deviation = 0;  // population standard deviation about the mean
};
// REQUIRES: not empty, finite.
Moments find_moments(std::span<const float> weights);

void encode_linear(std::span<const float> weights, const LinearMap& map,
                   std::span<std::int8_t> codes);
void decode_linear(std::span<const std::int8_t> codes, const LinearMap& map,
                   std::span<float> weights);
void encode_piecewise(std::span<const float> weights, const PiecewiseMap& map,
                      std::span<std::int8_t> codes, std::span<std::uint8_t> regions);
void decode_piecewise(std::span<const std::int8_t> codes, std::span<const std::uint8_t> regions,
                      const PiecewiseMap& map, std::span<float> weights);

// Sum of (r - r^)^2 without rounding r^ to FP32, for searches.
double squared_error(std::span<const float> weights, const LinearMap& map);
double squared_error(std::span<const float> weights, const PiecewiseMap& map);
// Sum of importance (r - r^)^2. REQUIRES: spans of one size.
double squared_error(std::span<const float> weights, std::span<const double> importance,
                     const LinearMap& map);

struct ErrorSums {
  double signal = 0;  // sum r^2
  double noise = 0;   // sum (r - r^)^2
};
// REQUIRES: spans of one size.
ErrorSums error_sums(std::span<const float> original, std::span<const float> reconstructed);

// r^ <- gain r^ + offset
void correct(std::span<float> weights, double gain, double offset);

}  // namespace qyolo::quant
