#include "harness/search/sensitivity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/engine/engine.h"
#include "harness/search/proxies.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;

class SensitivityOfParts : public ::testing::Test {
 protected:
  SensitivityOfParts() {
    EvaluatorConfig config;
    const auto parts = testing::source_dir() / "datasets/parts";
    config.model = parts / "parts-yolov7-w025.pt";
    config.images = parts / "val/images";
    config.annotations = parts / "val/annotations.json";
    config.options.image_size = 64;
    config.options.limit = {.images = 2, .first = true};
    config.threads = 1;
    evaluator_ = Evaluator::open(config, fast).value();
    options_.by_ap = false;
    options_.all_but_each = false;
    options_.calibration = CalibrationSet{parts / "calib/images", 2};
  }

  static Result<std::unique_ptr<model::Executor>> fast(const model::Graph& graph, int threads) {
    QYOLO_TRY(auto made, engine::make_engine(graph, engine::Precision::kFp32, threads));
    return std::unique_ptr<model::Executor>(std::move(made));
  }
  Result<Sensitivity> measure(const std::string& cell) {
    return measure_sensitivity(*evaluator_, evaluator_->options(),
                               read_cell(Json::parse(cell), "test").value(), options_);
  }

  std::unique_ptr<Evaluator> evaluator_;
  SensitivityOptions options_;
};

TEST_F(SensitivityOfParts, EachQuantizedLayerAloneIsNearerToTheOriginalThanAllOfThem) {
  const auto found = measure(
      R"({"scheme": "affine", "bits": 3, "granularity": "layer", "rules": ["index=4-105 -> keep"]})");
  ASSERT_TRUE(found.ok()) << found.error().message;
  ASSERT_EQ(found->layers.size(), 4U);  // those that the cell keeps have no line
  ASSERT_TRUE(found->all.divergence.has_value());
  double sum = 0;
  for (const LayerSensitivity& layer : found->layers) {
    ASSERT_TRUE(layer.alone.divergence.has_value()) << layer.name;
    EXPECT_FALSE(layer.alone.ap.has_value());
    EXPECT_GT(layer.alone.divergence->head_error(), 0) << layer.name;
    EXPECT_LT(layer.alone.divergence->head_error(), 1.5 * found->all.divergence->head_error());
    EXPECT_GT(layer.weights, 0);
    EXPECT_GT(layer.sqnr_db, 0);
    sum += layer.alone.divergence->head_error();
  }
  EXPECT_GT(sum, 0.3 * found->all.divergence->head_error());
  ASSERT_TRUE(found->proxy_cost.has_value());
  EXPECT_EQ(found->proxy_cost->images, 2);
  EXPECT_GT(found->proxy_cost->work.macs_full, found->proxy_cost->work.macs_run);
  const results::SensitivityRecord record = sensitivity_record(*found);
  EXPECT_EQ(record.layers.size(), 4U);
  EXPECT_FALSE(sensitivity_charts(record).empty());
}

TEST_F(SensitivityOfParts, RefusesWhatItCannotTakeApart) {
  const auto nothing = measure(
      R"({"scheme": "affine", "bits": 4, "granularity": "layer", "rules": ["index=0-105 -> keep"]})");
  ASSERT_FALSE(nothing.ok());
  const auto activations =
      measure(R"({"scheme": "affine", "bits": 8, "granularity": "filter", "activation_bits": 8})");
  ASSERT_FALSE(activations.ok());
  EXPECT_THAT(activations.error().message, HasSubstr("no activation bits"));
}

TEST_F(SensitivityOfParts, AProxyOfTheReferenceItselfIsZero) {
  auto meter = ProxyMeter::open(evaluator_->graph(), evaluator_->executor(), *options_.calibration,
                                evaluator_->options(), 1);
  ASSERT_TRUE(meter.ok()) << meter.error().message;
  EXPECT_EQ(meter->image_count(), 2U);
  WeightStore store(evaluator_->source(), 2);
  std::vector<SharedConv> reference, halved;
  for (std::size_t i = 0; i < evaluator_->graph().conv_nodes().size(); ++i)
    reference.push_back(store.original(i));
  halved = reference;
  ConvWeights half = *reference[10];
  for (float& weight : half.weight) weight *= 0.5F;
  halved[10] = std::make_shared<const ConvWeights>(std::move(half));
  std::size_t images = 0;
  const auto measured = meter->measure(reference, {{reference, {}}, {halved, {}}},
                                       [&](std::size_t done, std::size_t) { images = done; });
  ASSERT_TRUE(measured.ok()) << measured.error().message;
  EXPECT_EQ((*measured)[0].head_error(), 0);
  EXPECT_EQ((*measured)[0].kl(), 0);
  EXPECT_GT((*measured)[1].head_error(), 0);
  EXPECT_GT((*measured)[1].kl(), 0);
  EXPECT_EQ(images, 2U);
}

}  // namespace
}  // namespace qyolo::harness
