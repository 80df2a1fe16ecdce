#include "harness/engine/fake_quantize.h"

namespace qyolo::model {

void fake_quantize(std::span<float> values, const FakeQuantization& map) {
  // Adding and subtracting 1.5 * 2^23 rounds to an integer, half to even, below 2^22.
  constexpr float kShift = 12582912.0F;
  const float scale = map.scale;
  const float low = static_cast<float>(-map.zero_point);
  const float high = static_cast<float>((1 << map.bits) - 1 - map.zero_point);
  for (float& value : values) {
    // The limits are integers, so that limiting before rounding is the same.
    float code = value / scale;
    code = code < low ? low : code;
    code = code > high ? high : code;
    value = ((code + kShift) - kShift) * scale;
  }
}

}  // namespace qyolo::model
