#include "metrics/operating_point.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "tests/metrics/boxes.h"

namespace qyolo::metrics {
namespace {

using ::testing::HasSubstr;

struct ScoredScenes {
  GroundTruth truth;
  std::vector<Detection> detections;

  ScoredScenes() {
    truth.images.emplace_back().id = 7;
    truth.images.emplace_back().id = 5;
    truth.categories = {{1, "one"}, {2, "two"}, {3, "three"}};
  }
  void object(const BoxXywh& box, std::int64_t category = 1, bool crowd = false) {
    truth.annotations.push_back({0, 5, category, box, box[2] * box[3], crowd});
  }
  void found(const BoxXywh& box, double score, std::int64_t category = 1, std::int64_t image = 5) {
    detections.push_back({image, category, box, score});
  }
};

OperatingPoint best(const ScoredScenes& scenes, double iou = 0.5) {
  const auto point = best_f1(scenes.truth, scenes.detections, iou);
  EXPECT_TRUE(point.ok()) << point.error().message;
  return point.ok() ? *point : OperatingPoint{};
}

std::string best_f1_failure(const ScoredScenes& scenes, double iou = 0.5) {
  const auto point = best_f1(scenes.truth, scenes.detections, iou);
  return point.ok() ? "no failure" : point.error().message;
}

TEST(BestF1, IsBetweenTheLowestScoreKeptAndTheNextLowerOne) {
  ScoredScenes scenes;
  scenes.object(kLeft);
  scenes.object(kMiddle);
  scenes.found(kLeft, 0.75);
  scenes.found(kRight, 0.5);  // false: 2 / 4 of F1 with it alone after the first
  scenes.found(kMiddle, 0.25);
  scenes.found(kRight, 0.125);
  const OperatingPoint point = best(scenes);
  // F1: 2/3, 2/4, 4/5, 4/6.
  EXPECT_EQ(point.mean_f1, 4.0 / 5);
  EXPECT_EQ(point.confidence, 0.1875);
}

TEST(BestF1, OfEquallyGoodConfidencesTheHighestIsTaken) {
  ScoredScenes scenes;
  scenes.object(kLeft);
  scenes.object(kMiddle);
  scenes.found(kLeft, 0.75);              // 2/3
  scenes.found(kRight, 0.5);              // 2/4
  scenes.found({300, 0, 10, 10}, 0.375);  // 2/5
  scenes.found(kMiddle, 0.25);            // 4/6
  EXPECT_EQ(best(scenes).mean_f1, 2.0 / 3);
  EXPECT_EQ(best(scenes).confidence, 0.625);
}

TEST(BestF1, EqualScoresAreKeptOrDroppedTogether) {
  ScoredScenes scenes;
  scenes.object(kLeft);
  scenes.found(kLeft, 0.5);
  scenes.found(kRight, 0.5);
  scenes.found(kMiddle, 0.5, 1, 7);
  const OperatingPoint point = best(scenes);
  EXPECT_EQ(point.mean_f1, 2.0 / 4);
  EXPECT_EQ(point.confidence, 0.25);  // the middle to 0, where all are kept
}

TEST(BestF1, IsAMeanOverClassesWithObjects) {
  ScoredScenes scenes;
  scenes.object(kLeft, 1);
  scenes.object(kMiddle, 2);
  scenes.found(kLeft, 0.75, 1);
  scenes.found(kRight, 0.5, 1);
  scenes.found(kMiddle, 0.25, 2);
  for (const double score : {0.9, 0.8, 0.7}) scenes.found(kLeft, score, 3);  // no objects: no F1
  const OperatingPoint point = best(scenes);
  EXPECT_EQ(point.mean_f1, (2.0 / 3 + 1) / 2);
  EXPECT_EQ(point.confidence, 0.125);
}

TEST(BestF1, ADetectionThatHasNoInfluenceStillBoundsTheInterval) {
  ScoredScenes scenes;
  scenes.object(kLeft, 1);
  scenes.found(kLeft, 0.75, 1);
  scenes.found(kRight, 0.5, 3);
  EXPECT_EQ(best(scenes).confidence, 0.625);
}

TEST(BestF1, CrowdsAreNoObjectsAndAbsorb) {
  ScoredScenes scenes;
  scenes.object(kLeft);
  scenes.object({100, 0, 50, 50}, 1, true);
  scenes.object({100, 0, 50, 50}, 2, true);  // a class of crowds alone has no F1
  scenes.found({110, 10, 10, 10}, 0.75);
  scenes.found({120, 20, 10, 10}, 0.75);
  scenes.found(kLeft, 0.5);
  EXPECT_EQ(best(scenes).mean_f1, 1);
  EXPECT_EQ(best(scenes).confidence, 0.25);
}

TEST(BestF1, NeighbouringScoresAreToldApart) {
  double score = 0.5;
  for (int i = 0; i < 4; ++i) {  // their middle is rounded up or down
    const double next = std::nextafter(score, 0.0);
    ScoredScenes scenes;
    scenes.object(kLeft);
    scenes.found(kLeft, score);
    scenes.found(kRight, next);
    EXPECT_EQ(best(scenes).mean_f1, 1);
    EXPECT_EQ(best(scenes).confidence, score);
    score = next;
  }
}

TEST(BestF1, DependsOnTheIou) {
  ScoredScenes scenes;
  scenes.object(kLeft);
  scenes.found({0, 0, 10, 6}, 0.5);
  EXPECT_EQ(best(scenes, 0.6).mean_f1, 1);
  EXPECT_THAT(best_f1_failure(scenes, 0.61), HasSubstr("no object is found"));
}

TEST(BestF1, FailsWhereNoneIsBest) {
  ScoredScenes scenes;
  EXPECT_THAT(best_f1_failure(scenes), HasSubstr("no objects to find"));
  scenes.object(kLeft, 1, true);
  EXPECT_THAT(best_f1_failure(scenes), HasSubstr("no objects to find"));
  scenes.object(kLeft);
  EXPECT_THAT(best_f1_failure(scenes), HasSubstr("no object is found"));
  scenes.found(kRight, 0.5);
  EXPECT_THAT(best_f1_failure(scenes), HasSubstr("no object is found"));
  EXPECT_THAT(best_f1_failure(scenes, 0), HasSubstr("the IoU is 0"));
  scenes.found(kLeft, 0.5, 1, 6);
  EXPECT_THAT(best_f1_failure(scenes), HasSubstr("detection 1 is of image 6"));
  scenes.detections.back() = {5, 1, kLeft, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_THAT(best_f1_failure(scenes), HasSubstr("not finite"));
}

TEST(F1Score, IsZeroWithoutAnything) {
  EXPECT_EQ(f1_score(0, 0, 0), 0);
  EXPECT_EQ(f1_score(3, 1, 2), 6.0 / 9);
}

}  // namespace
}  // namespace qyolo::metrics
