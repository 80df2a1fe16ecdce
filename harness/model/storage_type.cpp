#include "harness/model/storage_type.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace qyolo::model {
namespace {

// IEEE 754 binary16, without branches: shifting its exponent and fraction into place and scaling by
// 2^112 is exact for normal and subnormal numbers; what was infinite or NaN comes out >= 65536.
float from_half(std::uint16_t half) {
  constexpr float kRebias = 0x1p112F;
  constexpr float kNotFinite = 65536.0F;
  const float scaled = std::bit_cast<float>((half & 0x7FFFU) << 13U) * kRebias;
  const std::uint32_t overflow = scaled >= kNotFinite ? 0x7F800000U : 0U;
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(scaled) | overflow | sign);
}

// Drops the lowest `count` bits, to nearest, ties to even. A carry moves on to the exponent, where
// it belongs.
std::uint32_t round_off(std::uint32_t bits, unsigned count) {
  const std::uint32_t odd = (bits >> count) & 1U;
  return (bits + (1U << (count - 1)) - 1U + odd) >> count;
}

std::uint16_t to_half(float value) {
  constexpr float kSmallestNormal = 0x1p-14F, kFirstTooLarge = 65520.0F;
  constexpr std::uint32_t kRebias = 112U << 10U;
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  const float size = std::bit_cast<float>(magnitude);
  std::uint32_t half = 0;
  if (!(size < kFirstTooLarge)) {
    half = 0x7C00U;
  } else if (size < kSmallestNormal) {
    // One unit in the last place of [0.5, 1) is a subnormal's 2^-24: the sum rounds to it.
    half = std::bit_cast<std::uint32_t>(size + 0.5F) - std::bit_cast<std::uint32_t>(0.5F);
  } else {
    half = round_off(magnitude, 13) - kRebias;
  }
  return static_cast<std::uint16_t>(sign | half);
}

float from_bfloat16(std::uint16_t value) {
  return std::bit_cast<float>(std::uint32_t{value} << 16U);
}

std::uint16_t to_bfloat16(float value) {
  return static_cast<std::uint16_t>(round_off(std::bit_cast<std::uint32_t>(value), 16));
}

template <class T>
float from_number(T value) {
  return static_cast<float>(value);
}

template <class T>
T to_number(float value) {
  return static_cast<T>(value);
}

template <class T, float (*Convert)(T)>
void decode(const std::byte* storage, std::size_t first, std::span<float> out) {
  const std::byte* from = storage + first * sizeof(T);
  for (std::size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, from + i * sizeof(T), sizeof(T));
    out[i] = Convert(value);
  }
}

template <class T, T (*Convert)(float)>
void encode(float value, std::byte* element) {
  const T converted = Convert(value);
  std::memcpy(element, &converted, sizeof(T));
}

template <class T, float (*From)(T), T (*To)(float)>
constexpr StorageType floating(std::string_view name) {
  return {name, sizeof(T), true, decode<T, From>, encode<T, To>};
}

template <class T>
constexpr StorageType whole(std::string_view name) {
  return {name, sizeof(T), false, decode<T, from_number<T>>, nullptr};
}

constexpr std::array kStorageTypes = {
    floating<std::uint16_t, from_half, to_half>("HalfStorage"),
    floating<float, from_number<float>, to_number<float>>("FloatStorage"),
    floating<double, from_number<double>, to_number<double>>("DoubleStorage"),
    floating<std::uint16_t, from_bfloat16, to_bfloat16>("BFloat16Storage"),
    whole<std::int64_t>("LongStorage"),
    whole<std::int32_t>("IntStorage"),
    whole<std::int16_t>("ShortStorage"),
    whole<std::int8_t>("CharStorage"),
    whole<std::uint8_t>("ByteStorage"),
    whole<std::uint8_t>("BoolStorage"),
};

}  // namespace

const StorageType* find_storage_type(std::string_view name) {
  const auto* found = std::find_if(kStorageTypes.begin(), kStorageTypes.end(),
                                   [&](const StorageType& type) { return type.name == name; });
  return found == kStorageTypes.end() ? nullptr : found;
}

}  // namespace qyolo::model
