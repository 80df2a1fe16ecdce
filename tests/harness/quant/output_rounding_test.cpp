#include "harness/quant/output_rounding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>

#include "harness/quant/calibrated.h"
#include "tests/harness/quant/synthetic_inputs.h"
#include "tests/harness/quant/synthetic_weights.h"

namespace qyolo::quant {
namespace {

using testing::synthetic_weights;
using ActivationKind = Activation::Kind;

constexpr Shape kBlockShape{13, 9, 2, 2};
constexpr std::size_t kSize = 36;
constexpr std::size_t kPositions = 1001;

const std::vector<Activation> kActivations = {{ActivationKind::kIdentity, 0},
                                              {ActivationKind::kSiLU, 0},
                                              {ActivationKind::kLeakyReLU, 0.1F},
                                              {ActivationKind::kReLU, 0},
                                              {ActivationKind::kSigmoid, 0}};

double applied(const Activation& activation, double sum) {
  switch (activation.kind) {
    case ActivationKind::kIdentity:
      return sum;
    case ActivationKind::kSiLU:
      return sum / (1 + std::exp(-sum));
    case ActivationKind::kLeakyReLU:
      return sum > 0 ? sum : static_cast<double>(activation.slope) * sum;
    case ActivationKind::kReLU:
      return sum > 0 ? sum : 0;
    case ActivationKind::kSigmoid:
      return 1 / (1 + std::exp(-sum));
  }
  return 0;
}

InputMoments made_inputs(float stretch = 1) {
  return testing::activated_inputs(kPositions, kSize, stretch);
}

std::vector<float> biases() {
  std::vector<float> bias(static_cast<std::size_t>(kBlockShape.n));
  for (std::size_t n = 0; n < bias.size(); ++n) bias[n] = 0.3F - 0.1F * static_cast<float>(n);
  return bias;
}

Recipe coordinate(std::string_view scheme, int bits, std::string_view granularity) {
  SchemeOptions options;
  options.rounding = Rounding::kCoordinate;
  return make_recipe(scheme, bits, granularity, options).value();
}

// Sum over positions and filters of what the outputs miss, squared.
double output_error(const std::vector<float>& weights, const CalibratedTensor& made,
                    const InputSamples& samples, const Activation& activation) {
  std::vector<float> rounded(weights.size());
  dequantize(made.tensor, rounded, 1);
  const std::vector<float> bias = biases();
  double total = 0;
  for (std::size_t n = 0; n < bias.size(); ++n) {
    for (std::size_t p = 0; p < samples.positions; ++p) {
      double now = static_cast<double>(bias[n]) + made.bias_change[n];
      double wanted = static_cast<double>(bias[n]);
      for (std::size_t i = 0; i < kSize; ++i) {
        const std::size_t at = i * samples.positions + p;
        now +=
            static_cast<double>(rounded[n * kSize + i]) * static_cast<double>(samples.inputs[at]);
        wanted +=
            static_cast<double>(weights[n * kSize + i]) * static_cast<double>(samples.wanted[at]);
      }
      const double missed = applied(activation, now) - applied(activation, wanted);
      total += static_cast<double>(samples.counts[p]) * missed * missed;
    }
  }
  return total;
}

class Outputs : public ::testing::Test {
 protected:
  struct Rounded {
    Grids grids;  // a slot per filter
    FilterBlock block;
  };
  // The first filters, each weight at its nearest code.
  [[nodiscard]] Rounded nearest_block(const Recipe& how, std::size_t filters) const {
    Rounded made{Grids(*how.scheme, how.options, filters), {}};
    auto& [grids, block] = made;
    block.filters = filters;
    block.targets.resize(kSize * kLanes8);
    block.slots.resize(kSize * kLanes8);
    block.places.resize(kSize * kLanes8);
    for (std::size_t lane = 0; lane < filters; ++lane) {
      const std::span<const float> filter = std::span(weights_).subspan(lane * kSize, kSize);
      grids.set(lane, how.scheme->fit({filter, {}, 0}, how.options));
      for (std::size_t i = 0; i < kSize; ++i) {
        const std::size_t at = i * kLanes8 + lane;
        block.targets[at] = static_cast<double>(filter[i]);
        block.slots[at] = static_cast<std::uint32_t>(lane);
        block.places[at] = static_cast<std::uint16_t>(grids.nearest(lane, block.targets[at]));
      }
    }
    return made;
  }

