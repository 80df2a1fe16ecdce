// One image as `detect` sees it is that image as an evaluation sees it.
#include "harness/evaluate/detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/engine/engine.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;

const std::filesystem::path kParts = testing::source_dir() / "datasets/parts";

Result<std::unique_ptr<model::Executor>> fast(const model::Graph& graph, int threads) {
  QYOLO_TRY(auto made, engine::make_engine(graph, engine::Precision::kFp32, threads));
  return std::unique_ptr<model::Executor>(std::move(made));
}

Cell fp32() { return read_cell(Json::parse(R"({"scheme": "fp32"})"), "test").value(); }

TEST(Detector, FindsWhatAnEvaluationFinds) {
  EvaluatorConfig config;
  config.model = kParts / "parts-yolov7-w025.pt";
  config.images = kParts / "val/images";
  config.annotations = kParts / "val/annotations.json";
  config.options.image_size = 320;
  config.options.limit = {.images = 1, .first = true};
  config.threads = 1;
  const auto evaluator = Evaluator::open(config, fast).value();
  const CellResult whole = evaluator->evaluate(fp32()).value();
  const GroundTruth& truth = evaluator->truth();

  DetectorOptions options;
  options.image_size = 320;
  options.iou = config.options.iou;
  options.threads = 1;
  const auto detector = Detector::open(config.model, fp32(), options, fast).value();
  EXPECT_EQ(detector->warning(), "");
  const auto boxes = detector->detect(config.images / truth.images.front().file_name).value();
  ASSERT_FALSE(boxes.empty());
  EXPECT_TRUE(std::ranges::is_sorted(boxes, std::greater(), &LabelledBox::score));
  // An evaluation keeps other classes of a box, too.
  EXPECT_GE(std::ranges::count_if(whole.detections,
                                  [&](const Detection& one) { return one.score >= 0.25; }),
            std::ssize(boxes));
  for (const LabelledBox& box : boxes) {
    EXPECT_TRUE(std::ranges::any_of(whole.detections,
                                    [&](const Detection& one) {
                                      return std::abs(one.score - box.score) < 1e-5 &&
                                             std::abs(one.bbox[0] - box.bbox[0]) < 1e-2 &&
                                             std::abs(one.bbox[2] - box.bbox[2]) < 1e-2;
                                    }))
        << box.name << " " << box.score;
  }
}

TEST(Detector, SaysWhatItCannotRead) {
  DetectorOptions options;
  options.image_size = 64;
  const auto detector =
      Detector::open(kParts / "parts-yolov7-w025.pt", fp32(), options, fast).value();
  const auto none = detector->detect(kParts / "no-such-image.jpg");
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(none.error().message, HasSubstr("no-such-image.jpg"));
  EXPECT_FALSE(Detector::open(kParts / "README.md", fp32(), options, fast).ok());
}

}  // namespace
}  // namespace qyolo::harness
