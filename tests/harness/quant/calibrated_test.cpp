#include "harness/quant/calibrated.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <string>

#include "harness/quant/filter_rounding.h"
#include "harness/quant/packing.h"
#include "tests/harness/quant/synthetic_inputs.h"
#include "tests/harness/quant/synthetic_weights.h"

namespace qyolo::quant {
namespace {

using testing::moments_of;
using testing::output_error;
using testing::synthetic_weights;

// Rows whose entries are correlated, as neighbouring pixels and channels are.
std::vector<float> correlated_rows(std::size_t count, std::size_t size, unsigned seed = 3) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> rows(count * size);
  for (std::size_t p = 0; p < count; ++p) {
    float last = 0;
    for (std::size_t i = 0; i < size; ++i) {
      last = 0.8F * last + normal(generator) * (1 + static_cast<float>(i % 5));
      rows[p * size + i] = last + 0.5F;
    }
  }
  return rows;
}

Recipe calibrated_recipe(std::string_view scheme, int bits, std::string_view granularity,
                         Rounding rounding, std::string_view range = "minmax") {
  SchemeOptions options;
  options.rounding = rounding;
  options.range = Range::parse(range).value();
  return make_recipe(scheme, bits, granularity, options).value();
}

std::vector<float> decoded(const QuantizedTensor& tensor) {
  std::vector<float> weights(tensor.codes.size());
  dequantize(tensor, weights, 1);
  return weights;
}

constexpr Shape kShape{13, 9, 3, 3};

class CalibratedRounding : public ::testing::Test {
 protected:
  std::vector<float> weights_ = synthetic_weights(kShape.size());
  InputMoments inputs_ = moments_of(correlated_rows(900, 81), 81);

