#include "metrics/equal_recall.h"

#include <gtest/gtest.h>

namespace qyolo::metrics {
namespace {

constexpr std::uint16_t kAtHalf = 1;

MatchedDetection found(double score) {
  MatchedDetection detection{score, 0, {}};
  detection.outcome.true_positive = kAtHalf;
  return detection;
}
MatchedDetection wrong(double score) {
  MatchedDetection detection{score, 0, {}};
  detection.outcome.false_positive = kAtHalf;
  return detection;
}

MatchedDetections network(std::vector<MatchedDetection> detections, std::int32_t objects = 4) {
  MatchedClass one{7, std::move(detections), {{0, objects}}};
  return {{1, 2}, {one}};
}

TEST(EqualRecall, IsTheHighestConfidenceThatFindsAsMany) {
  const auto baseline = network({found(0.9), found(0.8), wrong(0.7), found(0.6), wrong(0.2)});
  const auto other = network(
      {found(0.7), wrong(0.6), found(0.4), wrong(0.35), wrong(0.3), found(0.3), found(0.2)});
  const auto result = equal_recall(baseline, other, 0.5);
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->size(), 1U);
  const EqualRecall& equal = result->front();
  EXPECT_EQ(equal.category_id, 7);
  EXPECT_EQ(equal.objects, 4);
  EXPECT_EQ(equal.baseline, (AlarmCounts{3, 1}));
  EXPECT_EQ(equal.unchanged, (AlarmCounts{1, 1}));
  EXPECT_EQ(equal.confidence, 0.3);
  EXPECT_EQ(equal.adjusted, (AlarmCounts{3, 3}));  // both of score 0.3 are kept
}

TEST(EqualRecall, AThresholdAtAScoreKeepsIt) {
  const auto baseline = network({found(0.5)});
  EXPECT_EQ(equal_recall(baseline, baseline, 0.5)->front().baseline, (AlarmCounts{1, 0}));
}

TEST(EqualRecall, MayBeOutOfReach) {
  const auto baseline = network({found(0.9), found(0.8)});
  const auto other = network({found(0.9), wrong(0.1)});
  const auto result = equal_recall(baseline, other, 0.5);
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->front().confidence);
  EXPECT_EQ(result->front().adjusted, (AlarmCounts{1, 1}));
}

TEST(EqualRecall, MayAllowAHigherConfidence) {
  const auto baseline = network({found(0.6), wrong(0.55)});
  const auto other = network({found(0.9), wrong(0.6)});
  const EqualRecall equal = equal_recall(baseline, other, 0.5)->front();
  EXPECT_EQ(equal.confidence, 0.9);
  EXPECT_EQ(equal.adjusted, (AlarmCounts{1, 0}));
}

TEST(EqualRecall, LeavesOutClassesWithoutObjectsAndKeepsThoseThatFindNothing) {
  const auto none = network({}, 0);
  EXPECT_TRUE(equal_recall(none, none, 0.5)->empty());
  const auto blind = network({wrong(0.9)});
  const EqualRecall equal = equal_recall(blind, blind, 0.5)->front();
  EXPECT_EQ(equal.confidence, 0.5);
  EXPECT_EQ(equal.adjusted, (AlarmCounts{0, 1}));
}

TEST(EqualRecall, RefusesNetworksOfDifferentImages) {
  auto other = network({found(0.5)});
  other.image_ids = {1};
  EXPECT_FALSE(equal_recall(network({found(0.5)}), other, 0.5).ok());
}

}  // namespace
}  // namespace qyolo::metrics
