#include "harness/quant/quantize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "harness/quant/kernels.h"
#include "tests/harness/quant/synthetic_weights.h"

namespace qyolo::quant {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::synthetic_weights;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Recipe recipe(std::string_view scheme, int bits, std::string_view granularity,
              const SchemeOptions& options = {}) {
  return make_recipe(scheme, bits, granularity, options).value();
}

std::vector<float> decode(const QuantizedTensor& tensor, int threads = 1) {
  std::vector<float> decoded(static_cast<std::size_t>(tensor.shape.size()));
  dequantize(tensor, decoded, threads);
  return decoded;
}

double mse(const std::vector<float>& weights, const Shape& shape, const Recipe& how) {
  return weight_error(weights, decode(quantize(weights, shape, how).value())).mse();
}

std::string message(const std::vector<float>& weights, const Shape& shape, const Recipe& how) {
  const auto result = quantize(weights, shape, how);
  return result.ok() ? "ok" : result.error().message;
}

const std::vector<std::string> kGranularities = {"layer",      "filter",  "channel",
                                                 "in-channel", "shape",   "shape-ssl",
                                                 "fshape",     "group:5", "group:64"};

TEST(Quantize, ThreadsDoNotChangeTheResult) {
  const Shape shape{70, 40, 3, 3};
  const std::vector<float> weights = synthetic_weights(shape.size());
  for (const char* scheme : {"affine", "pwlq"}) {
    for (const std::string& granularity : kGranularities) {
      const Recipe how = recipe(scheme, 4, granularity, {.bias_correction = true});
      const QuantizedTensor one = quantize(weights, shape, how, 1).value();
      for (const int threads : {2, 5}) {
        const QuantizedTensor many = quantize(weights, shape, how, threads).value();
        EXPECT_EQ(one.codes, many.codes) << scheme << " " << granularity;
        EXPECT_EQ(one.regions, many.regions);
        EXPECT_EQ(one.parameters, many.parameters);
        EXPECT_EQ(one.corrections, many.corrections);
        EXPECT_EQ(decode(one, 1), decode(many, threads));
      }
    }
  }
}

// What a tensor's groups decode to is what the scheme makes of each group on its own.
TEST(Quantize, GroupsAreQuantizedByThemselves) {
  const Shape shape{7, 5, 3, 3};
  const std::vector<float> weights = synthetic_weights(shape.size());
  for (const char* scheme : {"affine", "pwlq"}) {
    for (const std::string& granularity : kGranularities) {
      const Recipe how = recipe(scheme, 4, granularity);
      const QuantizedTensor tensor = quantize(weights, shape, how).value();
      for (std::int64_t g = 0; g < how.granularity.group_count(shape); ++g) {
        const Group group = how.granularity.group(shape, g);
        std::vector<float> own;
        std::vector<std::int8_t> codes_found;
        for (std::int64_t i = 0; i < group.outer; ++i) {
          for (std::int64_t j = 0; j < group.inner; ++j) {
            const auto at = static_cast<std::size_t>(group.offset + i * group.stride_outer +
                                                     j * group.stride_inner);
            own.push_back(weights[at]);
            codes_found.push_back(tensor.codes[at]);
          }
        }
        const FittedParameters parameters = how.scheme->fit(own, how.options);
        std::vector<std::int8_t> codes(own.size());
        std::vector<std::uint8_t> regions(how.scheme->piecewise() ? own.size() : 0);
        how.scheme->encode(own, parameters, how.options, codes, regions);
        ASSERT_EQ(tensor.parameters[static_cast<std::size_t>(g)], parameters);
        ASSERT_EQ(codes_found, codes) << scheme << " " << granularity << " group " << g;
      }
    }
  }
}

TEST(Quantize, FinerGroupsDoNotRaiseTheErrorOfAffineMinMax) {
  const Shape shape{16, 12, 3, 3};
  const std::vector<float> weights = synthetic_weights(shape.size());
  const std::vector<std::vector<std::string>> chains = {{"layer", "filter", "fshape"},
                                                        {"layer", "filter", "channel"},
                                                        {"layer", "filter", "group:54", "group:9"},
                                                        {"layer", "shape", "fshape"},
                                                        {"layer", "in-channel", "channel"},
                                                        {"layer", "shape", "shape-ssl"}};
  for (int bits = 2; bits <= 8; ++bits) {
    for (const auto& chain : chains) {
      double coarser = std::numeric_limits<double>::infinity();
      for (const std::string& granularity : chain) {
        const double finer = mse(weights, shape, recipe("affine", bits, granularity));
        EXPECT_LE(finer, coarser) << granularity << " at " << bits << " bits";
        coarser = finer;
      }
    }
  }
}

TEST(Quantize, OneWeightPerGroupIsExactUnderAffine) {
  const Shape shape{8, 9, 1, 1};
  const std::vector<float> weights = synthetic_weights(shape.size());
  const QuantizedTensor tensor = quantize(weights, shape, recipe("affine", 2, "channel")).value();
  EXPECT_EQ(decode(tensor), weights);
  EXPECT_EQ(weight_error(weights, decode(tensor)).sqnr_db(),
            std::numeric_limits<double>::infinity());
}

TEST(Quantize, OnlyPiecewiseSchemesHaveRegions) {
  const Shape shape{2, 3, 1, 1};
  const std::vector<float> weights = synthetic_weights(6);
  EXPECT_THAT(quantize(weights, shape, recipe("affine", 4, "layer"))->regions, IsEmpty());
  EXPECT_THAT(quantize(weights, shape, recipe("pwlq", 4, "layer"))->regions, SizeIs(6));
  EXPECT_THAT(quantize(weights, shape, recipe("pwlq", 4, "layer"))->corrections, IsEmpty());
}

TEST(Quantize, WeightsThatAreNotFiniteAreNamed) {
  std::vector<float> weights(2 * 3 * 2 * 2, 0.5F);
  weights[12 + 4 + 3] = kNan;
  EXPECT_EQ(message(weights, {2, 3, 2, 2}, recipe("affine", 4, "filter")),
            "weight [1, 1, 1, 1] is nan: expected a finite value");
  weights[2] = -kInfinity;
  EXPECT_EQ(message(weights, {2, 3, 2, 2}, recipe("pwlq", 4, "filter")),
            "weight [0, 0, 1, 0] is -inf: expected a finite value");
}

TEST(Quantize, WeightsBeyondHalfPrecisionAreRefusedWithHalfPrecisionScales) {
  const std::vector<float> weights = {1, 70000};
  EXPECT_EQ(message(weights, {1, 2, 1, 1}, recipe("affine", 4, "layer", {.scale_bits = 16})),
            "weight [0, 1, 0, 0] is 70000: expected at most 65504 in magnitude with 16-bit scales");
  EXPECT_EQ(message(weights, {1, 2, 1, 1}, recipe("affine", 4, "layer")), "ok");
}

TEST(Quantize, ShapesMustDescribeTheWeights) {
  const std::vector<float> weights(12, 1.0F);
  const Recipe how = recipe("affine", 4, "layer");
  EXPECT_EQ(message(weights, {2, 3, 2, 2}, how),
            "shape [2, 3, 2, 2]: expected positive dimensions that make 12 weights");
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  for (const Shape& shape :
       {Shape{0, 3, 2, 2}, {-3, -4, 1, 1}, {12, 1, 1, 0}, {kHuge, kHuge, 4, 3}, {1, 1, 1, 1}}) {
    EXPECT_NE(message(weights, shape, how), "ok");
  }
  EXPECT_NE(message({}, {0, 0, 0, 0}, how), "ok");
  EXPECT_EQ(message(weights, {2, 3, 2, 1}, how), "ok");
}

TEST(BiasCorrection, MatchesMeanAndDeviationOfEveryFilter) {
  const Shape shape{5, 8, 3, 3};
  std::vector<float> weights = synthetic_weights(shape.size());
  for (float& weight : weights) weight += 0.2F;
  const QuantizedTensor tensor =
      quantize(weights, shape, recipe("pwlq", 3, "layer", {.bias_correction = true})).value();
  ASSERT_THAT(tensor.corrections, SizeIs(5));
  const std::vector<float> decoded = decode(tensor);
  for (std::size_t filter = 0; filter < 5; ++filter) {
    const Moments wanted = find_moments(std::span(weights).subspan(filter * 72, 72));
    const Moments found = find_moments(std::span(decoded).subspan(filter * 72, 72));
    EXPECT_NEAR(found.mean, wanted.mean, 1e-7);
    EXPECT_NEAR(found.deviation, wanted.deviation, 1e-7);
  }
}

TEST(BiasCorrection, LeavesAnExactReconstructionAlone) {
  const Shape shape{4, 6, 1, 1};
  const std::vector<float> weights = synthetic_weights(shape.size());
  const QuantizedTensor tensor =
      quantize(weights, shape, recipe("affine", 4, "channel", {.bias_correction = true})).value();
  for (const FilterCorrection& correction : tensor.corrections) {
    EXPECT_EQ(correction, FilterCorrection{});
  }
  EXPECT_EQ(decode(tensor), weights);
}

TEST(BiasCorrection, AFilterThatCollapsedToOneValueGetsItsMean) {
  const Shape shape{2, 3, 1, 1};
  const std::vector<float> weights = {100, -100, 50, 1, 2, 3};
  const QuantizedTensor tensor =
      quantize(weights, shape, recipe("symmetric", 4, "layer", {.bias_correction = true})).value();
  const std::vector<float> decoded = decode(tensor);
  for (std::size_t i = 3; i < 6; ++i) EXPECT_EQ(decoded[i], 2.0F);
}

// Per group: 2 parameters for affine, 5 for PWLQ, as the study's ratios have it.
TEST(StorageBits, CountWhatADecoderNeeds) {
  const Shape shape{10, 20, 3, 3};
  const StorageBits affine = storage_bits(recipe("affine", 4, "filter"), shape);
  EXPECT_EQ(affine.codes, 1800 * 4);
  EXPECT_EQ(affine.scales, 10 * 32);
  EXPECT_EQ(affine.zero_points, 10 * 32);
  EXPECT_EQ(affine.total(), 1800 * 4 + 10 * 64);

  const StorageBits pwlq =
      storage_bits(recipe("pwlq", 4, "filter", {.bias_correction = true}), shape);
  EXPECT_EQ(pwlq.regions, 1800);
  EXPECT_EQ(pwlq.scales + pwlq.zero_points + pwlq.breakpoints, 10 * 5 * 32);
  EXPECT_EQ(pwlq.corrections, 10 * 2 * 32);

  const SchemeOptions compact{.include_zero = true, .scale_bits = 16, .integer_zero_points = true};
  EXPECT_EQ(storage_bits(recipe("affine", 4, "filter", compact), shape).total(),
            1800 * 4 + 10 * (16 + 4));
  EXPECT_EQ(storage_bits(recipe("pwlq", 4, "filter", compact), shape).total(),
            1800 * 5 + 10 * (3 * 16 + 2 * 5));
  EXPECT_EQ(storage_bits(recipe("pwlq-fang", 4, "filter", compact), shape).total(),
            1800 * 5 + 10 * 4 * 16);
  EXPECT_EQ(storage_bits(recipe("pwlq-overlap", 4, "filter"), shape).total(),
            1800 * 5 + 10 * 3 * 32);
  EXPECT_EQ(storage_bits(recipe("symmetric", 8, "layer"), shape).total(), 1800 * 8 + 32);
}

TEST(WeightErrors, AddUp) {
  WeightError sum = weight_error(std::vector<float>{3, 4}, std::vector<float>{3, 5});
  EXPECT_EQ(sum.signal, 25);
  EXPECT_EQ(sum.noise, 1);
  sum += weight_error(std::vector<float>{5, 5, 5}, std::vector<float>{5, 6, 5});
  EXPECT_EQ(sum.weights, 5);
  EXPECT_DOUBLE_EQ(sum.mse(), 0.4);
  EXPECT_DOUBLE_EQ(sum.sqnr_db(), 10 * std::log10(50.0));
  EXPECT_EQ(WeightError{}.mse(), 0);
}

TEST(MakeRecipe, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(make_recipe("affine", 4, "kernel").ok());
  EXPECT_FALSE(make_recipe("int8", 4, "layer").ok());
  EXPECT_EQ(make_recipe("affine", 16, "layer").error().message, "bits 16: expected 2 to 8");
  EXPECT_EQ(make_recipe("affine", 5, "layer", {.bits = 8})->options.bits, 5);
}

}  // namespace
}  // namespace qyolo::quant
