#include "harness/model/storage_type.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace qyolo::model {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// One number of a 16-bit type.
class Numbers {
 public:
  explicit Numbers(std::string_view name) : type_(*find_storage_type(name)) {}

  [[nodiscard]] float decoded(std::uint16_t bits) const {
    std::array<std::byte, 2> bytes{};
    std::memcpy(bytes.data(), &bits, sizeof bits);
    float value = 0;
    type_.decode(bytes.data(), 0, {&value, 1});
    return value;
  }
  [[nodiscard]] std::uint16_t encoded(float value) const {
    std::array<std::byte, 2> bytes{};
    type_.encode(value, bytes.data());
    return std::bit_cast<std::uint16_t>(bytes);
  }

 private:
  const StorageType& type_;
};

// Around every pair of neighbours among the type's positive numbers, and mirrored.
void expect_rounding_to_nearest_even(std::string_view name) {
  const Numbers numbers(name);
  for (std::uint16_t bits = 0; std::isfinite(numbers.decoded(bits + 1)); ++bits) {
    const auto next = static_cast<std::uint16_t>(bits + 1);
    const float low = numbers.decoded(bits), high = numbers.decoded(next);
    // Exact in FP32: the types have at most 11 bits.
    const float middle = low + (high - low) / 2;
    ASSERT_EQ(numbers.encoded(low), bits);
    ASSERT_EQ(numbers.encoded(middle), bits % 2 == 0 ? bits : next) << bits;
    ASSERT_EQ(numbers.encoded(std::nextafter(middle, 0.0F)), bits);
    ASSERT_EQ(numbers.encoded(std::nextafter(middle, kInfinity)), next);
    ASSERT_EQ(numbers.encoded(-low), bits | 0x8000U);
    ASSERT_EQ(numbers.encoded(std::nextafter(-middle, -kInfinity)), next | 0x8000U);
  }
}

TEST(StorageType, HalfPrecisionRoundsToNearestEven) {
  expect_rounding_to_nearest_even("HalfStorage");
}

TEST(StorageType, BFloat16RoundsToNearestEven) {
  expect_rounding_to_nearest_even("BFloat16Storage");
}

TEST(StorageType, WhatIsTooLargeBecomesInfinite) {
  const Numbers half("HalfStorage"), bfloat16("BFloat16Storage");
  EXPECT_EQ(half.encoded(std::nextafter(65520.0F, 0.0F)), 0x7BFF);
  EXPECT_EQ(half.encoded(65520.0F), 0x7C00);
  EXPECT_EQ(half.encoded(-kInfinity), 0xFC00);
  EXPECT_FALSE(std::isfinite(half.decoded(half.encoded(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_EQ(bfloat16.encoded(0x1.FEp127F), 0x7F7F);
  EXPECT_EQ(bfloat16.encoded(std::numeric_limits<float>::max()), 0x7F80);
}

TEST(StorageType, WiderTypesKeepEveryValue) {
  for (const char* name : {"FloatStorage", "DoubleStorage"}) {
    const StorageType& type = *find_storage_type(name);
    for (const float value : {0.1F, -0x1p-149F, std::numeric_limits<float>::max()}) {
      std::array<std::byte, 8> bytes{};
      type.encode(value, bytes.data());
      float read = 0;
      type.decode(bytes.data(), 0, {&read, 1});
      EXPECT_EQ(read, value) << name;
    }
  }
}

TEST(StorageType, WholeNumbersAreNotEncoded) {
  EXPECT_EQ(find_storage_type("LongStorage")->encode, nullptr);
  EXPECT_EQ(find_storage_type("QInt8Storage"), nullptr);
}

}  // namespace
}  // namespace qyolo::model
