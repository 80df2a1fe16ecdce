// Calibrated rounding of a whole network, on the fast engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "harness/engine/engine.h"
#include "harness/evaluate/calibration.h"
#include "harness/network/object_weights.h"
#include "harness/network/quantize_network.h"
#include "harness/network/weight_store.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;

Cell cell_of(const std::string& more) {
  return read_cell(
             Json::parse(R"({"scheme": "affine", "bits": 4, "granularity": "filter")" + more + "}"),
             "test")
      .value();
}

class CalibratedNetwork : public ::testing::Test {
 protected:
  static constexpr int kSide = 160;

  SourceNetwork source_ =
      SourceNetwork::open(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt").value();
  std::unique_ptr<model::Executor> executor_;
  std::vector<CalibrationBatch> batches_;

  void calibrate_on(std::vector<CalibrationBatch> batches, int threads) {
    batches_ = std::move(batches);
    executor_ = engine::make_engine(source_.graph(), engine::Precision::kFp32, threads).value();
    source_.set_calibrator([this]() -> Result<RoundingCalibration> {
      return RoundingCalibration{batches_, executor_.get()};
    });
  }
  [[nodiscard]] std::vector<CalibrationBatch> parts(int limit) const {
    EvaluationOptions options;
    options.image_size = kSide;
    return load_calibration_batches({testing::source_dir() / "datasets/parts/calib/images", limit},
                                    options, source_.graph().max_stride, 1)
        .value();
  }
  static CalibrationBatch constant_image(std::uint8_t value) {
    return {
        std::vector<std::uint8_t>(3 * kSide * kSide, value), kSide, kSide, {{0, kSide, 0, kSide}}};
  }
};

TEST_F(CalibratedNetwork, IsTheSameOnOneThreadAndOnTwoAndInTwoRuns) {
  const Cell cell = cell_of(R"(, "rounding": "coordinate", "range": "output")");
  std::vector<QuantizedNetwork> made;
  for (const int threads : {1, 2, 2}) {
    calibrate_on(parts(3), threads);
    made.push_back(quantize_network(source_, cell, threads).value());
  }
  for (std::size_t i = 0; i < made[0].layers.size(); ++i) {
    for (const std::size_t other : {1U, 2U}) {
      EXPECT_EQ(made[0].layers[i].tensor->codes, made[other].layers[i].tensor->codes);
      EXPECT_EQ(made[0].layers[i].tensor->parameters, made[other].layers[i].tensor->parameters);
      EXPECT_EQ(made[0].convs[i].bias, made[other].convs[i].bias);
    }
  }
}

TEST_F(CalibratedNetwork, IsNotRoundedAgainWhileItIsKept) {
  const Cell gptq = cell_of(R"(, "rounding": "gptq", "range": "minmax")");
  const Cell other = cell_of(R"(, "rounding": "gptq", "range": "hmse")");
  calibrate_on(parts(1), 1);
  source_.keep_rounded(std::make_shared<RoundedNetworks>(1));  // the last one stays all the same
  const QuantizedNetwork made = quantize_network(source_, gptq, 1).value();
  source_.set_calibrator([]() -> Result<RoundingCalibration> { return error("asked again"); });
  const QuantizedNetwork found = quantize_network(source_, gptq, 1).value();
  ASSERT_EQ(made.layers.size(), found.layers.size());
  for (std::size_t i = 0; i < made.layers.size(); ++i) {
    EXPECT_EQ(made.layers[i].tensor->codes, found.layers[i].tensor->codes);
    EXPECT_EQ(made.convs[i].bias, found.convs[i].bias);
  }
  EXPECT_THAT(quantize_network(source_, other, 1).error().message, HasSubstr("asked again"));
  calibrate_on(parts(1), 1);
  ASSERT_TRUE(quantize_network(source_, other, 1).ok());  // takes the first one's place
  source_.set_calibrator([]() -> Result<RoundingCalibration> { return error("asked again"); });
  EXPECT_TRUE(quantize_network(source_, other, 1).ok());
  EXPECT_THAT(quantize_network(source_, gptq, 1).error().message, HasSubstr("asked again"));
}

TEST_F(CalibratedNetwork, RulesSayWhichLayersAreRoundedHow) {
  calibrate_on(parts(2), 2);
  const auto network = quantize_network(
      source_, cell_of(R"(, "rules": ["head -> rounding=gptq", "index=0 -> keep"])"), 2);
  ASSERT_TRUE(network.ok()) << network.error().message;
  const auto nearest = quantize_network(source_, cell_of(R"(, "rules": ["index=0 -> keep"])"), 2);
  ASSERT_TRUE(nearest.ok()) << nearest.error().message;
  for (std::size_t i = 0; i < network->layers.size(); ++i) {
    const bool same = network->layers[i].weights == nearest->layers[i].weights &&
                      network->convs[i].bias == nearest->convs[i].bias;
    EXPECT_EQ(same, !network->layers[i].traits.head) << network->layers[i].traits.name;
  }
}

TEST_F(CalibratedNetwork, AWeightStoreHoldsWhatTheNetworkIs) {
  calibrate_on(parts(1), 2);
  const Cell cell = cell_of(R"(, "rounding": "gptq")");
  const QuantizedNetwork network = quantize_network(source_, cell, 2).value();
  WeightStore store(source_, 2);
  const CellNetwork held = store.network(cell).value();
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    EXPECT_EQ(held.convs[i]->weight, network.layers[i].weights);
    EXPECT_EQ(held.convs[i]->bias, network.convs[i].bias);
  }
}

