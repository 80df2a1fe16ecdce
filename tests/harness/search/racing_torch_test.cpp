// Races of the embedded network with the reference executor.
#include "harness/engine/torch_executor.h"
#include "harness/search/racing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/verdict.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

std::unique_ptr<Evaluator> open_parts(int limit) {
  const auto parts = testing::source_dir() / "datasets/parts";
  EvaluatorConfig config;
  config.model = parts / "parts-yolov7-w025.pt";
  config.images = parts / "val/images";
  config.annotations = parts / "val/annotations.json";
  config.options.image_size = 320;
  config.options.limit = {.images = limit, .first = true};
  config.calibration = CalibrationSet{parts / "calib/images", 2};
  config.threads = 1;
  auto evaluator = Evaluator::open(config, [](const model::Graph& graph, int threads) {
    return model::make_torch_executor(graph, threads);
  });
  EXPECT_TRUE(evaluator.ok()) << evaluator.error().message;
  return std::move(evaluator).value();
}

Cell cell(const char* json) {
  auto read = read_cell(Json::parse(json), "test");
  EXPECT_TRUE(read.ok()) << read.error().message;
  return std::move(read).value();
}

bool equal(const std::vector<Detection>& a, const std::vector<Detection>& b) {
  return std::ranges::equal(a, b, [](const Detection& x, const Detection& y) {
    return x.image_id == y.image_id && x.category_id == y.category_id && x.bbox == y.bbox &&
           x.score == y.score;
  });
}

TEST(Race, WinnerIsTheFirstBySizeThatHoldsInFull) {
  const auto evaluator = open_parts(96);
  const std::vector<Cell> cells = {
      cell(R"({"scheme": "fp32"})"),
      cell(R"({"scheme": "affine", "bits": 8, "granularity": "filter"})"),
      cell(R"({"scheme": "symmetric", "bits": 3, "granularity": "layer"})"),
      cell(R"({"scheme": "pwlq", "bits": 6, "granularity": "filter"})"),
  };
  UncertaintyOptions options;
  options.resamples = 500;
  options.tolerance = 2;
  const auto result = race(*evaluator, options, cells);
  ASSERT_TRUE(result.ok()) << result.error().message;
  ASSERT_EQ(result->entries.size(), 3U);
  ASSERT_TRUE(result->winner);
  EXPECT_EQ(result->entries[*result->winner].cell, 3U);
  const auto& broken = result->entries[0];
  ASSERT_TRUE(broken.trial);
  EXPECT_FALSE(broken.trial->result);
  EXPECT_LT(broken.trial->images, 30U);
  EXPECT_FALSE(result->entries[2].trial);  // larger than the winner
  EXPECT_EQ(result->images_full, 4 * 96);
  EXPECT_EQ(result->images_run, 2 * 96 + static_cast<std::int64_t>(broken.trial->images));
  const auto full = evaluator->evaluate(cells[3]);
  ASSERT_TRUE(full.ok());
  EXPECT_TRUE(equal(full->detections, result->entries[1].trial->result->detections));
}

}  // namespace
}  // namespace qyolo::harness
