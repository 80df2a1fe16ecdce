// IEEE half precision (binary16) as bits, without relying on the machine's own conversions.
#pragma once

#include <bit>
#include <cstdint>

namespace qyolo {

// Without branches: shifting its exponent and fraction into place and scaling by 2^112 is exact for
// normal and subnormal numbers; what was infinite or NaN comes out >= 65536.
[[nodiscard]] constexpr float float_from_half(std::uint16_t half) {
  constexpr float kRebias = 0x1p112F;
  constexpr float kNotFinite = 65536.0F;
  const float scaled = std::bit_cast<float>((half & 0x7FFFU) << 13U) * kRebias;
  const std::uint32_t overflow = scaled >= kNotFinite ? 0x7F800000U : 0U;
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(scaled) | overflow | sign);
}

// Rounded half to even; infinite from 65520 on; NaN stays NaN.
[[nodiscard]] constexpr std::uint16_t half_from_float(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  const std::uint32_t sign = bits >> 16U & 0x8000U;
  constexpr std::uint32_t kInfinity = 0x7F800000U, kOverflow = 0x477FF000U, kNormal = 0x38800000U;
  std::uint32_t half = 0;
  if (magnitude > kInfinity) {
    half = 0x7E00U;
  } else if (magnitude >= kOverflow) {
    half = 0x7C00U;
  } else if (magnitude >= kNormal) {
    const std::uint32_t kept = magnitude - 0x38000000U;
    half = (kept + 0xFFFU + (kept >> 13U & 1U)) >> 13U;
  } else {
    // Adding 1/2 puts the subnormals' unit, 2^-24, at the sum's last place: the sum rounds for us.
    const float sum = std::bit_cast<float>(magnitude) + 0.5F;
    half = std::bit_cast<std::uint32_t>(sum) - 0x3F000000U;
  }
  return static_cast<std::uint16_t>(half | sign);
}

}  // namespace qyolo
