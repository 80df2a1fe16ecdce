#include "harness/quant/scheme.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "harness/quant/kernels.h"
#include "harness/quant/uniform.h"
#include "tests/harness/quant/synthetic_weights.h"

namespace qyolo::quant {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using testing::synthetic_weights;

struct Encoded {
  FittedParameters parameters;
  std::vector<std::int8_t> codes;
  std::vector<std::uint8_t> regions;
  std::vector<float> decoded;
};

Encoded round_trip(const Scheme& scheme, const std::vector<float>& weights,
                   const SchemeOptions& options) {
  Encoded result;
  result.codes.resize(weights.size());
  if (scheme.piecewise()) result.regions.resize(weights.size());
  result.decoded.resize(weights.size());
  result.parameters = scheme.fit(weights, options);
  scheme.encode(weights, result.parameters, options, result.codes, result.regions);
  scheme.decode(result.codes, result.regions, result.parameters, options, result.decoded);
  return result;
}

const Scheme& scheme(std::string_view name) { return *find_scheme(name).value(); }

// Whether codes are a linear map of the weights, region by region: scale[0] and scale[1] are codes
// per unit.
bool linear(const Scheme& subject) {
  return subject.piecewise() || dynamic_cast<const UniformScheme*>(&subject) != nullptr;
}

// Every scheme, width, breakpoint method and storage.
template <class Body>
void for_all_options(Body&& body) {
  for (const Scheme* each : all_schemes()) {
    for (int bits = 2; bits <= 8; ++bits) {
      for (const Choice& breakpoint : all_breakpoints()) {
        for (const int scale_bits : {16, 32}) {
          for (const bool integer : {false, true}) {
            const SchemeOptions options{.bits = bits,
                                        .breakpoint = *parse_breakpoint(breakpoint.name),
                                        .scale_bits = scale_bits,
                                        .integer_zero_points = integer};
            if (!check_options(*each, options).ok()) continue;
            SCOPED_TRACE(std::string(each->name()) + " bits " + std::to_string(bits) + " " +
                         std::string(breakpoint.name) + " scale_bits " +
                         std::to_string(scale_bits) + (integer ? " integer" : ""));
            body(*each, options);
          }
        }
      }
    }
  }
}

TEST(Affine, CodesAndReconstructionAreTheFormula) {
  // s = 15 / 1.5 = 10, z = 3 - 8.
  const Encoded result = round_trip(scheme("affine"), {-0.3F, 0.0F, 0.12F, 1.2F}, {.bits = 4});
  EXPECT_THAT(result.codes, ElementsAre(-8, -5, -4, 7));
  EXPECT_THAT(result.decoded, ElementsAre(-0.3F, 0.0F, 0.1F, 1.2F));
}

TEST(Affine, IncludeZeroExtendsTheRange) {
  const SchemeOptions options{.bits = 4, .include_zero = true};
  const Encoded result = round_trip(scheme("affine"), {0.5F, 1.5F}, options);
  EXPECT_EQ(result.parameters.scale[0], 10.0F);
  EXPECT_THAT(result.codes, ElementsAre(-3, 7));
  EXPECT_EQ(round_trip(scheme("affine"), {0.5F, 1.5F}, {.bits = 4}).parameters.scale[0], 15.0F);
}

TEST(Symmetric, CodesAndReconstructionAreTheFormula) {
  const Encoded result = round_trip(scheme("symmetric"), {-3.5F, 1.25F, 0.25F, 0.75F}, {.bits = 4});
  EXPECT_EQ(result.parameters.scale[0], 2.0F);
  EXPECT_THAT(result.codes, ElementsAre(-7, 2, 0, 2));  // 2.5, 0.5 and 1.5 round to even
  EXPECT_THAT(result.decoded, ElementsAre(-3.5F, 1.0F, 0.0F, 1.0F));
}

// m = 2 and sigma > m / 1.349, so p = 1: s = 7 in the centre, 7 in the tails, z = -+7 - 4 ...
TEST(Pwlq, RegionsAndCodesAreTheFormula) {
  const Encoded result =
      round_trip(scheme("pwlq"), {-2, -1, -0.9F, 0.5F, 1, 1.3F, 2, 2, -2}, {.bits = 4});
  EXPECT_EQ(result.parameters.breakpoint, 1.0F);
  EXPECT_THAT(result.parameters.scale, ElementsAre(7.0F, 7.0F));
  EXPECT_THAT(result.parameters.zero_point, ElementsAre(-7.0F - 4.0F, 14.0F - 4.0F));
  EXPECT_THAT(result.regions, ElementsAre(2, 2, 0, 0, 1, 1, 1, 1, 2));
  EXPECT_THAT(result.codes, ElementsAre(-4, 3, -6, 4, -4, -2, 3, 3, -4));
  EXPECT_THAT(result.decoded, ElementsAre(-2, -1, -6 / 7.0F, 4 / 7.0F, 1, 9 / 7.0F, 2, 2, -2));
}

TEST(PwlqFang, TailsAreUnsignedWithAFloatOffset) {
  const Encoded result =
      round_trip(scheme("pwlq-fang"), {-2, -1, -0.9F, 0.5F, 1, 1.3F, 2, 2, -2}, {.bits = 4});
  EXPECT_THAT(result.parameters.scale, ElementsAre(7.5F, 7.0F));
  EXPECT_EQ(result.parameters.breakpoint, 1.0F);
  EXPECT_EQ(result.parameters.zero_point[0], -2.0F);
  EXPECT_THAT(result.regions, ElementsAre(2, 2, 0, 0, 1, 1, 1, 1, 2));
  EXPECT_THAT(result.codes, ElementsAre(0, 7, -7, 4, 0, 2, 7, 7, 0));
  EXPECT_EQ(result.decoded[5], static_cast<float>(1 + 2 / 7.0));
}

TEST(PwlqOverlap, TailsAreOneSymmetricRegion) {
  const Encoded result =
      round_trip(scheme("pwlq-overlap"), {-2, -1, -0.9F, 0.5F, 1, 1.3F, 2, 2, -2}, {.bits = 4});
  EXPECT_THAT(result.parameters.scale, ElementsAre(7.0F, 3.5F));
  EXPECT_THAT(result.regions, ElementsAre(1, 1, 0, 0, 1, 1, 1, 1, 1));
  EXPECT_THAT(result.codes, ElementsAre(-7, -4, -6, 4, 4, 5, 7, 7, -7));
}

TEST(Schemes, CodesStayWithinTheBitsOfTheirRegion) {
  const std::vector<float> weights = synthetic_weights(333);
  for_all_options([&](const Scheme& subject, const SchemeOptions& options) {
    const Encoded result = round_trip(subject, weights, options);
    const int half = 1 << (options.bits - 1);
    const CodeRange range = subject.code_layout(options).centre;
    EXPECT_LE(range.high - range.low, 2 * half - 1);
    if (!linear(subject)) {
      for (const int code : result.codes) {
        ASSERT_GE(code, range.low);
        ASSERT_LE(code, range.high);
      }
      return;
    }
    const bool unsigned_tails = subject.name() == "pwlq-fang";
    const bool full_tails = subject.name() == "pwlq-overlap";
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const int code = result.codes[i];
      ASSERT_GE(code, -half);
      ASSERT_LT(code, half);
      if (!subject.piecewise()) continue;
      const bool centre = std::abs(weights[i]) < result.parameters.breakpoint;
      const int tail = weights[i] < 0 && !full_tails ? kNegativeTail : kPositiveTail;
      ASSERT_EQ(result.regions[i], centre ? kCentre : tail);
      if (centre || full_tails) continue;
      ASSERT_GE(code, unsigned_tails ? 0 : -half / 2);
      ASSERT_LT(code, unsigned_tails ? half : half / 2);
    }
  });
}

