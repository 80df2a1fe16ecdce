#include "metrics/assignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "metrics/matched_detections.h"
#include "tests/metrics/random_scenes.h"
#include "tests/support/scenes.h"

namespace qyolo::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RandomScenes;
using testing::Scenes;
using Verdict = Assignment::Verdict;

constexpr std::uint32_t kNone = Assignment::kNone;

Assignment assign(const Scenes& scenes, double iou = 0.5) {
  auto result = assign_detections(scenes.truth, scenes.detections, iou);
  EXPECT_TRUE(result.ok()) << result.error().message;
  return std::move(result).value();
}

TEST(Assignment, TheBestDetectionTakesTheObjectItOverlapsMost) {
  Scenes scenes;
  scenes.object(10, 1, {0, 0, 10, 10});
  scenes.object(10, 1, {2, 0, 10, 10});
  scenes.found(10, 1, {2, 0, 10, 10}, 0.6);  // its box, but the better one below has it already
  scenes.found(10, 1, {1.5, 0, 10, 10}, 0.9);
  scenes.found(10, 2, {0, 0, 10, 10}, 0.8);
  const Assignment result = assign(scenes);
  EXPECT_THAT(result.object_of, ElementsAre(0U, 1U, kNone));
  EXPECT_THAT(result.finder_of, ElementsAre(0U, 1U));
  EXPECT_THAT(result.verdicts,
              ElementsAre(Verdict::kTruePositive, Verdict::kTruePositive, Verdict::kFalsePositive));
  EXPECT_THAT(result.ranked[0], ElementsAre(1U, 0U));
  EXPECT_THAT(result.detections_in[0], ElementsAre(1U, 2U, 0U));
  EXPECT_THAT(result.objects, ElementsAre(2, 0, 0));
}

TEST(Assignment, CrowdsAbsorbWithoutBeingObjects) {
  Scenes scenes;
  scenes.object(10, 1, {0, 0, 100, 100}, true);
  scenes.found(10, 1, {10, 10, 5, 5}, 0.9);
  scenes.found(10, 1, {20, 10, 5, 5}, 0.8);
  scenes.found(10, 4, {20, 10, 5, 5}, 0.8);  // an unknown category
  const Assignment result = assign(scenes);
  EXPECT_THAT(result.verdicts, ::testing::Each(Verdict::kUncounted));
  EXPECT_THAT(result.class_of_object, ElementsAre(kNone));
  EXPECT_TRUE(result.objects_in[0].empty());
  EXPECT_TRUE(result.detections_in[0].empty());
}

TEST(Assignment, IsThatOfTheEvaluationOnRandomScenes) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    const RandomScenes scenes(seed);
    const auto matched = match_detections(scenes.truth, scenes.detections);
    ASSERT_TRUE(matched.ok());
    for (const auto& [iou, bit] : {std::pair{0.5, 0}, {0.5 + 5 * ((0.95 - 0.5) / 9), 5}}) {
      const auto result = assign_detections(scenes.truth, scenes.detections, iou);
      ASSERT_TRUE(result.ok());
      for (std::size_t k = 0; k < result->classes(); ++k) {
        const MatchedClass& one = matched->classes[k];
        EXPECT_EQ(result->objects[k], one.object_count());
        if (one.objects.empty()) continue;
        std::vector<std::pair<double, bool>> expected, found;
        for (const MatchedDetection& d : one.detections) {
          if (((d.outcome.true_positive | d.outcome.false_positive) >> bit & 1) != 0)
            expected.emplace_back(d.score, (d.outcome.true_positive >> bit & 1) != 0);
        }
        for (const std::uint32_t i : result->ranked[k]) {
          found.emplace_back(scenes.detections[i].score,
                             result->verdicts[i] == Verdict::kTruePositive);
        }
        EXPECT_EQ(found, expected) << "seed " << seed << ", class " << k;
      }
    }
  }
}

TEST(Assignment, OnlyTheBestHundredOfAnImageAndClassCount) {
  Scenes scenes;
  for (int i = 0; i < 130; ++i) scenes.found(10, 1, {50, 50, 10, 10}, 0.5 - i * 1e-3);
  const Assignment result = assign(scenes);
  EXPECT_EQ(result.ranked[0].size(), 100U);
  EXPECT_EQ(result.verdicts[99], Verdict::kFalsePositive);
  EXPECT_EQ(result.verdicts[100], Verdict::kUncounted);
}

TEST(Assignment, BadInputIsNamed) {
  Scenes scenes;
  scenes.found(30, 1, {0, 0, 1, 1}, 0.5);
  const auto failure = [&](double iou) {
    const auto result = assign_detections(scenes.truth, scenes.detections, iou);
    return result.ok() ? std::string() : result.error().message;
  };
  EXPECT_THAT(failure(0.5), HasSubstr("detection 0 is of image 30"));
  scenes.detections[0] = {10, 1, {0, 0, 1, 1}, std::numeric_limits<double>::infinity()};
  EXPECT_THAT(failure(0.5), HasSubstr("detection 0 of image 10"));
  EXPECT_THAT(failure(0), HasSubstr("the IoU threshold is 0"));
  EXPECT_THAT(failure(std::numeric_limits<double>::quiet_NaN()), HasSubstr("IoU threshold"));
}

}  // namespace
}  // namespace qyolo::metrics
