#include "harness/evaluate/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "harness/model/activation_points.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = quant::CalibrationMethod::Kind;

const CalibrationSet kParts = {testing::source_dir() / "datasets/parts/calib/images", 5};

bool keep_none(const model::ConvNode& /*conv*/) { return false; }

// 0 conv, 1 conv, 2 concat of both, 3 head
model::Graph small_graph() {
  model::ConvNode conv;
  conv.name = "a";
  model::Graph graph;
  graph.nodes = {{conv, {-1}}, {conv, {0}}, {model::ConcatNode{}, {0, 1}}, {conv, {2}}};
  graph.head = {{3, 1, {{1, 1}}}};
  graph.max_stride = 32;
  return graph;
}

// Stands in for the network: the output of node n is the input's bytes times n + 1.
class FakeExecutor final : public model::Executor {
 public:
  Result<std::vector<model::HeadOutput>> forward(std::span<const std::uint8_t> /*rgb*/,
                                                 int /*batch*/, int /*height*/,
                                                 int /*width*/) override {
    return error("not part of this test");
  }
  Result<std::vector<model::HeadOutput>> forward(std::span<const float> /*input*/, int /*batch*/,
                                                 int /*height*/, int /*width*/) override {
    return error("not part of this test");
  }
  void set_weights(int /*node*/, std::span<const float> /*weights*/) override {}
  void set_bias(int /*node*/, std::span<const float> /*bias*/) override {}
  [[nodiscard]] std::string description() const override { return "fake"; }
  Status observe(std::span<const std::uint8_t> rgb, int batch, int height, int width,
                 std::span<const int> nodes, const model::ActivationObserver& observer) override {
    if (!answers) return model::Executor::observe(rgb, batch, height, width, nodes, observer);
    EXPECT_EQ(rgb.size(), static_cast<std::size_t>(3 * batch * height * width));
    for (const int node : nodes) {
      std::vector<float> values;
      for (const std::uint8_t byte : rgb)
        values.push_back(static_cast<float>(byte) * static_cast<float>(node + 1));
      if (node == not_finite) values[0] = std::numeric_limits<float>::infinity();
      observer(node, values);
    }
    return {};
  }
  bool answers = true;
  int not_finite = -1;
};

EvaluationOptions small_images() {
  EvaluationOptions options;
  options.image_size = 64;
  return options;
}

TEST(Calibration, ObservesTheEvaluationsInputOfEveryImage) {
  const model::Graph graph = small_graph();
  FakeExecutor executor;
  std::vector<std::size_t> progress;
  const auto calibration = Calibration::run(graph, executor, kParts, small_images(), 1,
                                            [&](std::size_t done, std::size_t total) {
                                              progress.push_back(done);
                                              EXPECT_EQ(total, 5U);
                                            });
  ASSERT_TRUE(calibration.ok()) << calibration.error().message;
  EXPECT_EQ(calibration->image_count(), 5U);
  EXPECT_EQ(progress.back(), 5U);
  ASSERT_EQ(calibration->histograms().size(), 3U);  // not the head
  // Padding of the letterbox: its grey is 114.
  const quant::ActivationHistogram& first = calibration->histograms().at(0);
  EXPECT_GT(first.bins()[static_cast<std::size_t>(114 / first.width()) -
                         static_cast<std::size_t>(first.first_bin())],
            first.count() / 20);
  EXPECT_EQ(calibration->histograms().at(1).extremes().high, 2 * first.extremes().high);
}

TEST(Calibration, DoesNotDependOnTheNumberOfThreads) {
  const model::Graph graph = small_graph();
  FakeExecutor executor;
  const auto one = Calibration::run(graph, executor, kParts, small_images(), 1);
  const auto two = Calibration::run(graph, executor, kParts, small_images(), 2);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(one->histograms(), two->histograms());
  for (const Kind kind : {Kind::kMinMax, Kind::kMse, Kind::kEntropy}) {
    const auto at = [&](int threads) {
      std::vector<quant::ActivationParameters> all;
      for (const auto& group :
           one->activations(graph, {8, {.kind = kind}, false}, keep_none, threads).groups)
        all.push_back(group.parameters);
      return all;
    };
    EXPECT_EQ(at(1), at(2));
  }
}

TEST(Calibration, SharedGroupsUseTheValuesOfAllTheirNodes) {
  const model::Graph graph = small_graph();
  FakeExecutor executor;
  const auto calibration = Calibration::run(graph, executor, kParts, small_images(), 1);
  ASSERT_TRUE(calibration.ok());
  const quant::ActivationOptions options{8, {.kind = Kind::kMinMax}, true};
  const auto shared = calibration->activations(graph, options, keep_none, 1);
  ASSERT_EQ(shared.groups.size(), 1U);
  EXPECT_THAT(shared.groups[0].nodes, ElementsAre(0, 1));
  EXPECT_EQ(shared.groups[0].range.high, calibration->histograms().at(1).extremes().high);
  const auto apart =
      calibration->activations(graph, {8, {.kind = Kind::kMinMax}, false}, keep_none, 1);
  ASSERT_EQ(apart.groups.size(), 3U);
  EXPECT_EQ(apart.groups[0].range.high, calibration->histograms().at(0).extremes().high);
  EXPECT_EQ(apart.groups[2].range.high, calibration->histograms().at(2).extremes().high);
}

TEST(Calibration, PixelsAreCodesOfEightBits) {
  const model::Graph graph = small_graph();
  FakeExecutor executor;
  const auto calibration = Calibration::run(graph, executor, kParts, small_images(), 1);
  ASSERT_TRUE(calibration.ok());
  const auto activations = [&](int bits) {
    return calibration->activations(graph, {bits, {}, true}, keep_none, 1);
  };
  EXPECT_TRUE(activations(8).input.quantized);
  EXPECT_EQ(activations(8).input.parameters.scale, 1.0F / 255);
  EXPECT_EQ(activations(8).quantizers().size(), 2U);  // nodes 0 and 1
  const auto four = activations(4).quantizers();
  ASSERT_EQ(four.size(), 3U);
  EXPECT_EQ(four[0].node, model::kNetworkInput);
  EXPECT_EQ(four[0].map, (model::FakeQuantization{1.0F / 15, 0, 4}));
}

TEST(Calibration, FailsWhereItCannotBeDone) {
  const model::Graph graph = small_graph();
  FakeExecutor executor;
  const auto message = [&](const CalibrationSet& set) {
    const auto calibration = Calibration::run(graph, executor, set, small_images(), 1);
    return calibration.ok() ? "ran" : calibration.error().message;
  };
  executor.not_finite = 1;
  EXPECT_THAT(message(kParts), HasSubstr("values of the output of a are not finite"));
  executor.answers = false;
  EXPECT_EQ(message(kParts), "fake cannot observe activations");
  const testing::TemporaryFolder folder;
  EXPECT_THAT(message({folder.path(), 0}), HasSubstr("has no images"));
  std::ofstream(folder.path() / "broken.png") << "not an image";
  EXPECT_THAT(message({folder.path(), 0}), HasSubstr("broken.png"));
}

TEST(CalibrationSha256, IsOfTheImagesUsed) {
  const auto all = calibration_sha256({kParts.images, 0}, 2);
  const auto five = calibration_sha256(kParts, 1);
  ASSERT_TRUE(all.ok() && five.ok());
  EXPECT_NE(*all, *five);
  EXPECT_EQ(*calibration_sha256({kParts.images, 32}, 1), *all);
}

}  // namespace
}  // namespace qyolo::harness