TEST(Schemes, ParametersBeyondTheStoredOnesAreZero) {
  const std::vector<float> weights = synthetic_weights(33);
  for_all_options([&](const Scheme& subject, const SchemeOptions& options) {
    const GroupParameters found = subject.fit(weights, options);
    const SchemeStorage storage = subject.storage(options);
    for (int i = storage.scales + storage.tensor_scales; i < 2; ++i)
      EXPECT_EQ(found.scale[static_cast<std::size_t>(i)], 0);
    for (int i = storage.zero_points; i < 2; ++i) {
      EXPECT_EQ(found.zero_point[static_cast<std::size_t>(i)], 0);
    }
    if (storage.breakpoints == 0) {
      EXPECT_EQ(found.breakpoint, 0);
    }
    EXPECT_EQ(found.codebook.values().size(), static_cast<std::size_t>(storage.codebook));
  });
}

TEST(Schemes, IntegerZeroPointsFitTheirStorage) {
  std::vector<std::vector<float>> groups = {synthetic_weights(100), {0.5F, 0.75F, 0.8F}, {-3, -2}};
  for (const int length : {1, 2, 3, 5, 17}) groups.push_back(synthetic_weights(length));
  for_all_options([&](const Scheme& subject, SchemeOptions options) {
    if (!options.integer_zero_points || subject.name() == "pwlq-fang") return;
    options.include_zero = true;
    const double half = std::ldexp(1, subject.storage(options).zero_point_bits - 1);
    for (const auto& weights : groups) {
      for (const float zero_point : subject.fit(weights, options).zero_point) {
        EXPECT_EQ(zero_point, std::nearbyint(zero_point));
        EXPECT_GE(static_cast<double>(zero_point), -half);
        EXPECT_LT(static_cast<double>(zero_point), half);
      }
    }
  });
}

