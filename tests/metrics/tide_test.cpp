#include "metrics/tide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "metrics/coco_map.h"
#include "tests/metrics/random_scenes.h"
#include "tests/support/scenes.h"

namespace qyolo::metrics {
namespace {

using ::testing::ElementsAre;
using testing::RandomScenes;
using testing::Scenes;

constexpr BoxXywh kBox = {0, 0, 10, 10};
constexpr BoxXywh kThird = {0, 0, 10, 30};   // IoU 1/3 with it
constexpr BoxXywh kTenth = {0, 0, 10, 100};  // IoU 1/10

template <class Data>
TideReport report_of(const Data& scenes) {
  const auto assignment = assign_detections(scenes.truth, scenes.detections);
  EXPECT_TRUE(assignment.ok());
  return analyse_errors(scenes.truth, scenes.detections, *assignment);
}

double gain(const TideReport& report, ErrorType type) {
  return report.delta_ap[static_cast<std::size_t>(type)];
}

// A bolt and its detection; what else is there is up to the test.
Scenes one_bolt(std::int64_t category, const BoxXywh& box) {
  Scenes scenes;
  scenes.object(10, 1, kBox);
  scenes.found(10, category, box, 0.5);
  return scenes;
}

TEST(Tide, TellsTheTypesApart) {
  EXPECT_THAT(report_of(one_bolt(1, kBox)).errors, ElementsAre(0, 0, 0, 0, 0, 0));
  EXPECT_THAT(report_of(one_bolt(2, kBox)).errors, ElementsAre(1, 0, 0, 0, 0, 0));
  EXPECT_THAT(report_of(one_bolt(1, kThird)).errors, ElementsAre(0, 1, 0, 0, 0, 0));
  EXPECT_THAT(report_of(one_bolt(2, kThird)).errors, ElementsAre(0, 0, 1, 0, 0, 1));
  EXPECT_THAT(report_of(one_bolt(1, {50, 50, 10, 10})).errors, ElementsAre(0, 0, 0, 0, 1, 1));
  EXPECT_THAT(report_of(one_bolt(1, kTenth)).errors, ElementsAre(0, 1, 0, 0, 0, 0));
  EXPECT_THAT(report_of(one_bolt(2, kTenth)).errors, ElementsAre(0, 0, 0, 0, 1, 1));
  Scenes twice = one_bolt(1, kBox);
  twice.found(10, 1, kBox, 0.4);
  EXPECT_THAT(report_of(twice).errors, ElementsAre(0, 0, 0, 1, 0, 0));
  Scenes nothing;
  nothing.object(10, 1, kBox);
  EXPECT_THAT(report_of(nothing).errors, ElementsAre(0, 0, 0, 0, 0, 1));
}

TEST(Tide, ADetectionThatFitsSeveralTypesIsOfTheFirst) {
  Scenes scenes = one_bolt(1, kThird);  // a poor bolt, and a good nut
  scenes.object(10, 2, kThird);
  EXPECT_THAT(report_of(scenes).errors, ElementsAre(0, 1, 0, 0, 0, 1));
  Scenes twice = one_bolt(1, kBox);  // a second bolt on the bolt that is on a nut, too
  twice.found(10, 1, kBox, 0.4);
  twice.object(10, 2, kBox);
  EXPECT_THAT(report_of(twice).errors, ElementsAre(1, 0, 0, 0, 0, 0));
}

TEST(Tide, CorrectingAClassWinsItsObject) {
  const TideReport report = report_of(one_bolt(2, kBox));
  EXPECT_EQ(report.ap50, 0);
  EXPECT_NEAR(gain(report, ErrorType::kClassification), 1, 1e-12);
  EXPECT_EQ(gain(report, ErrorType::kMissed), 0) << "it is not missed";
  EXPECT_EQ(report.false_negatives, 1);
}

TEST(Tide, OnlyTheBestDetectionIsCorrectedToAnObject) {
  Scenes scenes;
  scenes.object(10, 1, kBox);
  scenes.object(20, 1, kBox);
  scenes.found(20, 1, kBox, 0.8);
  scenes.found(10, 1, kThird, 0.9);
  scenes.found(10, 1, kThird, 0.95);
  const TideReport report = report_of(scenes);
  // Found third of three, with one of two objects: 1/3 up to a recall of 0.5.
  EXPECT_NEAR(report.ap50, 51.0 / 101 / 3, 1e-12);
  EXPECT_NEAR(gain(report, ErrorType::kLocalization), 1 - report.ap50, 1e-12);
  EXPECT_NEAR(report.false_positive_delta_ap, 51.0 / 101 - report.ap50, 1e-12);
  EXPECT_NEAR(report.false_negative_delta_ap, 1.0 / 3 - report.ap50, 1e-12);
}

TEST(Tide, ASecondCorrectionDoesNotReplaceAMissedObject) {
  Scenes scenes;
  scenes.object(10, 1, kBox);
  scenes.object(20, 1, kBox);
  scenes.found(10, 1, kThird, 0.9);
  scenes.found(10, 1, kThird, 0.8);
  const TideReport report = report_of(scenes);
  EXPECT_EQ(report.ap50, 0);
  EXPECT_NEAR(gain(report, ErrorType::kLocalization), 51.0 / 101, 1e-12);
}

TEST(Tide, ErrorsOnAFoundObjectAreRemoved) {
  Scenes scenes = one_bolt(1, kBox);
  scenes.found(10, 1, kThird, 0.9);
  scenes.found(10, 2, kBox, 0.9);
  const TideReport report = report_of(scenes);
  EXPECT_THAT(report.errors, ElementsAre(1, 1, 0, 0, 0, 0));
  EXPECT_NEAR(report.ap50, 0.5, 1e-12);
  EXPECT_NEAR(gain(report, ErrorType::kLocalization), 0.5, 1e-12);
  EXPECT_EQ(gain(report, ErrorType::kClassification), 0) << "nuts have no objects";
}

TEST(Tide, MissedObjectsNoLongerCountOnceFixed) {
  Scenes scenes = one_bolt(1, kBox);
  scenes.object(20, 1, kBox);
  const TideReport report = report_of(scenes);
  EXPECT_NEAR(report.ap50, 51.0 / 101, 1e-12);
  EXPECT_NEAR(gain(report, ErrorType::kMissed), 50.0 / 101, 1e-12);
  EXPECT_NEAR(report.false_negative_delta_ap, 50.0 / 101, 1e-12);
  EXPECT_EQ(report.classes[0].true_positives, 1);
}

TEST(Tide, WhatCrowdsAbsorbIsNoError) {
  Scenes scenes = one_bolt(1, kBox);
  scenes.object(10, 1, {50, 50, 40, 40}, true);
  scenes.found(10, 1, {60, 60, 5, 5}, 0.9);
  const TideReport report = report_of(scenes);
  EXPECT_EQ(report.false_positives, 0);
  EXPECT_NEAR(report.ap50, 1, 1e-12);
}

TEST(Tide, WithoutObjectsThereIsNoAp) {
  Scenes scenes;
  scenes.found(10, 1, kBox, 0.5);
  const TideReport report = report_of(scenes);
  EXPECT_EQ(report.ap50, -1);
  EXPECT_THAT(report.errors, ElementsAre(0, 0, 0, 0, 1, 0));
  EXPECT_THAT(report.delta_ap, ::testing::Each(0));
}

TEST(Tide, CountsAddUpAndFixesNeverLoseOnRandomScenes) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    const RandomScenes scenes(seed);
    const TideReport report = report_of(scenes);
    const auto evaluation = evaluate_coco(scenes.truth, scenes.detections);
    ASSERT_TRUE(evaluation.ok());
    EXPECT_NEAR(report.ap50, evaluation->stats()[1], 1e-12);
    const auto assignment = assign_detections(scenes.truth, scenes.detections);
    std::int64_t counted = 0, objects = 0, found = 0;
    for (const auto& ranked : assignment->ranked)
      counted += static_cast<std::int64_t>(ranked.size());
    for (const TideClass& one : report.classes) {
      objects += one.objects;
      found += one.true_positives;
    }
    EXPECT_EQ(std::accumulate(report.errors.begin(), report.errors.end() - 1, std::int64_t{0}),
              report.false_positives);
    EXPECT_EQ(report.false_positives + found, counted);
    EXPECT_EQ(report.false_negatives + found, objects);
    EXPECT_LE(report.errors.back(), report.false_negatives);
    for (const double delta : report.delta_ap) EXPECT_GE(delta, -1e-12) << "seed " << seed;
    EXPECT_GE(report.false_positive_delta_ap + 1e-12,
              std::max({gain(report, ErrorType::kBoth), gain(report, ErrorType::kDuplicate),
                        gain(report, ErrorType::kBackground)}));
    EXPECT_GE(report.false_negative_delta_ap + 1e-12, gain(report, ErrorType::kMissed));
  }
}

}  // namespace
}  // namespace qyolo::metrics
