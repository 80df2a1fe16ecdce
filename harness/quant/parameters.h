// Group parameters as they are stored: rounded to their format, and kept representable.
#pragma once

#include <optional>

#include "harness/quant/options.h"

namespace qyolo::quant {

// REQUIRES: 0 <= exponent < 31.
[[nodiscard]] constexpr double power_of_two(int exponent) { return 1 << exponent; }

// The largest finite value of a format of 16 or 32 bits.
[[nodiscard]] float largest_stored(int bits);

// Rounds to a format of 16 (IEEE half) or 32 bits, half to even; beyond the format's range, to its
// largest finite value.
[[nodiscard]] float round_stored(double value, int bits);

// A scale as it is stored; none where it would be 0 or the format's largest value.
[[nodiscard]] std::optional<float> usable_scale(double value, int bits);

// A scale as it is stored, and as weights are encoded with it (see scheme.h).
struct Scale {
  float stored = 1;
  double encoding = 1;
};

// Scale of the codes -steps ... steps on [-magnitude, magnitude]; 1 where the magnitude is 0.
[[nodiscard]] Scale symmetric_scale(double magnitude, double steps, const SchemeOptions& options);

struct AffineParameters {
  Scale scale;
  float zero_point = 0;
};

// [low, high] on the 2^bits codes from -2^(bits - 1): s = (2^bits - 1) / (high - low),
// z = -round(low s) - 2^(bits - 1). `bits` is the width of these codes, which for a tail is not
// options.bits. The scale is limited so that |z| < 2^24. Where low == high, code 0 decodes to that
// value: exactly, or as close as integer zero-points and 16-bit scales allow.
// REQUIRES: low <= high.
[[nodiscard]] AffineParameters affine_parameters(double low, double high, int bits,
                                                 const SchemeOptions& options);

}  // namespace qyolo::quant
