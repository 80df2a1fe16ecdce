// Rounding that vectorizes.
#pragma once

namespace qyolo::quant {

// To the nearest integer, ties to even: adding and subtracting 1.5 * 2^52.
// REQUIRES: |value| < 2^51.
inline double round_half_even(double value) {
  constexpr double kShift = 6755399441055744.0;
  return (value + kShift) - kShift;
}

}  // namespace qyolo::quant
