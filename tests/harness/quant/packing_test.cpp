#include "harness/quant/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "common/half.h"
#include "harness/quant/bit_stream.h"
#include "tests/harness/quant/synthetic_weights.h"

namespace qyolo::quant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::synthetic_weights;

Recipe packed_recipe(std::string_view scheme, int bits, std::string_view granularity,
                     const SchemeOptions& options = {}) {
  return make_recipe(scheme, bits, granularity, options).value();
}

std::vector<std::uint32_t> decoded_bits(const QuantizedTensor& tensor) {
  std::vector<float> decoded(static_cast<std::size_t>(tensor.shape.size()));
  dequantize(tensor, decoded, 1);
  std::vector<std::uint32_t> bits;
  for (const float value : decoded) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

void expect_equal(const QuantizedTensor& found, const QuantizedTensor& expected) {
  EXPECT_EQ(found.codes, expected.codes);
  EXPECT_EQ(found.regions, expected.regions);
  EXPECT_EQ(found.parameters, expected.parameters);
  EXPECT_EQ(found.corrections, expected.corrections);
  EXPECT_EQ(decoded_bits(found), decoded_bits(expected));
}

template <class... Values>
std::vector<std::byte> bytes_of(Values... values) {
  return {static_cast<std::byte>(values)...};
}

std::string block_of(const Scheme& scheme) {
  return fmt::format("group:{}", scheme.limits().block);
}

// All recipes of a scheme, with their names.
template <class Body>
void for_all_recipes(const Scheme& scheme, Body&& body) {
  std::vector<std::string> granularities = {"layer",     "filter", "channel", "in-channel", "shape",
                                            "shape-ssl", "fshape", "group:7", "group:1000"};
  if (scheme.limits().block > 0) granularities = {block_of(scheme)};
  for (int bits = scheme.limits().least_bits; bits <= scheme.limits().most_bits; ++bits) {
    for (const std::string& granularity : granularities) {
      for (const int scale_bits : {32, 16}) {
        for (const bool integers : {false, true}) {
          for (const bool correction : {false, true}) {
            const SchemeOptions options{.include_zero = correction,
                                        .scale_bits = scale_bits,
                                        .integer_zero_points = integers,
                                        .bias_correction = correction};
            SCOPED_TRACE(fmt::format("{} {} {} scale_bits {} integers {} correction {}",
                                     scheme.name(), bits, granularity, scale_bits, integers,
                                     correction));
            body(packed_recipe(scheme.name(), bits, granularity, options));
            if (::testing::Test::HasFailure()) return;
          }
        }
      }
    }
  }
}

class EveryScheme : public ::testing::TestWithParam<const Scheme*> {};

TEST_P(EveryScheme, UnpackingGivesThePackedTensorBack) {
  const Shape shape{7, 5, 3, 3};
  const std::vector<float> weights = synthetic_weights(shape.size());
  for_all_recipes(*GetParam(), [&](const Recipe& how) {
    const QuantizedTensor tensor = quantize(weights, shape, how, 1).value();
    for (const RegionCoding coding : {RegionCoding::kRaw, RegionCoding::kEntropy}) {
      const PackedTensor packed = pack(tensor, coding, 1);
      const auto unpacked = unpack(how, shape, packed.bytes(), coding, 1);
      ASSERT_TRUE(unpacked.ok()) << unpacked.error().message;
      expect_equal(*unpacked, tensor);
      EXPECT_EQ(pack(*unpacked, coding, 1).parts, packed.parts);
    }
  });
}

TEST_P(EveryScheme, FiltersAreUnpackedByThemselves) {
  const Shape shape{21, 6, 3, 7};
  const std::int64_t size = shape.size() / shape.n;
  const std::vector<float> weights = synthetic_weights(shape.size());
  int found = 0;
  for_all_recipes(*GetParam(), [&](const Recipe& how) {
    const QuantizedTensor tensor = quantize(weights, shape, how).value();
    const PackedTensor packed = pack(tensor);
    const std::vector<std::uint32_t> all = decoded_bits(tensor);
    EXPECT_EQ(filters_of(how, shape, packed.bytes(), RegionCoding::kEntropy, 0, 8), std::nullopt);
    for (const auto& [first, count] : {std::pair{0, 21}, {0, 8}, {8, 8}, {16, 5}, {8, 13}}) {
      const auto parts = filters_of(how, shape, packed.bytes(), RegionCoding::kRaw, first, count);
      if (!parts) continue;
      ++found;
      const auto part = unpack(how, {count, shape.c, shape.kh, shape.kw}, *parts);
      ASSERT_TRUE(part.ok()) << part.error().message;
      const auto begin = all.begin() + first * size;
      EXPECT_EQ(decoded_bits(*part), std::vector<std::uint32_t>(begin, begin + count * size));
    }
  });
  EXPECT_GT(found, 0);
}

TEST_P(EveryScheme, RawSizesFollowFromTheShape) {
  for (const Shape& shape : {Shape{7, 5, 3, 3}, Shape{1, 1, 1, 1}, Shape{3, 11, 1, 1}}) {
    const std::vector<float> weights = synthetic_weights(shape.size());
    for_all_recipes(*GetParam(), [&](const Recipe& how) {
      const PackedTensor packed = pack(quantize(weights, shape, how, 1).value());
      const PartSizes sizes = packed_sizes(how, shape);
      const StorageBits bits = storage_bits(how, shape);
      for (std::size_t part = 0; part < kParts; ++part)
        EXPECT_EQ(static_cast<std::int64_t>(packed.parts[part].size()), sizes[part])
            << kPartNames[part];
      EXPECT_EQ(sizes[0], (bits.codes + 7) / 8);
      EXPECT_EQ(sizes[1], (bits.regions + 7) / 8);
    });
  }
}

// Constant groups, extreme magnitudes, and searched breakpoints have the widest zero-points.
TEST_P(EveryScheme, ExtremeWeightsSurvive) {
  const std::vector<std::vector<float>> tensors = {
      {0, 0, 0, 0, 0, 0, 0, 0},
      {3, 3, 3, 3, 3, 3, 3, 3},
      {-7, -7, -7, -7, 1e-6F, 1e-6F, 1e-6F, 1e-6F},
      {1000, 1000.5F, 1000.25F, 1001, 65504, 65503, 65500, 65504},
      {1e-7F, 2e-8F, -3e-8F, 1e-8F, 6e-8F, 7e-8F, 1e-7F, 1e-9F},
      {-0.1F, 0.1F, 0.1F, 0.1F, 0.3F, -0.3F, 0.7F, 12345},
      {1e-45F, 3e-45F, 2e-45F, -1e-45F, 1e-39F, 0, 1e-38F, -1e-38F}};
  const Shape shape{2, 4, 1, 1};
  for (const Choice& method : all_breakpoints()) {
    for_all_recipes(*GetParam(), [&](Recipe how) {
      how.options.breakpoint = parse_breakpoint(method.name).value();
      for (const auto& weights : tensors) {
        const QuantizedTensor tensor = quantize(weights, shape, how, 1).value();
        const auto unpacked = unpack(how, shape, pack(tensor).bytes());
        ASSERT_TRUE(unpacked.ok()) << unpacked.error().message << " " << weights[0];
        expect_equal(*unpacked, tensor);
      }
    });
    if (!GetParam()->piecewise()) break;
  }
}

TEST_P(EveryScheme, DamagedPartsAreRefusedOrDecodeToSomeTensor) {
  const Shape shape{3, 4, 3, 3};
  const std::vector<float> weights = synthetic_weights(shape.size());
  std::uint64_t state = 1;
  const auto random = [&](std::size_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>(state >> 33) % below;
  };
  const SchemeLimits limits = GetParam()->limits();
  for (int bits = limits.least_bits; bits <= limits.most_bits; ++bits) {
    for (const RegionCoding coding : {RegionCoding::kRaw, RegionCoding::kEntropy}) {
      const Recipe how = packed_recipe(
          GetParam()->name(), bits, limits.block > 0 ? block_of(*GetParam()) : "filter",
          {.integer_zero_points = bits % 2 == 0, .bias_correction = true});
      const PackedTensor packed = pack(quantize(weights, shape, how, 1).value(), coding);
      for (int trial = 0; trial < 300; ++trial) {
        PackedTensor damaged = packed;
        const std::size_t index = random(kParts);
        auto& part = damaged.parts[index];
        const bool cut = trial % 3 == 0 && !part.empty();
        if (cut) {
          part.resize(random(part.size()));
        } else if (trial % 3 == 1 || part.empty()) {
          part.push_back(static_cast<std::byte>(random(256)));
        } else {
          part[random(part.size())] ^= static_cast<std::byte>(1U << random(8));
        }
        const auto unpacked = unpack(how, shape, damaged.bytes(), coding, 1);
        const bool fixed_size =
            coding == RegionCoding::kRaw || index != static_cast<std::size_t>(Part::kRegions);
        if (fixed_size && part.size() != packed.parts[index].size()) {
          EXPECT_FALSE(unpacked.ok()) << "bits " << bits << " trial " << trial;
        } else if (unpacked.ok()) {
          EXPECT_EQ(pack(*unpacked, coding).parts, damaged.parts);
          decoded_bits(*unpacked);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Schemes, EveryScheme, ::testing::ValuesIn(all_schemes()),
                         [](const auto& scheme) {
                           std::string name(scheme.param->name());
                           for (char& letter : name)
                             if (letter == '-') letter = '_';
                           return name;
                         });

TEST(Packing, ThreadsDoNotChangeTheBytes) {
  const Shape shape{41, 700, 5, 5};  // more than one run of fields
  const std::vector<float> weights = synthetic_weights(shape.size());
  for (const char* scheme : {"affine", "pwlq"}) {
    const Recipe how = packed_recipe(scheme, 3, "filter");
    const QuantizedTensor tensor = quantize(weights, shape, how).value();
    const PackedTensor one = pack(tensor, RegionCoding::kRaw, 1);
    EXPECT_EQ(pack(tensor, RegionCoding::kRaw, 3).parts, one.parts);
    EXPECT_EQ(unpack(how, shape, one.bytes(), RegionCoding::kRaw, 3)->codes, tensor.codes);
    EXPECT_EQ(unpack(how, shape, one.bytes(), RegionCoding::kRaw, 3)->regions, tensor.regions);
  }
}

// Affine 4-bit codes -8, -3, 2, 7 and a scale of 15 / 3 = 5, zero-point -8.
TEST(Packing, BytesAreThoseOfTheDescription) {
  const Shape shape{1, 4, 1, 1};
  const QuantizedTensor tensor =
      quantize(std::vector<float>{0, 1, 2, 3}, shape, packed_recipe("affine", 4, "layer")).value();
  const PackedTensor packed = pack(tensor);
  ASSERT_THAT(tensor.codes, ElementsAre(-8, -3, 2, 7));
  EXPECT_EQ(packed[Part::kCodes], bytes_of(0xD8, 0x72));
  EXPECT_EQ(packed[Part::kScales], bytes_of(0x00, 0x00, 0xA0, 0x40));
  EXPECT_EQ(packed[Part::kZeroPoints], bytes_of(0x00, 0x00, 0x00, 0xC1));
  EXPECT_THAT(packed[Part::kRegions], IsEmpty());
  EXPECT_THAT(packed[Part::kBreakpoints], IsEmpty());
  EXPECT_THAT(packed[Part::kCorrections], IsEmpty());
}

// 3-bit tails have 2 bits for the code; the third is 1 in the negative tail.
TEST(Packing, ThirdBitOfATailIsItsSide) {
  QuantizedTensor tensor{packed_recipe("pwlq", 3, "layer"), {1, 5, 1, 1}, {}, {}, {}, {}};
  tensor.codes = {-3, -2, 1, -2, 0};
  tensor.regions = {kCentre, kPositiveTail, kPositiveTail, kNegativeTail, kNegativeTail};
  tensor.parameters = {{.scale = {1, 1}, .zero_point = {0, 0}, .breakpoint = 1}};
  const PackedTensor packed = pack(tensor);
  // Fields 101, 010, 001, 110, 100, the first in the lowest bits.
  constexpr unsigned kFields = 0b100'110'001'010'101;
  EXPECT_EQ(packed[Part::kCodes], bytes_of(kFields & 0xFFU, kFields >> 8));
  EXPECT_EQ(packed[Part::kRegions], bytes_of(0b11110));
  expect_equal(unpack(tensor.recipe, tensor.shape, packed.bytes()).value(), tensor);
}

TEST(Packing, HalfPrecisionScalesAndNarrowZeroPoints) {
  const Recipe how =
      packed_recipe("affine", 4, "channel",
                    {.include_zero = true, .scale_bits = 16, .integer_zero_points = true});
  QuantizedTensor tensor{how, {3, 1, 1, 1}, {0, 0, 0}, {}, {}, {}};
  tensor.parameters = {{.scale = {1.5F}, .zero_point = {-8}},
                       {.scale = {1}, .zero_point = {7}},
                       {.scale = {2}, .zero_point = {-1}}};
  const PackedTensor packed = pack(tensor);
  EXPECT_EQ(packed[Part::kScales], bytes_of(0x00, 0x3E, 0x00, 0x3C, 0x00, 0x40));
  EXPECT_EQ(packed[Part::kZeroPoints], bytes_of(0x78, 0x0F));
  expect_equal(unpack(how, tensor.shape, packed.bytes()).value(), tensor);
}

// OCP MX v1.0: sign, exponent and mantissa from the highest bit of a code down; the scale's byte is
// its exponent plus 127.
TEST(Packing, Mxfp4HasTheBitsOfItsStandard) {
  const PackedTensor packed =
      pack(quantize(std::vector<float>{2.0F, -0.25F, 0.5F, 0.0F, -3.0F, 1.5F}, {1, 6, 1, 1},
                    packed_recipe("mxfp4", 4, "group:32"))
               .value());
  // The power is 2^(1 - 2): the values are 4, -0.5, 1, 0, -6, 3 of it.
  EXPECT_EQ(packed[Part::kCodes], bytes_of(0x96, 0x02, 0x5F));
  EXPECT_EQ(packed[Part::kScales], bytes_of(126));
}

TEST(Packing, Nvfp4HasAScaleOfOneByteForEachBlockAndOneFloatForAll) {
  std::vector<float> weights(32, 0.0F);
  weights[0] = 6 * 448;
  weights[16] = -6;
  const Recipe how = packed_recipe("nvfp4", 4, "group:16");
  const PackedTensor packed = pack(quantize(weights, {1, 32, 1, 1}, how).value());
  EXPECT_EQ(packed[Part::kScales], bytes_of(0x7E, 0x38));  // 448 and 1 in E4M3
  EXPECT_EQ(packed[Part::kTensorScale], bytes_of(0, 0, 0x80, 0x3F));
  EXPECT_EQ(packed[Part::kCodes].front(), std::byte{0x07});
  EXPECT_EQ(packed[Part::kCodes][8], std::byte{0x0F});
}

TEST(Packing, Fp8CodesAreThePatternsOfTheirStandard) {
  const std::vector<float> weights = {448, -1, 1.0F / 512, 0, 240};
  const PackedTensor e4m3 =
      pack(quantize(weights, {1, 5, 1, 1}, packed_recipe("fp8-e4m3", 8, "layer")).value());
  EXPECT_EQ(e4m3[Part::kCodes], bytes_of(0x7E, 0xB8, 0x01, 0x00, 0x77));
  const PackedTensor e5m2 = pack(quantize(std::vector<float>{57344, -1, 1.0F / 65536, 0},
                                          {1, 4, 1, 1}, packed_recipe("fp8-e5m2", 8, "layer"))
                                     .value());
  EXPECT_EQ(e5m2[Part::kCodes], bytes_of(0x7B, 0xBC, 0x01, 0x00));
}

TEST(Packing, ACodebookIsStoredWithItsGroup) {
  const Recipe how = packed_recipe("kmeans", 2, "filter");
  const PackedTensor packed =
      pack(quantize(std::vector<float>{1, 2, 3, 4, 0, 0, 1, 1}, {2, 4, 1, 1}, how).value());
  // Of a codebook that repeats its largest value, the last place.
  EXPECT_EQ(packed[Part::kCodes], bytes_of(0xE4, 0xF0));
  EXPECT_THAT(packed[Part::kScales], IsEmpty());
  EXPECT_THAT(packed[Part::kCodebooks], SizeIs(2 * 4 * 4));
}

TEST(Packing, ScalesThatAreNoNumbersOfTheirFormatAreRefused) {
  const std::vector<float> weights = synthetic_weights(64);
  for (const auto& [scheme, block, bad] :
       {std::tuple("mxfp4", "group:32", 255), std::tuple("nvfp4", "group:16", 0),
        std::tuple("nvfp4", "group:16", 127), std::tuple("nvfp4", "group:16", 200)}) {
    const Recipe how = packed_recipe(scheme, 4, block);
    const Shape shape{2, 32, 1, 1};
    PackedTensor packed = pack(quantize(weights, shape, how).value());
    packed.parts[static_cast<std::size_t>(Part::kScales)][1] = static_cast<std::byte>(bad);
    EXPECT_EQ(unpack(how, shape, packed.bytes()).error().message,
              fmt::format("scales: byte 1 is {}, expected that of a number above 0", bad));
  }
}

class Refusal : public ::testing::Test {
 protected:
  [[nodiscard]] std::string message() const {
    const auto result = unpack(how, shape, packed.bytes());
    return result.ok() ? "ok" : result.error().message;
  }
  void set_float(Part part, std::size_t index, float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (std::size_t i = 0; i < 4; ++i)
      at(part)[index * 4 + i] = static_cast<std::byte>(bits >> (8 * i) & 0xFFU);
  }
  std::vector<std::byte>& at(Part part) { return packed.parts[static_cast<std::size_t>(part)]; }

  Shape shape{2, 3, 1, 1};
  Recipe how = packed_recipe("pwlq", 3, "filter", {.bias_correction = true});
  PackedTensor packed = pack(quantize(synthetic_weights(6), shape, how).value());
};

TEST_F(Refusal, WrongSizesAreNamed) {
  ASSERT_EQ(message(), "ok");
  at(Part::kScales).pop_back();
  EXPECT_EQ(message(), "scales: expected 16 bytes, found 15");
  at(Part::kCodes).push_back({});
  EXPECT_EQ(message(), "codes: expected 3 bytes, found 4");
}

TEST_F(Refusal, ImpossibleShapesAreRefused) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  for (const Shape& wrong :
       {Shape{0, 3, 1, 1}, Shape{-2, -3, 1, 1}, Shape{kHuge, kHuge, 4, 4}, Shape{kHuge, 1, 1, 1}}) {
    shape = wrong;
    EXPECT_THAT(message(), HasSubstr("codes: 3 bytes do not fit the shape"));
  }
}

TEST_F(Refusal, CodesOutsideTheirRangeAreRefused) {
  QuantizedTensor tensor = unpack(how, shape, packed.bytes()).value();
  tensor.codes[4] = -4;  // the centre is -3 ... 3
  tensor.regions[4] = kCentre;
  packed = pack(tensor);
  EXPECT_EQ(message(), "the code of weight 4 is not one of pwlq with 3 bits");
}

TEST_F(Refusal, ParametersMustBeUsable) {
  set_float(Part::kScales, 3, 0);
  EXPECT_EQ(message(), "scales: value 3 is 0, expected a finite one above 0");
  set_float(Part::kScales, 0, std::numeric_limits<float>::infinity());
  EXPECT_EQ(message(), "scales: value 0 is inf, expected a finite one above 0");
  set_float(Part::kScales, 0, 1);
  set_float(Part::kScales, 3, 1);
  set_float(Part::kZeroPoints, 1, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(message(), "zero_points: value 1 is nan, expected a finite one");
  set_float(Part::kZeroPoints, 1, 0);
  set_float(Part::kCorrections, 2, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(message(), "corrections: value 2 is -inf, expected a finite one");
}

TEST_F(Refusal, UnusedBitsMustBeZero) {
  at(Part::kCodes).back() |= std::byte{0x80};
  EXPECT_EQ(message(), "the unused bits of a last byte are not 0");
}

TEST(BitStream, FieldsOfAnyWidthComeBack) {
  for (int width = 1; width <= 32; ++width) {
    for (const std::size_t count : {1U, 7U, 8U, 300000U}) {
      const auto value = [&](std::size_t i) {
        return static_cast<std::uint32_t>((i * 2654435761U) & ((std::uint64_t{1} << width) - 1));
      };
      std::vector<std::byte> bytes(
          static_cast<std::size_t>(stream_bytes(static_cast<std::int64_t>(count), width)));
      write_fields(count, width, bytes, 2, value);
      EXPECT_TRUE(ends_in_zeros(bytes, count, width));
      std::vector<std::uint32_t> found(count);
      read_fields(bytes, count, width, 2,
                  [&](std::size_t i, std::uint32_t field) { found[i] = field; });
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < count; ++i) wrong += found[i] == value(i) ? 0 : 1;
      EXPECT_EQ(wrong, 0U) << width << " x " << count;
    }
  }
}

}  // namespace
}  // namespace qyolo::quant
