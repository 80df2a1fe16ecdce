// Floating-point numbers of four and eight bits, as the OCP Microscaling Formats (MX) v1.0 (2023)
// and OCP 8-bit Floating Point (OFP8) v1.0 have them.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace qyolo::quant {

// A sign, and below it `exponent_bits` and `mantissa_bits`. An exponent of 0 is that of subnormal
// numbers.
struct SmallFloat {
  int exponent_bits = 0;
  int mantissa_bits = 0;
  int bias = 0;
  int patterns = 0;  // of magnitudes that are finite numbers: 0 ... patterns - 1, ascending
};
inline constexpr SmallFloat kE2m1{2, 1, 1, 8};     // 0 ... 6
inline constexpr SmallFloat kE4m3{4, 3, 7, 127};   // 0 ... 448; the pattern behind them is NaN
inline constexpr SmallFloat kE5m2{5, 2, 15, 124};  // 0 ... 57344; behind them infinity and NaNs

// All of E2M1, ascending; zero once.
inline constexpr std::array kSignedE2m1 = {-6.0, -4.0, -3.0, -2.0, -1.5, -1.0, -0.5, 0.0,
                                           0.5,  1.0,  1.5,  2.0,  3.0,  4.0,  6.0};

// The number of a pattern of magnitude bits.
[[nodiscard]] double small_float(const SmallFloat& format, int pattern);
[[nodiscard]] double largest_small_float(const SmallFloat& format);
// All of them with both signs, ascending, over the largest; zero once.
[[nodiscard]] std::vector<double> normalized_small_floats(const SmallFloat& format);
// The pattern of the nearest magnitude (half to even), at most the largest finite one.
// REQUIRES: not negative.
[[nodiscard]] int nearest_pattern(const SmallFloat& format, double magnitude);

// Place of the value nearest to `target` in an ascending table; of two, the one whose place,
// counted from `first`, is even. REQUIRES: not empty; target is no NaN.
[[nodiscard]] std::size_t nearest_place(std::span<const double> ascending, double target,
                                        int first = 0);

}  // namespace qyolo::quant