  std::vector<float> weights_ = synthetic_weights(kBlockShape.size());
  std::vector<float> bias_ = biases();

  [[nodiscard]] CalibratedTensor rounded(const Recipe& recipe, const InputMoments& inputs,
                                         const Activation& activation, int threads = 1) const {
    return quantize_calibrated(weights_, kBlockShape, recipe, std::span(&inputs, 1),
                               {bias_, activation}, threads)
        .value();
  }
};

TEST_F(Outputs, AreNearerToThoseWantedBehindEveryActivation) {
  const InputMoments inputs = made_inputs();
  InputMoments moments_alone = inputs;
  moments_alone.samples = {};
  for (const Activation& activation : kActivations) {
    for (const char* scheme : {"affine", "pwlq", "kmeans"}) {
      for (const char* granularity : {"filter", "layer", "in-channel"}) {
        for (const int bits : {2, 3, 4}) {
          const Recipe how = coordinate(scheme, bits, granularity);
          const double without = output_error(weights_, rounded(how, moments_alone, activation),
                                              inputs.samples, activation);
          const double with =
              output_error(weights_, rounded(how, inputs, activation), inputs.samples, activation);
          EXPECT_LT(with, without)
              << how.text() << ", activation " << static_cast<int>(activation.kind);
        }
      }
    }
  }
}

// With an activation that swallows half of the sums, there is more to gain than without one.
TEST_F(Outputs, GainMostWhereTheActivationSwallowsErrors) {
  const InputMoments inputs = made_inputs();
  InputMoments moments_alone = inputs;
  moments_alone.samples = {};
  const auto left = [&](const Activation& activation) {
    const Recipe how = coordinate("affine", 3, "filter");
    return output_error(weights_, rounded(how, inputs, activation), inputs.samples, activation) /
           output_error(weights_, rounded(how, moments_alone, activation), inputs.samples,
                        activation);
  };
  EXPECT_LT(left({ActivationKind::kReLU, 0}), left({ActivationKind::kIdentity, 0}));
  EXPECT_LT(left({ActivationKind::kSiLU, 0}), left({ActivationKind::kIdentity, 0}));
}

TEST_F(Outputs, FollowWhatIsWanted) {
  const InputMoments as_they_are = made_inputs(), stretched = made_inputs(1.2F);
  const Recipe how = coordinate("affine", 4, "filter");
  for (const Activation& activation : kActivations) {
    EXPECT_LT(
        output_error(weights_, rounded(how, stretched, activation), stretched.samples, activation),
        0.5 * output_error(weights_, rounded(how, as_they_are, activation), stretched.samples,
                           activation));
  }
}

TEST_F(Outputs, AreTheSameOnEveryNumberOfThreads) {
  const InputMoments inputs = made_inputs();
  for (const char* granularity : {"filter", "layer", "group:12"}) {
    const Recipe how = coordinate("affine", 3, granularity);
    const CalibratedTensor one = rounded(how, inputs, kActivations[1], 1);
    const CalibratedTensor three = rounded(how, inputs, kActivations[1], 3);
    EXPECT_EQ(one.tensor.codes, three.tensor.codes);
    EXPECT_EQ(one.bias_change, three.bias_change);
  }
}

TEST_F(Outputs, OfFewerSamplesThanWeightsAreNotLookedAt) {
  InputMoments inputs = made_inputs();
  InputMoments moments_alone = inputs;
  moments_alone.samples = {};
  inputs.samples.positions = kSize - 1;
  const Recipe how = coordinate("affine", 3, "filter");
  EXPECT_EQ(rounded(how, inputs, kActivations[1]).tensor.codes,
            rounded(how, moments_alone, kActivations[1]).tensor.codes);
}

// What a pass says of the loss is the loss.
TEST_F(Outputs, LossIsThatOfTheOutputsAndWhatLeaks) {
  const InputMoments inputs = made_inputs();
  const InputSamples& samples = inputs.samples;
  const Recipe how = coordinate("affine", 3, "filter");
  for (const Activation& activation : kActivations) {
    auto [grids, block] = nearest_block(how, 3);
    OutputRounding rounding(samples, activation, block, std::span(bias_).first(block.filters));
    OutputRounding::PerFilter change{};
    change[1] = 0.25;
    rounding.begin(grids, block, change);
    for (std::size_t lane = 0; lane < block.filters; ++lane) {
      double loss = 0;
      for (std::size_t p = 0; p < samples.positions; ++p) {
        double now = static_cast<double>(bias_[lane]) + change[lane];
        double wanted = static_cast<double>(bias_[lane]);
        for (std::size_t i = 0; i < kSize; ++i) {
          const auto x = static_cast<double>(samples.inputs[i * samples.positions + p]);
          now += grids.value(lane, block.places[i * kLanes8 + lane]) * x;
          wanted += block.targets[i * kLanes8 + lane] * x;
        }
        const double missed = applied(activation, now) - applied(activation, wanted);
        const double leak = 0.02 * (now - wanted) * (now - wanted);
        loss += static_cast<double>(samples.counts[p]) * (missed * missed + leak);
      }
      EXPECT_NEAR(rounding.loss()[lane], loss, 1e-4 * loss);
    }
    const OutputRounding::PerFilter before = rounding.loss();
    rounding.pass(RoundingOrder(inputs.second, 0.01, 1), grids, block);
    for (std::size_t lane = 0; lane < block.filters; ++lane)
      EXPECT_LT(rounding.loss()[lane], before[lane]);
  }
}

// Grids that are multiplied, as of affine weights, and others, whose sums are made anew.
TEST_F(Outputs, FollowGridsThatChange) {
  const InputMoments inputs = made_inputs();
  for (const bool multiplied : {true, false}) {
    const Recipe how = coordinate("affine", 4, "filter");
    auto [grids, block] = nearest_block(how, 3);
    const Activation& activation = kActivations[1];
    OutputRounding rounding(inputs.samples, activation, block, std::span(bias_).first(3));
    OutputRounding::PerFilter change{};
    change[2] = -0.1;
    rounding.begin(grids, block, change);
    const std::vector<double> before = values_of(grids, block);
    for (std::size_t lane = 0; lane < 3; ++lane) {
      const std::span<const float> filter = std::span(weights_).subspan(lane * kSize, kSize);
      const GroupParameters fitted = how.scheme->fit({filter, {}, 0}, how.options);
      const auto scaled = how.scheme->rescaled(fitted, 1.125, how.options);
      ASSERT_TRUE(scaled);
      GroupParameters changed = *scaled;
      if (!multiplied) changed.zero_point[0] += 1;
      grids.set(lane, changed);
    }
    rounding.follow(before, grids, block);
    OutputRounding anew(inputs.samples, activation, block, std::span(bias_).first(3));
    anew.begin(grids, block, change);
    for (std::size_t lane = 0; lane < 3; ++lane)
      EXPECT_NEAR(rounding.loss()[lane], anew.loss()[lane], 1e-4 * anew.loss()[lane]);
  }
}

TEST_F(Outputs, FactorsOfWholeFiltersLessenTheLoss) {
  const InputMoments inputs = made_inputs();
  const Recipe how = coordinate("affine", 3, "filter");
  auto [grids, block] = nearest_block(how, 2);
  OutputRounding rounding(inputs.samples, kActivations[1], block, std::span(bias_).first(2));
  rounding.begin(grids, block, {});
  const double before = rounding.loss()[0] + rounding.loss()[1];
  const std::vector<double> factors = rounding.best_factors(grids, block, 1);
  ASSERT_EQ(factors.size(), 2U);
  const std::vector<double> values = values_of(grids, block);
  for (std::size_t lane = 0; lane < 2; ++lane) {
    const std::span<const float> filter = std::span(weights_).subspan(lane * kSize, kSize);
    grids.set(lane, *how.scheme->rescaled(how.scheme->fit({filter, {}, 0}, how.options),
                                          factors[lane], how.options));
  }
  rounding.follow(values, grids, block);
  EXPECT_LT(rounding.loss()[0] + rounding.loss()[1], before);
}

TEST_F(Outputs, OrdersMadeOnceServeEveryRecipe) {
  const InputMoments inputs = made_inputs();
  const std::vector<RoundingOrder> orders = rounding_orders(std::span(&inputs, 1), 1);
  for (const int bits : {2, 4}) {
    const Recipe how = coordinate("affine", bits, "filter");
    const CalibratedTensor made =
        quantize_calibrated(weights_, kBlockShape, how, std::span(&inputs, 1),
                            {bias_, kActivations[1]}, 1, orders)
            .value();
    EXPECT_EQ(made.tensor.codes, rounded(how, inputs, kActivations[1]).tensor.codes);
  }
}

}  // namespace
}  // namespace qyolo::quant