// |r - r^| <= half a step of the weight's region, and the FP32 spacing of r^.
TEST(Schemes, ErrorsAreAtMostHalfAStep) {
  const std::vector<float> weights = synthetic_weights(501);
  for_all_options([&](const Scheme& subject, const SchemeOptions& options) {
    if (!linear(subject)) return;
    const Encoded result = round_trip(subject, weights, options);
    // A scale rounded to half precision may leave the ends of a range 2^-11 of it outside.
    const double relative = options.scale_bits == 16 ? std::ldexp(1, -10) : std::ldexp(1, -22);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const std::size_t region = subject.piecewise() && result.regions[i] != kCentre ? 1 : 0;
      const double half_step = 0.5 / static_cast<double>(result.parameters.scale[region]);
      const double weight = static_cast<double>(weights[i]);
      ASSERT_LE(std::abs(weight - static_cast<double>(result.decoded[i])),
                half_step * (1 + 1e-9) + relative)
          << weight;
    }
  });
}

TEST(Schemes, EncodingAReconstructionReproducesIt) {
  const std::vector<float> weights = synthetic_weights(200);
  for (const char* name : {"affine", "symmetric"}) {
    for (int bits = 2; bits <= 8; ++bits) {
      const Scheme& subject = scheme(name);
      const SchemeOptions options{.bits = bits};
      const Encoded first = round_trip(subject, weights, options);
      std::vector<std::int8_t> codes(weights.size());
      subject.encode(first.decoded, first.parameters, options, codes, {});
      EXPECT_EQ(codes, first.codes) << name << " " << bits;
    }
  }
}

TEST(Schemes, ZeroStaysZeroInAGroupOfZeros) {
  const std::vector<float> zeros(9);
  for_all_options([&](const Scheme& subject, const SchemeOptions& options) {
    EXPECT_THAT(round_trip(subject, zeros, options).decoded, Each(0.0F));
  });
}

TEST(Schemes, EqualWeightsReconstructToTheirValue) {
  for (const float value : {0.1F, -0.3F, 1.0F, -7.25F, 1e-6F, 1e30F, -3.4e38F}) {
    for (const std::size_t length : {1U, 9U}) {
      const std::vector<float> weights(length, value);
      for_all_options([&](const Scheme& subject, const SchemeOptions& options) {
        if (options.scale_bits == 16) return;
        if (subject.storage(options).scale_format == ScaleFormat::kE8m0) return;
        const Encoded result = round_trip(subject, weights, options);
        // A scale a / q stored in FP32 gives a to its last bit or the one beside it.
        const float spacing = std::abs(std::nextafter(value, 0.0F) - value);
        for (const float decoded : result.decoded)
          EXPECT_LE(std::abs(decoded - value), 2 * spacing);
        if (subject.name() == "affine") {
          EXPECT_THAT(result.decoded, Each(value));
        }
      });
    }
  }
}

TEST(Schemes, ASingleWeightHasItsBreakpointAtHalf) {
  for_all_options([&](const Scheme& subject, const SchemeOptions& options) {
    if (!subject.piecewise()) return;
    EXPECT_EQ(subject.fit(std::vector<float>{-3}, options).breakpoint, 1.5F);
    EXPECT_EQ(subject.fit(std::vector<float>(4, 3.0F), options).breakpoint, 1.5F);
  });
}

