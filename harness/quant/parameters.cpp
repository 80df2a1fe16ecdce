#include "harness/quant/parameters.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qyolo::quant {
namespace {

constexpr double kExactIntegers = 16777216.0;  // FP32 holds every integer up to 2^24
constexpr int kHalfMantissaBits = 10;
constexpr int kHalfSmallestExponent = -14;

float round_to_half(double value) {
  if (value == 0) return 0;
  const int exponent = std::max(std::ilogb(value), kHalfSmallestExponent);
  const double spacing = std::ldexp(1.0, exponent - kHalfMantissaBits);
  return static_cast<float>(std::nearbyint(value / spacing) * spacing);
}

AffineParameters constant_parameters(double value, const SchemeOptions& options) {
  if (value == 0) return {1, 0};
  if (!options.integer_zero_points) return {1, static_cast<float>(-value)};
  // value = integer * 2^exponent, the integer of at most 24 bits.
  int exponent = 0;
  double integer = std::frexp(value, &exponent) * kExactIntegers;
  exponent -= 24;
  while (std::fmod(integer, 2) == 0) {
    integer /= 2;
    ++exponent;
  }
  const double scale = std::ldexp(1.0, -exponent);
  if (static_cast<double>(round_stored(scale, options.scale_bits)) == scale) {
    return {static_cast<float>(scale), static_cast<float>(-integer)};
  }
  const float nearest = round_stored(1 / std::abs(value), options.scale_bits);
  return {nearest, static_cast<float>(-std::nearbyint(value * static_cast<double>(nearest)))};
}

}  // namespace

float largest_stored(int bits) { return bits == 16 ? 65504.0F : std::numeric_limits<float>::max(); }

float round_stored(double value, int bits) {
  const double largest = static_cast<double>(largest_stored(bits));
  const double limited = std::clamp(value, -largest, largest);
  return bits == 16 ? round_to_half(limited) : static_cast<float>(limited);
}

float symmetric_scale(double magnitude, double steps, const SchemeOptions& options) {
  if (magnitude == 0) return 1;
  return round_stored(steps / magnitude, options.scale_bits);
}

AffineParameters affine_parameters(double low, double high, int bits,
                                   const SchemeOptions& options) {
  if (!(low < high)) return constant_parameters(low, options);
  const double codes = power_of_two(bits);
  const double magnitude = std::max(std::abs(low), std::abs(high));
  const double exact = std::min((codes - 1) / (high - low), (kExactIntegers - codes) / magnitude);
  const float scale = round_stored(exact, options.scale_bits);
  const double zero_point = -std::nearbyint(low * static_cast<double>(scale)) - codes / 2;
  return {scale, static_cast<float>(zero_point)};
}

}  // namespace qyolo::quant
