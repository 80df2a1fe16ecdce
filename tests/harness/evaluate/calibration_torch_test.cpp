// Calibration of the embedded network with the reference executor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "datasets/image_folder.h"
#include "datasets/image_pipeline.h"
#include "harness/engine/torch_executor.h"
#include "harness/evaluate/calibration.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using Kind = quant::CalibrationMethod::Kind;

const CalibrationSet kParts = {testing::source_dir() / "datasets/parts/calib/images", 6};

bool keep_none(const model::ConvNode& /*conv*/) { return false; }

class CalibratedNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loaded =
        model::load_checkpoint(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    graph_ = std::move(loaded).value();
  }
  Calibration calibrate(int threads) {
    auto executor = model::make_torch_executor(graph_, threads);
    EvaluationOptions options;
    options.image_size = 320;
    auto calibration = Calibration::run(graph_, **executor, kParts, options, threads);
    EXPECT_TRUE(calibration.ok()) << calibration.error().message;
    return std::move(calibration).value();
  }
  model::Graph graph_;
};

TEST_F(CalibratedNetwork, IsTheSameAtOneAndTwoThreads) {
  const Calibration one = calibrate(1);
  const Calibration two = calibrate(2);
  ASSERT_EQ(one.histograms().size(), two.histograms().size());
  for (const auto& [node, histogram] : one.histograms()) {
    const auto& other = two.histograms().at(node);
    EXPECT_EQ(histogram.count(), other.count());
    // The network's own floats may differ in their last bits.
    EXPECT_NEAR(histogram.extremes().high, other.extremes().high,
                1e-4 * (1 + histogram.extremes().high));
  }
}

TEST_F(CalibratedNetwork, EightBitActivationsAreCloseAndFourBitsAreNot) {
  const Calibration calibration = calibrate(1);
  auto executor = model::make_torch_executor(graph_, 1);
  const auto folder =
      datasets::open_image_folder(testing::source_dir() / "datasets/parts/val/images", 1);
  const auto image = datasets::load_letterboxed(folder->images[0], 320, 320, 320);
  ASSERT_TRUE(image.ok()) << image.error().message;
  const auto outputs = [&] {
    return *(*executor)->forward(std::span<const std::uint8_t>(image->rgb), 1, 320, 320);
  };
  const auto reference = outputs();
  const auto sqnr_db = [&](const quant::ActivationOptions& options) {
    const auto activations = calibration.activations(graph_, options, keep_none, 1);
    EXPECT_TRUE((*executor)->set_activation_quantizers(activations.quantizers()).ok());
    const auto quantized = outputs();
    double signal = 0, noise = 0;
    for (std::size_t level = 0; level < reference.size(); ++level) {
      for (std::size_t i = 0; i < reference[level].values.size(); ++i) {
        const double value = double{reference[level].values[i]};
        const double difference = value - double{quantized[level].values[i]};
        signal += value * value;
        noise += difference * difference;
      }
    }
    return 10 * std::log10(signal / noise);
  };
  for (const bool shared : {false, true}) {
    for (const Kind kind : {Kind::kMinMax, Kind::kMse}) {
      const double eight = sqnr_db({8, {.kind = kind}, shared});
      const double four = sqnr_db({4, {.kind = kind}, shared});
      EXPECT_GT(eight, 25) << "shared " << shared;
      EXPECT_LT(four, eight - 15) << "shared " << shared;
    }
  }
}

}  // namespace
}  // namespace qyolo::harness
