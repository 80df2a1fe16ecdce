// What `recommend` makes of a bound of the latency, with times that are made up: a host is never as
// slow or as fast as a test wants it.
#include "harness/engine/engine.h"
#include "harness/search/recommend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/network/quantize_network.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using engine::Precision;
using ::testing::HasSubstr;

ExecutorFactory engine_of(Precision precision) {
  return [precision](const model::Graph& graph,
                     int threads) -> Result<std::unique_ptr<model::Executor>> {
    QYOLO_TRY(std::unique_ptr<engine::Engine> made, engine::make_engine(graph, precision, threads));
    return std::unique_ptr<model::Executor>(std::move(made));
  };
}

class LatencyBounded : public ::testing::Test {
 protected:
  static constexpr std::size_t kConvolutions = 92;
  // Nothing here takes so long.
  static constexpr double kLimit = 1e6, kFloatLayer = 5e4, kIntegerLayer = 1;

  LatencyBounded() {
    const auto parts = testing::source_dir() / "datasets/parts";
    EvaluatorConfig config;
    config.model = parts / "parts-yolov7-w025.pt";
    config.images = parts / "val/images";
    config.annotations = parts / "val/annotations.json";
    config.options.image_size = 160;
    config.options.limit = {.images = 4, .first = true};
    config.calibration = CalibrationSet{parts / "calib/images", 1};
    config.threads = 2;
    evaluators_ = open_for_choice(config, engine_of(Precision::kFp32), 0, [](Precision precision) {
                    return Result<ExecutorFactory>(engine_of(precision));
                  }).value();
    options_.calibration = *config.calibration;
    options_.bits_per_weight = 5;
    options_.rounding = quant::Rounding::kGptq;
    options_.schemes = {*quant::find_scheme("affine")};
    options_.most_candidates = 2;
    options_.uncertainty.resamples = 100;
  }

  // FP32 and INT8, as if they took so many milliseconds.
  void bound(double fp32, double int8, std::function<Result<double>(Precision)> again = {}) {
    options_.latency = LatencyBound{
        kLimit, [=](const LatencyInput& input, int threads, const auto& /*progress*/) {
          EXPECT_GT(input.height, 0);
          EXPECT_EQ(threads, 2);
          MeasuredArithmetics measured;
          measured.times = {
              {Precision::kFp32, fp32, std::vector<double>(kConvolutions, kFloatLayer)},
              {Precision::kInt8, int8, std::vector<double>(kConvolutions, kIntegerLayer)}};
          measured.again = again;
          return Result<MeasuredArithmetics>(std::move(measured));
        }};
  }

  [[nodiscard]] std::size_t floating(const Cell& cell) {
    return floating_convolutions(evaluators_.choice->source(), cell)->size();
  }

  ChoiceEvaluators evaluators_;
  RecommendOptions options_;
};

TEST_F(LatencyBounded, LayersComputeInIntegersUntilAllOfThemAreFastEnough) {
  bound(2 * kLimit, kConvolutions * kIntegerLayer);
  const auto found = recommend(evaluators_, options_);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->latency->arithmetic, Precision::kInt8);
  ASSERT_TRUE(found->hybrid.has_value());
  const Tried& hybrid = found->hybrids[*found->hybrid];
  ASSERT_TRUE(hybrid.cell.activations.has_value());
  EXPECT_LE(hybrid.bytes, *found->budget);
  EXPECT_LT(*hybrid.milliseconds, kLimit);  // measured
  // All of the head is, and no more layers than there is time for.
  EXPECT_GE(floating(hybrid.cell), 3U);
  EXPECT_LE(static_cast<double>(floating(hybrid.cell)) * kFloatLayer, kLimit);
  EXPECT_GT(hybrid.ap(), 0.1);
  ASSERT_TRUE(found->uniform.has_value());
  const Cell& uniform = found->uniforms[*found->uniform].cell;
  EXPECT_EQ(floating(uniform), 3U);
  EXPECT_THAT(name_of(found->uniforms[*found->uniform]), HasSubstr("-bit filter A8, head in"));
  for (const LayerCandidates& layer : found->layers) {
    const bool head = layer.name.starts_with("model.105");
    EXPECT_EQ(std::ranges::any_of(layer.candidates, &LayerCandidate::integers), !head)
        << layer.name;
    for (const LayerCandidate& candidate : layer.candidates) {
      EXPECT_EQ(candidate.milliseconds, candidate.integers ? kIntegerLayer : kFloatLayer);
      // Its inputs' 8 bits cost something beside its weights' errors.
      if (candidate.integers) {
        EXPECT_GT(candidate.divergence.detection_loss(), 0) << layer.name;
      }
    }
  }
}

TEST_F(LatencyBounded, WhatIsTooSlowIsNotEvaluatedAndNotRecommended) {
  // The network that is all integers has become fast beyond measure: all others are slow beside it.
  bound(2 * kLimit, kConvolutions * kIntegerLayer, [](Precision precision) {
    EXPECT_EQ(precision, Precision::kInt8);
    return Result<double>(1e-9);
  });
  options_.uniform = false;
  const auto found = recommend(evaluators_, options_);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_FALSE(found->hybrid || found->uniform);
  ASSERT_FALSE(found->hybrids.empty());
  for (const Tried& tried : found->hybrids) {
    EXPECT_EQ(standing_of(tried), "too slow");
    EXPECT_FALSE(tried.trial.result.has_value());
  }
  EXPECT_EQ(found->images_run, 0);
}

TEST_F(LatencyBounded, NothingThatIsFastEnoughIsSaidWithWhatEachArithmeticTakes) {
  bound(3 * kLimit, 2 * kLimit);
  const auto found = recommend(evaluators_, options_);
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error().message,
              HasSubstr("no network keeps 1e+06 ms on this host: an image of "));
  EXPECT_THAT(found.error().message, HasSubstr("takes fp32 3e+06 ms, int8 2e+06 ms"));
}

}  // namespace
}  // namespace qyolo::harness
