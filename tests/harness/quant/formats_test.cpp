// The tables of standards and papers, and what follows from them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "harness/quant/quantize.h"
#include "harness/quant/small_floats.h"
#include "tests/harness/quant/synthetic_weights.h"

namespace qyolo::quant {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::Pointwise;

const Scheme& scheme(std::string_view name) { return *find_scheme(name).value(); }

// What every code decodes to, the lowest first.
std::vector<float> values_of(std::string_view name, int bits, const GroupParameters& parameters) {
  const SchemeOptions options{.bits = bits};
  const CodeRange range = scheme(name).code_layout(options).centre;
  std::vector<std::int8_t> codes;
  for (int code = range.low; code <= range.high; ++code)
    codes.push_back(static_cast<std::int8_t>(code));
  std::vector<float> values(codes.size());
  scheme(name).decode(codes, {}, parameters, options, values);
  return values;
}

std::vector<float> reconstructed(std::string_view name, const std::vector<float>& weights,
                                 const SchemeOptions& options) {
  const FittedParameters parameters = scheme(name).fit(weights, options);
  std::vector<std::int8_t> codes(weights.size());
  std::vector<float> decoded(weights.size());
  scheme(name).encode(weights, parameters, options, codes, {});
  scheme(name).decode(codes, {}, parameters, options, decoded);
  return decoded;
}

// OCP MX v1.0, table 5.
TEST(SmallFloats, E2m1IsTheTableOfItsStandard) {
  std::vector<double> values;
  for (int pattern = 0; pattern < kE2m1.patterns; ++pattern)
    values.push_back(small_float(kE2m1, pattern));
  EXPECT_THAT(values, ElementsAre(0, 0.5, 1, 1.5, 2, 3, 4, 6));
}

// OCP OFP8 v1.0, table 2: largest and smallest normal and subnormal numbers.
TEST(SmallFloats, EightBitFormatsHaveTheLimitsOfTheirStandard) {
  EXPECT_EQ(small_float(kE4m3, 0x01), std::ldexp(1, -9));
  EXPECT_EQ(small_float(kE4m3, 0x07), 0.875 * std::ldexp(1, -6));
  EXPECT_EQ(small_float(kE4m3, 0x08), std::ldexp(1, -6));
  EXPECT_EQ(small_float(kE4m3, 0x38), 1);
  EXPECT_EQ(small_float(kE4m3, 0x7E), 448);
  EXPECT_EQ(largest_small_float(kE4m3), 448);
  EXPECT_EQ(small_float(kE5m2, 0x01), std::ldexp(1, -16));
  EXPECT_EQ(small_float(kE5m2, 0x03), 0.75 * std::ldexp(1, -14));
  EXPECT_EQ(small_float(kE5m2, 0x04), std::ldexp(1, -14));
  EXPECT_EQ(small_float(kE5m2, 0x3C), 1);
  EXPECT_EQ(small_float(kE5m2, 0x7B), 57344);
  EXPECT_EQ(largest_small_float(kE5m2), 57344);
}

TEST(SmallFloats, TheNearestPatternIsHalfToEvenAndSaturates) {
  for (const SmallFloat& format : {kE2m1, kE4m3, kE5m2}) {
    for (int pattern = 0; pattern + 1 < format.patterns; ++pattern) {
      const double low = small_float(format, pattern), high = small_float(format, pattern + 1);
      EXPECT_EQ(nearest_pattern(format, low), pattern);
      EXPECT_EQ(nearest_pattern(format, (low + high) / 2), pattern + pattern % 2);
      EXPECT_EQ(nearest_pattern(format, std::nextafter((low + high) / 2, low)), pattern);
      EXPECT_EQ(nearest_pattern(format, std::nextafter((low + high) / 2, high)), pattern + 1);
    }
    EXPECT_EQ(nearest_pattern(format, 1e30), format.patterns - 1);
  }
}

// QLoRA, appendix E.
TEST(Nf4, HasThePublishedValues) {
  EXPECT_THAT(values_of("nf4", 4, {.scale = {1}}),
              ElementsAre(-1.0F, -0.6961928009986877F, -0.5250730514526367F, -0.39491748809814453F,
                          -0.28444138169288635F, -0.18477343022823334F, -0.09105003625154495F, 0.0F,
                          0.07958029955625534F, 0.16093020141124725F, 0.24611230194568634F,
                          0.33791524171829224F, 0.44070982933044434F, 0.5626170039176941F,
                          0.7229568362236023F, 1.0F));
  EXPECT_THAT(reconstructed("nf4", {-4, 0.1F, 4, 2.3F}, {.bits = 4}),
              ElementsAre(-4, 0, 4, 4 * 0.5626170039176941F));
}

// Of the released code, build_power_value(k - 1).
TEST(Apot, HasThePublishedLevels) {
  EXPECT_THAT(values_of("apot", 2, {.scale = {1}}), ElementsAre(-1, 0, 1));
  EXPECT_THAT(values_of("apot", 3, {.scale = {1}}), ElementsAre(-1, -0.5, -0.25, 0, 0.25, 0.5, 1));
  EXPECT_THAT(values_of("apot", 4, {.scale = {1}}),
              Pointwise(FloatEq(), {-1.0F, -0.8F, -0.6F, -0.4F, -0.3F, -0.2F, -0.1F, 0.0F, 0.1F,
                                    0.2F, 0.3F, 0.4F, 0.6F, 0.8F, 1.0F}));
  // {0, 1, 1/4, 1/16} + {0, 1/2, 1/8, 1/32}, over 3/2.
  const std::vector<float> five = values_of("apot", 5, {.scale = {48}});
  EXPECT_THAT(std::vector<float>(five.begin() + 15, five.end()),
              Pointwise(FloatEq(), {0.0F, 1.0F, 2.0F, 3.0F, 4.0F, 6.0F, 8.0F, 9.0F, 12.0F, 16.0F,
                                    18.0F, 24.0F, 32.0F, 33.0F, 36.0F, 48.0F}));
  for (int bits = 2; bits <= 8; ++bits) {
    const std::vector<float> values = values_of("apot", bits, {.scale = {1}});
    EXPECT_EQ(values.size(), (std::size_t{1} << bits) - 1) << bits;
    EXPECT_TRUE(std::ranges::is_sorted(values, std::ranges::less_equal())) << bits;
  }
}

TEST(Fp8, DecodesToItsStandardsNumbersWhereTheLargestOneIsTheScale) {
  for (const auto& [name, format] : {std::pair("fp8-e4m3", kE4m3), std::pair("fp8-e5m2", kE5m2)}) {
    const auto largest = static_cast<float>(largest_small_float(format));
    const std::vector<float> values = values_of(name, 8, {.scale = {largest}});
    ASSERT_EQ(values.size(), static_cast<std::size_t>(2 * format.patterns - 1));
    for (int pattern = 0; pattern < format.patterns; ++pattern) {
      const auto expected = static_cast<float>(small_float(format, pattern));
      EXPECT_EQ(values[static_cast<std::size_t>(format.patterns - 1 + pattern)], expected);
      EXPECT_EQ(values[static_cast<std::size_t>(format.patterns - 1 - pattern)], -expected);
    }
  }
}

TEST(Mxfp4, ThePowerIsThatOfTheStandard) {
  const auto power = [](float largest) {
    return scheme("mxfp4").fit(std::vector<float>{largest, 0.1F}, {.bits = 4}).scale[0];
  };
  EXPECT_EQ(power(4), 1);
  EXPECT_EQ(power(7.99F), 1);
  EXPECT_EQ(power(8), 2);
  EXPECT_EQ(power(-3.99F), 0.5);
  EXPECT_EQ(power(0), std::ldexp(1.0F, -6));  // of 0.1
  // Beyond 6 of it is clipped, unless the power is searched for.
  const std::vector<float> block = {7.9F, 7.9F, 0.4F};
  EXPECT_THAT(reconstructed("mxfp4", block, {.bits = 4}), ElementsAre(6, 6, 0.5));
  EXPECT_THAT(reconstructed("mxfp4", block, {.bits = 4, .range = {.kind = Range::Kind::kMse}}),
              ElementsAre(8, 8, 0));
}

TEST(Mxfp4, IsExactOnItsOwnNumbers) {
  const std::vector<float> block = {-6, -4, -3, -2, -1.5F, -1, -0.5F, 0, 0.5F, 1, 1.5F, 2, 3, 4, 6};
  for (const float by : {1.0F, 0.125F, 1024.0F}) {
    std::vector<float> scaled;
    for (const float value : block) scaled.push_back(value * by);
    EXPECT_EQ(reconstructed("mxfp4", scaled, {.bits = 4}), scaled);
  }
  // Half to even patterns: 2.5 lies between 2 and 3, 5 between 4 and 6, 0.25 between 0 and 0.5.
  EXPECT_THAT(
      reconstructed("mxfp4", {6, 2.5F, 5, -5, 0.25F, 0.75F, 1.25F, 1.75F, 3.5F}, {.bits = 4}),
      ElementsAre(6, 2, 4, -4, 0, 1, 1, 2, 4));
}

TEST(Nvfp4, ScalesAreThoseOfItsDescription) {
  std::vector<float> weights(48, 0.01F);
  weights[0] = 3;        // the tensor's largest
  weights[16] = 0.3F;    // a block's largest
  weights[32] = -1e-6F;  // below what a block's scale can be
  for (std::size_t i = 33; i < 48; ++i) weights[i] = 0;
  const Recipe how = make_recipe("nvfp4", 4, "group:16").value();
  const QuantizedTensor tensor = quantize(weights, {1, 48, 1, 1}, how, 1).value();
  const auto shared = static_cast<float>(3 / (6 * 448.0));
  for (const GroupParameters& group : tensor.parameters) EXPECT_EQ(group.scale[1], shared);
  EXPECT_EQ(tensor.parameters[0].scale[0], 448);
  EXPECT_EQ(tensor.parameters[1].scale[0], 44);  // 44.8 in E4M3
  EXPECT_EQ(tensor.parameters[2].scale[0], std::ldexp(1.0F, -9));
  std::vector<float> decoded(48);
  dequantize(tensor, decoded, 1);
  EXPECT_FLOAT_EQ(decoded[0], 3);
  EXPECT_FLOAT_EQ(decoded[16], 6 * 44 * shared);
}

TEST(Formats, StorageCountsWhatADecoderNeeds) {
  const Shape shape{10, 20, 3, 3};  // 180 weights a filter: 6 blocks of 32, 12 of 16
  const auto total = [&](const char* name, int bits, const char* granularity,
                         const SchemeOptions& options = {}) {
    return storage_bits(make_recipe(name, bits, granularity, options).value(), shape).total();
  };
  EXPECT_EQ(total("mxfp4", 4, "group:32"), 1800 * 4 + 60 * 8);
  EXPECT_EQ(total("nvfp4", 4, "group:16"), 1800 * 4 + 120 * 8 + 32);
  EXPECT_EQ(total("nf4", 4, "filter", {.scale_bits = 16}), 1800 * 4 + 10 * 16);
  EXPECT_EQ(total("fp8-e4m3", 8, "filter"), 1800 * 8 + 10 * 32);
  EXPECT_EQ(total("apot", 3, "layer"), 1800 * 3 + 32);
  EXPECT_EQ(total("kmeans", 3, "filter", {.scale_bits = 16}), 1800 * 3 + 10 * 8 * 16);
}

TEST(Formats, BlocksAreThoseOfTheStandard) {
  EXPECT_EQ(make_recipe("mxfp4", 4, "filter").error().message,
            "granularity filter: mxfp4 has one scale for 32 weights; expected group:32");
  EXPECT_EQ(make_recipe("nvfp4", 4, "group:32").error().message,
            "granularity group:32: nvfp4 has one scale for 16 weights; expected group:16");
}

TEST(Formats, SearchingTheRangeLowersTheError) {
  const std::vector<float> weights = testing::synthetic_weights(400);
  for (const char* name : {"nf4", "mxfp4", "nvfp4", "apot"}) {
    const auto noise = [&](Range::Kind kind) {
      return weight_error(weights,
                          reconstructed(name, weights, {.bits = 4, .range = {.kind = kind}}))
          .noise;
    };
    EXPECT_LE(noise(Range::Kind::kMse), noise(Range::Kind::kMinMax)) << name;
  }
}

TEST(Kmeans, HasNoMoreErrorThanAnyOtherSchemeOfItsWidth) {
  const Shape shape{6, 40, 3, 3};
  const std::vector<float> weights = testing::synthetic_weights(shape.size());
  const auto noise = [&](const char* name, int bits, Range::Kind kind) {
    const Recipe how = make_recipe(name, bits, "filter", {.range = {.kind = kind}}).value();
    std::vector<float> decoded(weights.size());
    dequantize(quantize(weights, shape, how, 1).value(), decoded, 1);
    return weight_error(weights, decoded).noise;
  };
  for (const int bits : {2, 3, 4}) {
    const double least = noise("kmeans", bits, Range::Kind::kMinMax);
    for (const char* name : {"affine", "symmetric", "apot"})
      EXPECT_LT(least, noise(name, bits, Range::Kind::kMse)) << name << " " << bits;
  }
  EXPECT_LT(noise("kmeans", 4, Range::Kind::kMinMax), noise("nf4", 4, Range::Kind::kMse));
}

}  // namespace
}  // namespace qyolo::quant
