// Simulated quantization of activations: floats that only take the values that codes stand for.
#pragma once

#include <span>

namespace qyolo::model {

// Unsigned codes of `bits` bits: q = clip(round(x / scale) + zero_point, 0, 2^bits - 1) and
// x^ = scale (q - zero_point), in FP32, rounding half to even.
struct FakeQuantization {
  float scale = 1;
  int zero_point = 0;
  int bits = 8;

  bool operator==(const FakeQuantization&) const = default;
};

// x <- x^; NaN stays NaN. Applying it twice is applying it once.
// REQUIRES: scale positive and normal, 0 <= zero_point < 2^bits, bits from 1 to 16.
void fake_quantize(std::span<float> values, const FakeQuantization& map);

}  // namespace qyolo::model