TEST_F(CalibratedNetwork, ConstantImagesOrNoneStillGiveANetwork) {
  for (const auto& images :
       {std::vector<CalibrationBatch>(), {constant_image(0)}, {constant_image(114)}}) {
    calibrate_on(images, 2);
    const auto network =
        quantize_network(source_, cell_of(R"(, "rounding": "coordinate", "range": "output")"), 2);
    ASSERT_TRUE(network.ok()) << network.error().message;
    for (std::size_t i = 0; i < network->layers.size(); ++i) {
      const auto finite = [](float value) { return std::isfinite(value); };
      EXPECT_TRUE(std::ranges::all_of(network->layers[i].weights, finite));
      EXPECT_TRUE(std::ranges::all_of(network->convs[i].bias, finite));
    }
  }
}

// Squared error of the head's outputs on these images beside the original network's.
double head_error(SourceNetwork& source, model::Executor& executor, const QuantizedNetwork& network,
                  const CalibrationBatch& images) {
  const model::Graph& graph = source.graph();
  const auto outputs = [&] {
    return executor
        .forward(std::span<const std::uint8_t>(images.rgb), static_cast<int>(images.images.size()),
                 images.height, images.width)
        .value();
  };
  const std::vector<int> nodes = graph.conv_nodes();
  for (const int node : nodes) {
    executor.set_weights(node, graph.conv(node).weight);
    executor.set_bias(node, graph.conv(node).bias);
  }
  const auto expected = outputs();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    executor.set_weights(nodes[i], network.layers[i].weights);
    executor.set_bias(nodes[i], network.convs[i].bias);
  }
  const auto found = outputs();
  double sum = 0;
  for (std::size_t level = 0; level < expected.size(); ++level) {
    for (std::size_t i = 0; i < expected[level].values.size(); ++i) {
      sum += std::pow(static_cast<double>(expected[level].values[i]) -
                          static_cast<double>(found[level].values[i]),
                      2);
    }
  }
  return sum;
}

TEST_F(CalibratedNetwork, OneImageIsBetterThanNoneOnOthers) {
  const std::vector<CalibrationBatch> several = parts(6);
  calibrate_on(parts(1), 2);
  for (const char* more : {R"(, "rounding": "coordinate", "range": "output")",
                           R"(, "scheme": "kmeans", "rounding": "coordinate", "range": "hmse")"}) {
    Json block = {{"scheme", "affine"}, {"bits", 4}, {"granularity", "filter"}};
    block.update(Json::parse("{" + std::string(more).substr(2) + "}"));
    const auto calibrated = quantize_network(source_, read_cell(block, "test").value(), 2);
    ASSERT_TRUE(calibrated.ok()) << calibrated.error().message;
    block.erase("rounding");
    block.erase("range");
    const auto nearest = quantize_network(source_, read_cell(block, "test").value(), 2);
    const CalibrationBatch& others = several.back();
    EXPECT_LT(head_error(source_, *executor_, *calibrated, others),
              head_error(source_, *executor_, *nearest, others))
        << more;
  }
}

// No position of any map lies in what the letterbox shows.
TEST_F(CalibratedNetwork, ImagesWithoutContentRoundToNearest) {
  CalibrationBatch hidden = parts(1).front();
  for (ImageContent& content : hidden.images) content = {-2, -1, -2, -1};
  calibrate_on({hidden}, 2);
  const auto network = quantize_network(source_, cell_of(R"(, "rounding": "coordinate")"), 2);
  ASSERT_TRUE(network.ok()) << network.error().message;
  const auto nearest = quantize_network(source_, cell_of(""), 2);
  std::size_t weights = 0, other = 0;
  for (std::size_t i = 0; i < network->layers.size(); ++i) {
    const quant::QuantizedTensor& found = *network->layers[i].tensor;
    const quant::QuantizedTensor& expected = *nearest->layers[i].tensor;
    EXPECT_EQ(found.parameters, expected.parameters) << network->layers[i].traits.name;
    weights += found.codes.size();
    for (std::size_t k = 0; k < found.codes.size(); ++k)
      other += found.codes[k] != expected.codes[k];
  }
  // Those that lie in the middle between two codes, up to the rounding of the scale.
  EXPECT_LT(other, weights / 500);
}