  [[nodiscard]] QuantizedTensor quantized(const Recipe& how, int threads = 1) const {
    return quantize_calibrated(weights_, kShape, how, std::span(&inputs_, 1), {}, threads)
        .value()
        .tensor;
  }
  [[nodiscard]] double error_of(const Recipe& how) const {
    return output_error(weights_, decoded(quantized(how)), kShape, inputs_);
  }
};

TEST_F(CalibratedRounding, EveryFormatTakesPart) {
  for (const Scheme* scheme : all_schemes()) {
    const SchemeLimits limits = scheme->limits();
    const std::string granularity =
        limits.block > 0 ? "group:" + std::to_string(limits.block) : std::string("filter");
    for (int bits = limits.least_bits; bits <= std::min(limits.most_bits, 8); ++bits) {
      const auto named = [&](Rounding rounding, std::string_view range = "minmax") {
        return calibrated_recipe(scheme->name(), bits, granularity, rounding, range);
      };
      const double nearest = output_error(
          weights_, decoded(quantize(weights_, kShape, named(Rounding::kNearest), 1).value()),
          kShape, inputs_);
      EXPECT_LT(error_of(named(Rounding::kCoordinate)), nearest) << scheme->name() << " " << bits;
      if (!scheme->takes(Range::Kind::kHmse)) continue;
      EXPECT_LE(error_of(named(Rounding::kCoordinate, "hmse")), nearest)
          << scheme->name() << " " << bits;
    }
  }
}

TEST_F(CalibratedRounding, GptqLowersTheErrorOfOutputsAndCoordinateLowersItFurther) {
  for (const char* scheme : {"affine", "symmetric", "pwlq", "pwlq-fang", "pwlq-overlap"}) {
    for (const char* granularity : {"layer", "filter", "channel", "in-channel", "group:16"}) {
      for (const int bits : {2, 3, 4}) {
        const double nearest = output_error(
            weights_,
            decoded(quantize(weights_, kShape,
                             calibrated_recipe(scheme, bits, granularity, Rounding::kNearest), 1)
                        .value()),
            kShape, inputs_);
        const double gptq = error_of(calibrated_recipe(scheme, bits, granularity, Rounding::kGptq));
        const double coordinate =
            error_of(calibrated_recipe(scheme, bits, granularity, Rounding::kCoordinate));
        EXPECT_LT(gptq, nearest) << scheme << " " << bits << " " << granularity;
        EXPECT_LE(coordinate, gptq * 1.001) << scheme << " " << bits << " " << granularity;
      }
    }
  }
}

TEST_F(CalibratedRounding, SearchingTheRangeByOutputsLowersTheirError) {
  for (const char* granularity : {"layer", "filter", "group:16"}) {
    for (const Rounding rounding : {Rounding::kNearest, Rounding::kGptq}) {
      const double minmax =
          error_of(calibrated_recipe("affine", 3, granularity, rounding, "minmax"));
      const double output =
          error_of(calibrated_recipe("affine", 3, granularity, rounding, "output"));
      EXPECT_LT(output, minmax) << granularity << " " << rounding_name(rounding);
    }
  }
}

TEST_F(CalibratedRounding, ThreadsDoNotChangeTheResult) {
  for (const char* range : {"minmax", "hmse", "output"}) {
    for (const char* granularity : {"layer", "filter", "shape"}) {
      const Recipe how = calibrated_recipe("affine", 4, granularity, Rounding::kCoordinate, range);
      const QuantizedTensor one = quantized(how, 1), many = quantized(how, 3);
      EXPECT_EQ(one.codes, many.codes) << range << " " << granularity;
      EXPECT_EQ(one.parameters, many.parameters);
    }
  }
}

TEST_F(CalibratedRounding, PacksAndUnpacks) {
  for (const char* scheme : {"affine", "pwlq", "pwlq-overlap"}) {
    const Recipe how = calibrated_recipe(scheme, 4, "filter", Rounding::kCoordinate);
    const QuantizedTensor tensor = quantized(how);
    const PackedTensor packed = pack(tensor);
    const QuantizedTensor back = unpack(how, kShape, packed.bytes()).value();
    EXPECT_EQ(decoded(back), decoded(tensor)) << scheme;
  }
}

// The algorithm as its paper has it: columns in the order of falling diagonals, each error spread
// over the columns behind it by the upper Cholesky factor of the inverse.
TEST_F(CalibratedRounding, GptqIsThatOfThePaper) {
  const std::size_t size = 81;
  const Recipe how = calibrated_recipe("affine", 4, "filter", Rounding::kGptq);
  const QuantizedTensor tensor = quantized(how);
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(),
                           [&](std::size_t i) { return inputs_.second.at(i, i); });
  std::vector<std::vector<double>> inverse(size, std::vector<double>(2 * size));
  double mean = 0;
  for (std::size_t i = 0; i < size; ++i) mean += inputs_.second.at(i, i) / size;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) inverse[i][j] = inputs_.second.at(order[i], order[j]);
    inverse[i][i] += 0.01 * mean;
    inverse[i][size + i] = 1;
  }
  for (std::size_t i = 0; i < size; ++i) {  // Gauss-Jordan
    const double pivot = inverse[i][i];
    for (double& value : inverse[i]) value /= pivot;
    for (std::size_t k = 0; k < size; ++k) {
      const double factor = inverse[k][i];
      if (k == i) continue;
      for (std::size_t j = 0; j < 2 * size; ++j) inverse[k][j] -= factor * inverse[i][j];
    }
  }
  std::vector<std::vector<double>> upper(size, std::vector<double>(size));
  for (std::size_t i = 0; i < size; ++i) {  // inverse = upper^T upper
    for (std::size_t j = i; j < size; ++j) {
      double value = inverse[i][size + j];
      for (std::size_t k = 0; k < i; ++k) value -= upper[k][i] * upper[k][j];
      upper[i][j] = i == j ? std::sqrt(value) : value / upper[i][i];
    }
  }
  const std::vector<float> result = decoded(tensor);
  std::size_t different = 0;
  for (std::size_t n = 0; n < static_cast<std::size_t>(kShape.n); ++n) {
    Grids grids(*how.scheme, how.options, 1);
    grids.set(0, tensor.parameters[n]);
    std::vector<double> left(size);
    for (std::size_t j = 0; j < size; ++j)
      left[j] = static_cast<double>(weights_[n * size + order[j]]);
    for (std::size_t j = 0; j < size; ++j) {
      const double value = grids.value(0, grids.nearest(0, left[j]));
      const double error = (left[j] - value) / upper[j][j];
      for (std::size_t k = j; k < size; ++k) left[k] -= error * upper[j][k];
      different += static_cast<double>(result[n * size + order[j]]) != value ? 1 : 0;
    }
  }
  EXPECT_EQ(different, 0U);
}

