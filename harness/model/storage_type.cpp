#include "harness/model/storage_type.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "common/half.h"

namespace qyolo::model {
namespace {

// Drops the lowest `count` bits, to nearest, ties to even. A carry moves on to the exponent, where
// it belongs.
std::uint32_t round_off(std::uint32_t bits, unsigned count) {
  const std::uint32_t odd = (bits >> count) & 1U;
  return (bits + (1U << (count - 1)) - 1U + odd) >> count;
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
    floating<std::uint16_t, float_from_half, half_from_float>("HalfStorage"),
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