TEST_F(CalibratedNetwork, ObjectsWeighMoreThanTheBackground) {
  calibrate_on({parts(1).front(), constant_image(114)}, 2);
  const auto weights =
      object_weights(source_.graph(), RoundingCalibration{batches_, executor_.get()}).value();
  ASSERT_EQ(weights.size(), 2U);
  const auto& seen = weights[0].values;
  EXPECT_EQ(seen.size(), batches_[0].images.size() * static_cast<std::size_t>(weights[0].rows) *
                             static_cast<std::size_t>(weights[0].columns));
  const auto objects = std::ranges::count_if(seen, [](float value) { return value > 0.5F; });
  EXPECT_GT(objects, 0);
  EXPECT_LT(objects, static_cast<std::ptrdiff_t>(seen.size()) / 2);
  for (const float value : seen) {
    EXPECT_GT(value, 0);
    EXPECT_LE(value, 1.1F);
  }
  for (const float value : weights[1].values) EXPECT_LT(value, 0.5F);
}

TEST_F(CalibratedNetwork, NeedsImagesAndTheFoldedNetwork) {
  const auto without = quantize_network(source_, cell_of(R"(, "rounding": "gptq")"), 1);
  ASSERT_FALSE(without.ok());
  EXPECT_THAT(without.error().message, HasSubstr("calibration images"));
  calibrate_on(parts(1), 1);
  const auto unfused = quantize_network(source_, cell_of(R"(, "range": "hmse", "fold": "off")"), 1);
  ASSERT_FALSE(unfused.ok());
  EXPECT_THAT(unfused.error().message, HasSubstr("fold on"));
}

// Every map, up to the head's outputs, against a forward of the whole network.
TEST_F(CalibratedNetwork, LayersRunOneByOneMakeTheOutputsOfAForward) {
  calibrate_on(parts(2), 2);
  const model::Graph& graph = source_.graph();
  const auto runner = executor_->layer_runner().value();
  for (const CalibrationBatch& batch : batches_) {
    ASSERT_TRUE(
        runner
            ->add_batch(batch.rgb, static_cast<int>(batch.images.size()), batch.height, batch.width)
            .ok());
  }
  for (std::size_t node = 0; node < graph.nodes.size(); ++node) {
    const model::ConvNode* conv = graph.nodes[node].conv();
    const auto run = conv != nullptr ? runner->run(static_cast<int>(node), conv->weight, conv->bias)
                                     : runner->run(static_cast<int>(node), {}, {});
    ASSERT_TRUE(run.ok()) << run.error().message;
  }
  for (std::size_t b = 0; b < batches_.size(); ++b) {
    const CalibrationBatch& batch = batches_[b];
    const auto outputs =
        executor_
            ->forward(std::span<const std::uint8_t>(batch.rgb),
                      static_cast<int>(batch.images.size()), batch.height, batch.width)
            .value();
    for (std::size_t level = 0; level < outputs.size(); ++level) {
      const model::LayerMap map = runner->map(graph.head[level].node, b);
      const model::HeadOutput& expected = outputs[level];
      ASSERT_EQ(map.values.size(), expected.values.size());
      const int pixels = map.height * map.width;
      for (int image = 0; image < map.batch; ++image) {
        for (int c = 0; c < map.channels; ++c) {
          for (int p = 0; p < pixels; ++p) {
            const auto nhwc = static_cast<std::size_t>((image * pixels + p) * map.channels + c);
            const auto nchw = static_cast<std::size_t>((image * map.channels + c) * pixels + p);
            ASSERT_NEAR(map.values[nhwc], expected.values[nchw], 1e-3);
          }
        }
      }
    }
  }
}

TEST(CalibratedCell, NearestIsWrittenAsBeforeThereWasAChoice) {
  EXPECT_FALSE(cell_of("").as_json().contains("rounding"));
  EXPECT_EQ(cell_of(R"(, "rounding": "nearest")").as_json(), cell_of("").as_json());
  EXPECT_FALSE(cell_of("").calibrated());
}

TEST(CalibratedCell, RoundingIsInTheLabelAndComesBackFromItsRecord) {
  const Cell cell = cell_of(R"(, "rounding": "gptq", "range": "output")");
  EXPECT_THAT(cell.label(), HasSubstr("rounding=gptq"));
  EXPECT_TRUE(cell.calibrated());
  const Json json = cell.as_json();
  EXPECT_EQ(cell_from_json(json, "record").value().as_json(), cell.as_json());
}

}  // namespace
}  // namespace qyolo::harness