TEST(Schemes, ExtremeGroupsReconstructFinitely) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  constexpr float kDenormal = std::numeric_limits<float>::denorm_min();
  const std::vector<std::vector<float>> groups = {
      {-kLargest, kLargest, 0, 1},
      {kLargest, kLargest * 0.5F},
      {kDenormal},
      {-kDenormal, 0, kDenormal},
      {0, 3 * kDenormal, 1400 * kDenormal},
      {1e-38F, 2e-38F, -1e-39F},
      {1, std::nextafter(1.0F, 2.0F)},
      {-1000, std::nextafter(-1000.0F, 0.0F), -1000},
      {kLargest, kDenormal, -0.0F, 0},
  };
  for (const auto& weights : groups) {
    const float largest =
        std::abs(*std::max_element(weights.begin(), weights.end(),
                                   [](float a, float b) { return std::abs(a) < std::abs(b); }));
    for_all_options([&](const Scheme& subject, const SchemeOptions& options) {
      if (options.scale_bits == 16) return;
      const Encoded result = round_trip(subject, weights, options);
      for (const float scale : {result.parameters.scale[0], result.parameters.scale[1]}) {
        EXPECT_TRUE(std::isfinite(scale));
      }
      if (subject.storage(options).scales > 0) {
        EXPECT_GT(result.parameters.scale[0], 0);
      }
      for (std::size_t i = 0; i < weights.size(); ++i) {
        ASSERT_TRUE(std::isfinite(result.decoded[i]));
        if (!linear(subject)) continue;
        const std::size_t region = subject.piecewise() && result.regions[i] != kCentre ? 1 : 0;
        const double half_step = 0.5 / static_cast<double>(result.parameters.scale[region]);
        const double spacing = static_cast<double>(largest) * std::ldexp(1, -22);
        EXPECT_LE(
            std::abs(static_cast<double>(weights[i]) - static_cast<double>(result.decoded[i])),
            half_step * (1 + 1e-6) + spacing)
            << weights[i];
      }
    });
  }
}

// The finest step of half precision is 1 / 65504; scales below 2^-14 lose relative precision.
TEST(Schemes, HalfPrecisionParametersKeepTheHalfStepBoundAtTheirLimits) {
  const std::vector<std::vector<float>> groups = {{65504, -65504, 1}, {6e-8F, -6e-8F, 1e-8F},
                                                  {1e-30F, 0},        {6.1e-8F},
                                                  {65504, 65503},     {65504, -1, -2, -3}};
  for (const auto& weights : groups) {
    float largest = 0;
    for (const float weight : weights) largest = std::max(largest, std::abs(weight));
    for_all_options([&](const Scheme& subject, const SchemeOptions& options) {
      if (options.scale_bits != 16 || !linear(subject)) return;
      const Encoded result = round_trip(subject, weights, options);
      EXPECT_GT(result.parameters.scale[0], 0);
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const std::size_t region = subject.piecewise() && result.regions[i] != kCentre ? 1 : 0;
        const double half_step = 0.5 / static_cast<double>(result.parameters.scale[region]);
        EXPECT_LE(
            std::abs(static_cast<double>(weights[i]) - static_cast<double>(result.decoded[i])),
            half_step * (1 + 1.0 / 64) + static_cast<double>(largest) * std::ldexp(1, -10));
      }
    });
  }
}

TEST(PwlqSearch, IsNoWorseThanAnyPointOfTheCoarseGridOrTheSolvers) {
  const std::vector<float> weights = synthetic_weights(400);
  const auto noise = [&](const Scheme& subject, Breakpoint method) {
    return error_sums(weights, round_trip(subject, weights, {.breakpoint = method}).decoded).noise;
  };
  for (const char* name : {"pwlq", "pwlq-fang", "pwlq-overlap"}) {
    const double searched = noise(scheme(name), Breakpoint::kSearch);
    for (const Breakpoint method : {Breakpoint::kGaussian, Breakpoint::kLaplace}) {
      EXPECT_LE(searched, noise(scheme(name), method)) << name;
    }
  }
}

TEST(UniformRange, MseIsNoWorseThanMinMax) {
  const std::vector<float> weights = synthetic_weights(400);
  for (const char* name : {"affine", "symmetric"}) {
    for (int bits = 2; bits <= 8; ++bits) {
      const auto noise = [&](Range::Kind kind) {
        const SchemeOptions options{.bits = bits, .range = {.kind = kind}};
        return error_sums(weights, round_trip(scheme(name), weights, options).decoded).noise;
      };
      EXPECT_LE(noise(Range::Kind::kMse), noise(Range::Kind::kMinMax)) << name << " " << bits;
    }
  }
}

