#include "metrics/matched_detections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace qyolo::metrics {
namespace {

using ::testing::HasSubstr;

// Images 20 and 10, category 1.
struct MatchedScenes {
  GroundTruth truth;
  std::vector<Detection> detections;

  MatchedScenes() {
    truth.images.emplace_back().id = 20;
    truth.images.emplace_back().id = 10;
    truth.categories = {{2, "two"}, {1, "one"}};
  }
  void object(std::int64_t image, const BoxXywh& box, bool crowd = false) {
    truth.annotations.push_back({0, image, 1, box, box[2] * box[3], crowd});
  }
  void found(std::int64_t image, const BoxXywh& box, double score, std::int64_t category = 1) {
    detections.push_back({image, category, box, score});
  }
};

MatchedDetections match(const MatchedScenes& scenes) {
  auto matched = match_detections(scenes.truth, scenes.detections);
  EXPECT_TRUE(matched.ok()) << matched.error().message;
  return std::move(matched).value();
}

std::string match_failure(const MatchedScenes& scenes) {
  const auto matched = match_detections(scenes.truth, scenes.detections);
  return matched.ok() ? "no failure" : matched.error().message;
}

TEST(MatchedDetections, AreRankedByScoreThenImageThenPlaceInTheFile) {
  MatchedScenes scenes;
  scenes.object(10, {0, 0, 10, 10});
  scenes.found(20, {0, 0, 10, 10}, 0.5);
  scenes.found(10, {50, 50, 10, 10}, 0.5);
  scenes.found(10, {0, 0, 10, 10}, 0.5);
  scenes.found(20, {0, 0, 10, 10}, 0.9);
  const MatchedDetections matched = match(scenes);
  EXPECT_EQ(matched.image_ids, (std::vector<std::int64_t>{10, 20}));
  ASSERT_EQ(matched.classes.size(), 2U);
  EXPECT_EQ(matched.classes[0].category_id, 1);
  const auto& list = matched.classes[0].detections;
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[0].score, 0.9);
  EXPECT_EQ(list[0].image, 1U);
  EXPECT_EQ(list[1].image, 0U);
  EXPECT_EQ(list[1].outcome.false_positive, 0x3ff);
  EXPECT_EQ(list[2].image, 0U);
  EXPECT_EQ(list[2].outcome.true_positive, 0x3ff);
  EXPECT_EQ(list[3].image, 1U);
}

TEST(MatchedDetections, SayAtWhichOfTheTenThresholdsTheyAreRight) {
  MatchedScenes scenes;
  scenes.object(10, {0, 0, 10, 10});
  scenes.found(10, {0, 0, 10, 7.2}, 0.5);  // overlap 0.72: thresholds 0.5 to 0.7
  const MatchedDetections matched = match(scenes);
  ASSERT_EQ(matched.classes[0].detections.size(), 1U);
  EXPECT_EQ(matched.classes[0].detections[0].outcome.true_positive, 0b0000011111);
  EXPECT_EQ(matched.classes[0].detections[0].outcome.false_positive, 0b1111100000);
}

TEST(MatchedDetections, CrowdsAreNoObjectsAndWhatTheyAbsorbDoesNotCount) {
  MatchedScenes scenes;
  scenes.object(10, {0, 0, 10, 10});
  scenes.object(10, {100, 0, 50, 50}, true);
  scenes.object(20, {100, 0, 50, 50}, true);
  scenes.found(10, {110, 10, 5, 5}, 0.9);
  scenes.found(10, {0, 0, 10, 10}, 0.8);
  const MatchedDetections matched = match(scenes);
  EXPECT_EQ(matched.object_count(), 1);
  ASSERT_EQ(matched.classes[0].objects.size(), 1U);
  EXPECT_EQ(matched.classes[0].objects[0].image, 0U);
  ASSERT_EQ(matched.classes[0].detections.size(), 1U);
  EXPECT_EQ(matched.classes[0].detections[0].score, 0.8);
}

TEST(MatchedDetections, OnlyTheBestHundredOfAnImageAreKept) {
  MatchedScenes scenes;
  scenes.object(10, {0, 0, 10, 10});
  for (int i = 0; i < 130; ++i) scenes.found(10, {50, 50, 10, 10}, 0.5 - i * 1e-3);
  scenes.found(20, {50, 50, 10, 10}, 0.1);
  EXPECT_EQ(match(scenes).classes[0].detections.size(), 101U);
}

TEST(MatchedDetections, AClassWithoutObjectsKeepsNothing) {
  MatchedScenes scenes;
  scenes.found(10, {0, 0, 10, 10}, 0.9, 2);
  const MatchedDetections matched = match(scenes);
  EXPECT_TRUE(matched.classes[1].detections.empty());
  EXPECT_EQ(matched.object_count(), 0);
}

TEST(MatchedDetections, DetectionsOfUnknownImagesOrThatAreNotFiniteAreNamed) {
  MatchedScenes scenes;
  scenes.found(10, {0, 0, 10, 10}, 0.9);
  scenes.found(30, {0, 0, 10, 10}, 0.9);
  EXPECT_THAT(match_failure(scenes), HasSubstr("detection 1 is of image 30"));
  scenes.detections[1] = {20, 1, {0, std::numeric_limits<double>::quiet_NaN(), 1, 1}, 0.5};
  EXPECT_THAT(match_failure(scenes), HasSubstr("detection 1 of image 20"));
}

}  // namespace
}  // namespace qyolo::metrics