TEST_F(CalibratedRounding, WithoutCorrelationGptqRoundsToNearest) {
  inputs_.second = SymmetricMatrix(81);
  for (std::size_t i = 0; i < 81; ++i) inputs_.second.at(i, i) = 1 + static_cast<double>(i);
  const Recipe how = calibrated_recipe("affine", 4, "filter", Rounding::kGptq);
  const QuantizedTensor nearest =
      quantize(weights_, kShape, calibrated_recipe("affine", 4, "filter", Rounding::kNearest), 1)
          .value();
  EXPECT_EQ(decoded(quantized(how)), decoded(nearest));
}

TEST_F(CalibratedRounding, OneImageOneValueOrNoneStillGiveWeights) {
  const double norm = output_error(weights_, std::vector<float>(weights_.size()), kShape,
                                   moments_of(correlated_rows(100, 81), 81));
  for (const auto& rows : {std::vector<float>(), std::vector<float>(81 * 50, 0.0F),
                           std::vector<float>(81 * 50, 0.7F), correlated_rows(1, 81)}) {
    inputs_ = moments_of(rows, 81);
    for (const char* range : {"minmax", "hmse", "output"}) {
      const Recipe how = calibrated_recipe("affine", 4, "filter", Rounding::kCoordinate, range);
      const std::vector<float> result = decoded(quantized(how));
      EXPECT_TRUE(std::ranges::all_of(result, [](float w) { return std::isfinite(w); }));
      // Sensible on other inputs, too.
      EXPECT_LT(output_error(weights_, result, kShape, moments_of(correlated_rows(100, 81), 81)),
                norm);
    }
  }
}

// Inputs that are always zero, and others that are always alike: H has no inverse.
TEST_F(CalibratedRounding, ASingularMatrixStillGivesWeightsOfLessErrorThanNearest) {
  std::vector<float> rows = correlated_rows(900, 81);
  for (std::size_t p = 0; p < 900; ++p) {
    for (std::size_t i = 0; i < 81; ++i) {
      if (i % 9 < 2) rows[p * 81 + i] = 0;
      if (i % 9 == 3) rows[p * 81 + i] = rows[p * 81 + i - 1] = rows[p * 81 + i + 1];
    }
  }
  inputs_ = moments_of(rows, 81);
  for (const char* scheme : {"affine", "pwlq", "kmeans", "apot"}) {
    const double nearest =
        output_error(weights_,
                     decoded(quantize(weights_, kShape,
                                      calibrated_recipe(scheme, 3, "filter", Rounding::kNearest), 1)
                                 .value()),
                     kShape, inputs_);
    for (const Rounding rounding : {Rounding::kGptq, Rounding::kCoordinate}) {
      const std::vector<float> result =
          decoded(quantized(calibrated_recipe(scheme, 3, "filter", rounding)));
      EXPECT_TRUE(std::ranges::all_of(result, [](float w) { return std::isfinite(w); }));
      EXPECT_LT(output_error(weights_, result, kShape, inputs_), nearest) << scheme;
    }
  }
}

// The error of filters' outputs is least at these factors: a little more or less makes it larger.
TEST_F(CalibratedRounding, FactorsOfAGroupsValuesAreThoseOfLeastError) {
  const Recipe how = calibrated_recipe("affine", 3, "filter", Rounding::kGptq);
  const QuantizedTensor tensor = quantized(how);
  const std::vector<float> values = decoded(tensor);
  const RoundingOrder order(inputs_.second, 0.01, 1);
  const std::size_t size = 81;
  FilterBlock block;
  block.filters = 5;
  block.targets.resize(size * kLanes8);
  block.slots.resize(size * kLanes8);
  block.places.resize(size * kLanes8);
  Grids grids(*how.scheme, how.options, block.filters);
  for (std::size_t lane = 0; lane < block.filters; ++lane) {
    grids.set(lane, tensor.parameters[lane]);
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t at = i * kLanes8 + lane;
      block.targets[at] = static_cast<double>(weights_[lane * size + i]);
      block.slots[at] = static_cast<std::uint32_t>(lane);
      block.places[at] = static_cast<std::uint16_t>(
          grids.nearest(lane, static_cast<double>(values[lane * size + i])));
    }
  }
  const std::vector<double> factors = best_factors(order, inputs_.second, grids, block, 1);
  ASSERT_EQ(factors.size(), block.filters);
  for (std::size_t lane = 0; lane < block.filters; ++lane) {
    const auto error = [&](double factor) {
      double sum = 0;
      std::vector<double> e(size);
      for (std::size_t i = 0; i < size; ++i)
        e[i] = block.targets[i * kLanes8 + lane] -
               factor * grids.value(lane, block.places[i * kLanes8 + lane]);
      for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t j = 0; j < size; ++j) sum += e[i] * inputs_.second.at(i, j) * e[j];
        sum += order.ridge() * e[i] * e[i];
      }
      return sum;
    };
    const double least = error(factors[lane]);
    EXPECT_NE(factors[lane], 1);
    EXPECT_LT(least, error(1));
    EXPECT_LT(least, error(factors[lane] * 1.001));
    EXPECT_LT(least, error(factors[lane] * 0.999));
  }
}