TEST(UniformRange, PercentilesInterpolateBetweenSortedWeights) {
  const std::vector<float> weights = {4, 0, 3, 1, 2};
  const SchemeOptions options{.bits = 2, .range = {Range::Kind::kPercentile, 87.5}};
  // Quantiles 0.125 and 0.875 of five values are 0.5 and 3.5; 0.875 of the magnitudes is 3.5.
  EXPECT_EQ(scheme("affine").fit(weights, options).scale[0], 1.0F);
  EXPECT_EQ(scheme("affine").fit(weights, options).zero_point[0], 0.0F - 2.0F);
  EXPECT_EQ(scheme("symmetric").fit(weights, options).scale[0], static_cast<float>(1 / 3.5));
}

TEST(UniformRange, WeightsOutsideAPercentileAreClipped) {
  std::vector<float> weights(1001);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i) / 1000;
  weights.back() = 1e38F;
  const SchemeOptions options{.bits = 8, .range = {Range::Kind::kPercentile, 99}};
  const Encoded result = round_trip(scheme("affine"), weights, options);
  const float half_step = 0.5F / result.parameters.scale[0];  // the zero-point is rounded
  EXPECT_NEAR(1 / result.parameters.scale[0], 0.98F / 255, 1e-6F);
  EXPECT_NEAR(result.decoded.front(), 0.01F, half_step);
  EXPECT_NEAR(result.decoded.back(), 0.99F, half_step);
}

TEST(UniformRange, APercentileOfOneValueFallsBackToMinMax) {
  std::vector<float> weights(1001);
  weights[500] = 1;
  for (const char* name : {"affine", "symmetric"}) {
    const SchemeOptions options{.bits = 4, .range = {Range::Kind::kPercentile, 99}};
    EXPECT_EQ(round_trip(scheme(name), weights, options).decoded, weights) << name;
  }
}

TEST(CheckOptions, NamesWhatIsWrong) {
  const auto message = [](const char* name, const SchemeOptions& options) {
    const Status status = check_options(scheme(name), options);
    return status.ok() ? "ok" : status.error().message;
  };
  EXPECT_EQ(message("affine", {.bits = 1}), "bits 1: expected 2 to 8");
  EXPECT_EQ(message("affine", {.bits = 9}), "bits 9: expected 2 to 8");
  EXPECT_EQ(message("nf4", {.bits = 3}), "bits 3: nf4 has 4");
  EXPECT_EQ(message("kmeans", {.bits = 5}), "bits 5: kmeans has 2 to 4");
  EXPECT_EQ(message("kmeans", {.range = {.kind = Range::Kind::kOutput}}),
            "range output: kmeans covers all weights; expected minmax or hmse");
  EXPECT_EQ(message("affine", {.scale_bits = 8}), "scale_bits 8: expected 16 or 32");
  EXPECT_EQ(message("pwlq", {.range = {.kind = Range::Kind::kMse}}),
            "range mse: pwlq covers all weights; expected minmax");
  EXPECT_EQ(message("affine", {.range = {Range::Kind::kPercentile, 101}}),
            "range percentile:101: expected a percentile above 50 and up to 100");
  EXPECT_EQ(message("affine", {.bits = 2, .range = {.kind = Range::Kind::kMse}}), "ok");
}

// Half of the largest weight lies exactly between two codes; a scale rounded to FP32 first would
// push it to one side, with every other weight like it in the group.
TEST(UniformSchemes, CodesAreTheFormulasWithoutRoundingTheScaleFirst) {
  const SchemeOptions options{.bits = 4};
  int ties = 0;
  for (int i = 1; i < 2000; ++i) {
    const float a = 0.001F * static_cast<float>(i);
    const std::vector<float> weights = {a, -a, a / 2, -a / 2, a / 14, 3 * a / 14};
    const Encoded found = round_trip(scheme("symmetric"), weights, options);
    for (std::size_t j = 0; j < weights.size(); ++j) {
      const double exact = static_cast<double>(weights[j]) * (7.0 / static_cast<double>(a));
      EXPECT_EQ(found.codes[j], std::nearbyint(exact)) << a << " " << weights[j];
      ties += std::abs(exact - std::trunc(exact)) == 0.5 ? 1 : 0;
    }
  }
  EXPECT_GT(ties, 2000);
}

TEST(FindScheme, UnknownNamesListTheKnownOnes) {
  EXPECT_EQ(find_scheme("int8").error().message,
            "scheme 'int8': expected one of affine, symmetric, pwlq, pwlq-fang, pwlq-overlap, "
            "kmeans, nf4, "
            "mxfp4, nvfp4, fp8-e4m3, fp8-e5m2, apot");
}

}  // namespace
}  // namespace qyolo::quant
