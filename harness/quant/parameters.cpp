#include "harness/quant/parameters.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qyolo::quant {
namespace {

constexpr double kExactIntegers = 16777216.0;  // FP32 holds every integer up to 2^24
// Zero-points up to here leave a reconstruction within a thousandth of a step of the formula's,
// when codes of the unrounded scale are decoded with the FP32 one: 2^12 * 2^-24 < 0.001.
constexpr double kSmallZeroPoint = 4096;
constexpr int kHalfMantissaBits = 10;
constexpr int kHalfSmallestExponent = -14;

float round_to_half(double value) {
  if (value == 0) return 0;
  const int exponent = std::max(std::ilogb(value), kHalfSmallestExponent);
  const double spacing = std::ldexp(1.0, exponent - kHalfMantissaBits);
  return static_cast<float>(std::nearbyint(value / spacing) * spacing);
}

Scale rounded_scale(double exact, const SchemeOptions& options) {
  const float stored = round_stored(exact, options.scale_bits);
  const bool as_stored = options.scale_bits == 16 || stored == largest_stored(32);
  return {stored, as_stored ? static_cast<double>(stored) : exact};
}

Scale as_stored(float scale) { return {scale, static_cast<double>(scale)}; }

AffineParameters constant_parameters(double value, const SchemeOptions& options) {
  if (value == 0) return {};
  if (!options.integer_zero_points) return {{}, static_cast<float>(-value)};
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
    return {as_stored(static_cast<float>(scale)), static_cast<float>(-integer)};
  }
  const float nearest = round_stored(1 / std::abs(value), options.scale_bits);
  return {as_stored(nearest),
          static_cast<float>(-std::nearbyint(value * static_cast<double>(nearest)))};
}

}  // namespace

float largest_stored(int bits) { return bits == 16 ? 65504.0F : std::numeric_limits<float>::max(); }

float round_stored(double value, int bits) {
  const double largest = static_cast<double>(largest_stored(bits));
  const double limited = std::clamp(value, -largest, largest);
  return bits == 16 ? round_to_half(limited) : static_cast<float>(limited);
}

std::optional<float> usable_scale(double value, int bits) {
  const float stored = round_stored(value, bits);
  if (!(stored > 0) || stored == largest_stored(bits)) return std::nullopt;
  return stored;
}

Scale symmetric_scale(double magnitude, double steps, const SchemeOptions& options) {
  if (magnitude == 0) return {};
  return rounded_scale(steps / magnitude, options);
}

AffineParameters affine_parameters(double low, double high, int bits,
                                   const SchemeOptions& options) {
  if (!(low < high)) return constant_parameters(low, options);
  const double codes = power_of_two(bits);
  const double magnitude = std::max(std::abs(low), std::abs(high));
  const double exact = std::min((codes - 1) / (high - low), (kExactIntegers - codes) / magnitude);
  const auto zero_point = [&](double scale) { return -std::nearbyint(low * scale) - codes / 2; };
  Scale scale = rounded_scale(exact, options);
  if (std::abs(zero_point(scale.encoding)) > kSmallZeroPoint) scale = as_stored(scale.stored);
  return {scale, static_cast<float>(zero_point(scale.encoding))};
}

}  // namespace qyolo::quant