TEST_F(CalibratedRounding, RescaledParametersMakeRescaledValues) {
  for (const Scheme* scheme : all_schemes()) {
    const SchemeOptions options{.bits = scheme->limits().least_bits};
    const GroupParameters fitted = scheme->fit(weights_, options);
    const auto scaled = scheme->rescaled(fitted, 1.25, options);
    if (!scaled) {
      EXPECT_GT(scheme->limits().block, 0) << scheme->name();
      continue;
    }
    for (const Level& level : all_levels(*scheme, options)) {
      const auto value = [&](const GroupParameters& parameters) {
        const std::vector<std::int8_t> codes = {level.code};
        const std::vector<std::uint8_t> regions(scheme->piecewise() ? 1 : 0, level.region);
        std::vector<float> values(1);
        scheme->decode(codes, regions, parameters, options, values);
        return values[0];
      };
      EXPECT_NEAR(value(*scaled), 1.25F * value(fitted), 1e-5F) << scheme->name();
    }
  }
}

TEST_F(CalibratedRounding, EachGroupOfAConvolutionHasItsOwnInputs) {
  const Shape shape{8, 9, 3, 3};
  const std::vector<float> weights(weights_.begin(), weights_.begin() + shape.size());
  const std::vector<InputMoments> inputs = {inputs_, moments_of(correlated_rows(500, 81, 11), 81)};
  const Recipe how = calibrated_recipe("affine", 4, "filter", Rounding::kGptq);
  const QuantizedTensor both =
      quantize_calibrated(weights, shape, how, inputs, {}, 2).value().tensor;
  for (std::size_t half = 0; half < 2; ++half) {
    const std::size_t count = 4 * 81;
    const QuantizedTensor alone =
        quantize_calibrated(std::span(weights).subspan(half * count, count), {4, 9, 3, 3}, how,
                            std::span(inputs).subspan(half, 1), {}, 1)
            .value()
            .tensor;
    EXPECT_TRUE(std::equal(alone.codes.begin(), alone.codes.end(),
                           both.codes.begin() + static_cast<std::ptrdiff_t>(half * count)));
  }
}

TEST_F(CalibratedRounding, MomentsOfAnotherLayerAreRefused) {
  const Recipe how = calibrated_recipe("affine", 4, "filter", Rounding::kGptq);
  EXPECT_FALSE(quantize_calibrated(weights_, kShape, how, {}, {}, 1).ok());
  const InputMoments other = moments_of(correlated_rows(10, 9), 9);
  EXPECT_FALSE(quantize_calibrated(weights_, kShape, how, std::span(&other, 1), {}, 1).ok());
}

TEST_F(CalibratedRounding, BiasesTakeUpWhatTheOutputsChangeByOnAverage) {
  const std::vector<float> rows = correlated_rows(900, 81);
  for (const char* granularity : {"filter", "layer"}) {
    const CalibratedTensor made =
        quantize_calibrated(weights_, kShape,
                            calibrated_recipe("affine", 2, granularity, Rounding::kGptq),
                            std::span(&inputs_, 1), {}, 1)
            .value();
    const std::vector<float> replaced = decoded(made.tensor);
    for (std::size_t n = 0; n < made.bias_change.size(); ++n) {
      double sum = 0;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t k = n * 81 + i % 81;
        sum += static_cast<double>(rows[i]) *
               (static_cast<double>(replaced[k]) - static_cast<double>(weights_[k]));
      }
      EXPECT_NEAR(made.bias_change[n], -sum / 900, 1e-6) << granularity;
    }
  }
}

TEST(Rounding, BiasCorrectionByMomentsIsRefusedBesideIt) {
  SchemeOptions options;
  options.rounding = Rounding::kGptq;
  options.bias_correction = true;
  const auto made = make_recipe("affine", 4, "filter", options);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message.find("bias_correction"), std::string::npos);
}

}  // namespace
}  // namespace qyolo::quant
