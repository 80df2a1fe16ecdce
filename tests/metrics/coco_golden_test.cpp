// Whole files against pycocotools 2.0.11's output.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/sha256.h"
#include "datasets/coco_json.h"
#include "metrics/coco_map.h"
#include "tests/support/paths.h"

namespace qyolo::metrics {
namespace {

namespace fs = std::filesystem;
using testing::shared_dir;

CocoEvaluation evaluate_files(const fs::path& annotations, const fs::path& detections) {
  auto truth = datasets::read_coco_annotations(annotations);
  EXPECT_TRUE(truth.ok()) << truth.error().message;
  EXPECT_TRUE(truth->warnings.empty());
  auto found = datasets::read_coco_detections(detections);
  EXPECT_TRUE(found.ok()) << found.error().message;
  auto evaluation = evaluate_coco(*truth, *found);
  EXPECT_TRUE(evaluation.ok()) << evaluation.error().message;
  return std::move(evaluation).value();
}

Json expectations(const fs::path& path) {
  auto json = read_json(path);
  EXPECT_TRUE(json.ok()) << json.error().message;
  return std::move(json).value();
}

std::string sha256_of(const std::vector<double>& array) {
  return sha256_hex({reinterpret_cast<const char*>(array.data()), array.size() * sizeof(double)});
}

std::vector<double> stats_of(const CocoEvaluation& evaluation) {
  const auto stats = evaluation.stats();
  return {stats.begin(), stats.end()};
}

TEST(CocoGolden, EveryCellOfCoco80IsTheReferences) {
  QYOLO_NEEDS_SHARED("golden/coco80-dets.json");
  const Json expected = expectations(shared_dir() / "golden/coco80-dets.expected.json");
  const CocoEvaluation evaluation = evaluate_files(shared_dir() / "data/coco80/annotations.json",
                                                   shared_dir() / "golden/coco80-dets.json");
  EXPECT_EQ(stats_of(evaluation), expected["stats"].get<std::vector<double>>());
  EXPECT_EQ(sha256_of(evaluation.precision), expected["sha256"]["precision"].get<std::string>());
  EXPECT_EQ(sha256_of(evaluation.recall), expected["sha256"]["recall"].get<std::string>());
  EXPECT_EQ(sha256_of(evaluation.scores), expected["sha256"]["scores"].get<std::string>());
}

TEST(CocoGolden, StatsOfThePartsNetworkAreTheReferences) {
  QYOLO_NEEDS_SHARED("golden/parts-w025.json");
  const Json expected = expectations(shared_dir() / "golden/parts-w025.stats.json");
  const CocoEvaluation evaluation =
      evaluate_files(testing::source_dir() / "datasets/parts/val/annotations.json",
                     shared_dir() / "golden/parts-w025.json");
  EXPECT_EQ(stats_of(evaluation), expected["stats"].get<std::vector<double>>());
}

}  // namespace
}  // namespace qyolo::metrics
