#include "harness/quant/small_floats.h"

#include <cmath>

namespace qyolo::quant {

double small_float(const SmallFloat& format, int pattern) {
  const int exponent = pattern >> format.mantissa_bits;
  const int mantissa = pattern & ((1 << format.mantissa_bits) - 1);
  const int leading = exponent > 0 ? 1 << format.mantissa_bits : 0;
  return std::ldexp(mantissa + leading,
                    (exponent > 0 ? exponent : 1) - format.bias - format.mantissa_bits);
}

double largest_small_float(const SmallFloat& format) {
  return small_float(format, format.patterns - 1);
}

std::vector<double> normalized_small_floats(const SmallFloat& format) {
  std::vector<double> values;
  const double largest = largest_small_float(format);
  for (int code = 1 - format.patterns; code < format.patterns; ++code)
    values.push_back(std::copysign(small_float(format, std::abs(code)), code + 0.5) / largest);
  return values;
}

int nearest_pattern(const SmallFloat& format, double magnitude) {
  int low = 0, high = format.patterns - 1;
  if (magnitude >= largest_small_float(format)) return high;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    (small_float(format, middle) <= magnitude ? low : high) = middle;
  }
  const double below = magnitude - small_float(format, low);
  const double above = small_float(format, high) - magnitude;
  return below < above || (below == above && low % 2 == 0) ? low : high;
}

std::size_t nearest_place(std::span<const double> ascending, double target, int first) {
  std::size_t low = 0;
  for (std::size_t left = ascending.size(); left > 1;) {
    const std::size_t half = left / 2;
    low += ascending[low + half] <= target ? half : 0;
    left -= half;
  }
  if (low + 1 == ascending.size()) return low;
  const double below = target - ascending[low];
  const double above = ascending[low + 1] - target;
  const bool even = (static_cast<int>(low) + first) % 2 == 0;
  return below < above || (below == above && even) ? low : low + 1;
}

}  // namespace qyolo::quant
