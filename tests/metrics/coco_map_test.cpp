// Cases small enough to be worked out by hand, one or more for each rule of the COCO evaluation
// that reimplementations get wrong.
#include "metrics/coco_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

#include "metrics/coco_map_by_areas.h"

namespace qyolo::metrics {
namespace {

using ::testing::DoubleEq;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kFull = 1 / (1 + 0x1p-52);  // precision of one true positive without errors

// Images 1 and 2, categories 1 and 2, and what a test adds.
struct HandMade {
  GroundTruth truth;
  std::vector<Detection> detections;

  HandMade() {
    image(1);
    image(2);
    truth.categories = {{1, "one"}, {2, "two"}};
  }

  void image(std::int64_t id) { truth.images.emplace_back().id = id; }
  Annotation& object(std::int64_t image_id, const BoxXywh& box, std::int64_t category = 1) {
    return truth.annotations.emplace_back(
        Annotation{static_cast<std::int64_t>(truth.annotations.size()) + 1, image_id, category, box,
                   box[2] * box[3], false});
  }
  void crowd(std::int64_t image_id, const BoxXywh& box) { object(image_id, box).iscrowd = true; }
  void found(std::int64_t image_id, const BoxXywh& box, double score, std::int64_t category = 1) {
    detections.push_back({image_id, category, box, score});
  }
};

CocoEvaluation evaluate(const HandMade& scenes, const CocoParams& params = {}) {
  auto evaluation = evaluate_coco(scenes.truth, scenes.detections, params);
  EXPECT_TRUE(evaluation.ok()) << evaluation.error().message;
  return std::move(evaluation).value();
}

// One threshold, recall levels 0, 0.5 and 1, one area range, up to 100 detections.
CocoParams at_threshold(double iou) {
  CocoParams params;
  params.iou_thresholds = {iou};
  params.recall_thresholds = {0, 0.5, 1};
  params.area_ranges = {{"all", 0, 1e10}};
  params.max_detections = {100};
  return params;
}

// precision of class 1 at the recall levels of at_threshold().
std::vector<double> precision(const CocoEvaluation& evaluation) {
  std::vector<double> values;
  for (std::size_t r = 0; r < evaluation.params.recall_thresholds.size(); ++r) {
    values.push_back(evaluation.precision[evaluation.cell(0, r, 0, 0, 0)]);
  }
  return values;
}

std::string failure(const HandMade& scenes, const CocoParams& params = {}) {
  const auto evaluation = evaluate_coco(scenes.truth, scenes.detections, params);
  return evaluation.ok() ? "no failure" : evaluation.error().message;
}

// 1. Grids.

TEST(CocoMap, DefaultGridsAreTheReferencesInEveryBit) {
  const CocoParams params;
  ASSERT_EQ(params.iou_thresholds.size(), 10U);
  for (std::size_t k = 0; k < 10; ++k) {
    EXPECT_EQ(params.iou_thresholds[k], 0.5 + static_cast<double>(k) * ((0.95 - 0.5) / 9));
  }
  EXPECT_EQ(params.iou_thresholds[5], 0.75);
  EXPECT_EQ(params.iou_thresholds[9], 0.95);
  ASSERT_EQ(params.recall_thresholds.size(), 101U);
  std::vector<int> not_hundredths;
  for (int k = 0; k <= 100; ++k) {
    EXPECT_EQ(params.recall_thresholds[static_cast<std::size_t>(k)], k * 0.01);
    if (k * 0.01 != k / 100.0) not_hundredths.push_back(k);
  }
  EXPECT_THAT(not_hundredths, ElementsAre(35, 41, 47, 57, 69, 70, 82, 83, 94, 95));
}

// 2. Crowds.

TEST(CocoMap, CrowdGroundTruthAbsorbsManyDetections) {
  HandMade scenes;
  scenes.crowd(1, {0, 0, 100, 100});
  scenes.object(1, {200, 0, 10, 10});
  for (const double x : {0.0, 30.0, 60.0}) scenes.found(1, {x, 10, 20, 20}, 0.9);
  scenes.found(1, {200, 0, 10, 10}, 0.5);
  EXPECT_THAT(precision(evaluate(scenes, at_threshold(0.5))), Each(kFull));
}

TEST(CocoMap, OrdinaryGroundTruthIsMatchedOnce) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10});
  scenes.found(1, {0, 0, 10, 10}, 0.9);
  scenes.found(1, {0, 0, 10, 10}, 0.8);
  scenes.object(2, {0, 0, 10, 10});
  scenes.found(2, {0, 0, 10, 10}, 0.7);
  EXPECT_THAT(precision(evaluate(scenes, at_threshold(0.5))), ElementsAre(kFull, kFull, 2.0 / 3));
}

TEST(CocoMap, CrowdIsNotToBeFound) {
  HandMade scenes;
  scenes.crowd(1, {0, 0, 100, 100});
  const CocoEvaluation evaluation = evaluate(scenes);
  EXPECT_THAT(evaluation.precision, Each(-1));
  EXPECT_THAT(evaluation.recall, Each(-1));
}

// 3. Matching.

TEST(CocoMap, IgnoredGroundTruthIsOnlyMatchedIfNoOtherCanBe) {
  HandMade scenes;  // the crowd comes first in the file and overlaps more, and loses
  scenes.crowd(1, {0, 0, 100, 100});
  scenes.object(1, {0, 0, 10, 8});
  scenes.found(1, {0, 0, 10, 10}, 0.9);
  const CocoEvaluation evaluation = evaluate(scenes, at_threshold(0.5));
  EXPECT_THAT(precision(evaluation), Each(kFull));
  EXPECT_THAT(evaluation.recall, ElementsAre(1, -1));
}

TEST(CocoMap, IgnoredIsDecidedPerAreaRange) {
  HandMade scenes;  // equal boxes; in each range the detection takes the one that counts
  scenes.object(1, {0, 0, 40, 40}).area = 100;
  scenes.object(1, {0, 0, 40, 40}).area = 2000;
  scenes.found(1, {0, 0, 40, 40}, 0.9);
  const CocoEvaluation evaluation = evaluate(scenes);
  EXPECT_EQ(evaluation.average_recall(0.5, 1, 100), 1.0);
  EXPECT_EQ(evaluation.average_recall(0.5, 2, 100), 1.0);
  EXPECT_EQ(evaluation.average_recall(0.5, 0, 100), 0.5);
}

TEST(CocoMap, OverlapEqualToTheThresholdMatches) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10});
  scenes.found(1, {0, 0, 10, 5}, 0.9);
  EXPECT_THAT(precision(evaluate(scenes, at_threshold(0.5))), Each(kFull));
  EXPECT_THAT(precision(evaluate(scenes, at_threshold(std::nextafter(0.5, 1)))), Each(0));
}

TEST(CocoMap, ThresholdOneIsReachedByOverlapsAlmostOne) {
  HandMade scenes;
  scenes.object(1, {0, 0, 1, 1});
  scenes.found(1, {0, 0, 1, 1 - 0.5e-10}, 0.9);
  EXPECT_THAT(precision(evaluate(scenes, at_threshold(1))), Each(kFull));
}

// The first detection overlaps both objects equally; the second only that on the left.
HandMade equal_overlaps(bool left_first) {
  const BoxXywh left = {0, 0, 10, 10};
  const BoxXywh right = {10, 0, 10, 10};
  HandMade scenes;
  scenes.object(1, left_first ? left : right);
  scenes.object(1, left_first ? right : left);
  scenes.found(1, {5, 0, 10, 10}, 0.9);
  scenes.found(1, left, 0.8);
  return scenes;
}

TEST(CocoMap, LastOfEqualOverlapsWins) {
  EXPECT_EQ(evaluate(equal_overlaps(true), at_threshold(0.3)).average_recall(-1, 0, 100), 1.0);
  EXPECT_EQ(evaluate(equal_overlaps(false), at_threshold(0.3)).average_recall(-1, 0, 100), 0.5);
}

TEST(CocoMap, LargestOverlapWins) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10});
  scenes.object(1, {0, 0, 10, 9});
  scenes.object(1, {0, 0, 10, 8});
  scenes.found(1, {0, 0, 10, 9}, 0.9);   // takes its equal
  scenes.found(1, {0, 0, 10, 10}, 0.8);  // so that these find theirs
  scenes.found(1, {0, 0, 10, 8}, 0.7);
  EXPECT_EQ(evaluate(scenes, at_threshold(0.95)).average_recall(-1, 0, 100), 1.0);
}

TEST(CocoMap, ThresholdsAreMatchedIndependently) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10});
  scenes.found(1, {0, 0, 10, 6}, 0.9);   // takes it at 0.5 only,
  scenes.found(1, {0, 0, 10, 10}, 0.8);  // so that this one has it at 0.75
  CocoParams params = at_threshold(0.5);
  params.iou_thresholds = {0.75, 0.5};
  const CocoEvaluation evaluation = evaluate(scenes, params);
  EXPECT_EQ(evaluation.precision[evaluation.cell(0, 0, 0, 0, 0)], 0.5);
  EXPECT_EQ(evaluation.precision[evaluation.cell(1, 0, 0, 0, 0)], kFull);
}

TEST(CocoMap, BoxesWhoseOverlapIsNotANumberMatchAsInTheReference) {
  HandMade scenes;
  scenes.object(1, {0, 0, 1e-200, 1e-200});
  scenes.found(1, {0, 0, 1e-200, 1e-200}, 0.9);
  EXPECT_THAT(precision(evaluate(scenes, at_threshold(0.5))), Each(kFull));
}

// 4. Detections that do not count.

TEST(CocoMap, UnmatchedDetectionOutsideTheAreaRangeIsIgnoredAlsoWithoutGroundTruth) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10});
  scenes.found(1, {0, 0, 10, 10}, 0.5);
  scenes.found(1, {300, 300, 90, 90}, 0.9);  // medium
  scenes.found(2, {0, 0, 90, 90}, 0.9);      // medium, in an image without ground truth
  const CocoEvaluation evaluation = evaluate(scenes);
  EXPECT_NEAR(evaluation.average_precision(0.5, 0, 100), 1.0 / 3, 1e-15);
  EXPECT_DOUBLE_EQ(evaluation.average_precision(0.5, 1, 100), kFull);
  EXPECT_EQ(evaluation.average_precision(0.5, 2, 100), -1);
}

TEST(CocoMap, DetectionMatchedToGroundTruthOutsideTheAreaRangeDoesNotCount) {
  HandMade scenes;  // the detection is small, what it matches is medium
  scenes.object(1, {0, 0, 10, 10});
  scenes.object(1, {100, 100, 33, 33});
  scenes.found(1, {0, 0, 10, 10}, 0.5);
  scenes.found(1, {100, 100, 31, 31}, 0.9);
  EXPECT_DOUBLE_EQ(evaluate(scenes).average_precision(0.5, 1, 100), kFull);
}

// 5. Areas.

TEST(CocoMap, AreaRangesIncludeBothEnds) {
  HandMade scenes;
  scenes.object(1, {0, 0, 32, 32});
  scenes.object(2, {0, 0, 96, 96});
  const CocoEvaluation evaluation = evaluate(scenes);
  EXPECT_EQ(evaluation.average_recall(-1, 1, 100), 0.0);
  EXPECT_EQ(evaluation.average_recall(-1, 2, 100), 0.0);
  EXPECT_EQ(evaluation.average_recall(-1, 3, 100), 0.0);
  scenes.found(1, {0, 0, 32, 32}, 0.9);
  const CocoEvaluation found = evaluate(scenes);
  EXPECT_EQ(found.average_recall(-1, 1, 100), 1.0);
  EXPECT_EQ(found.average_recall(-1, 2, 100), 0.5);
  EXPECT_EQ(found.average_recall(-1, 3, 100), 0.0);
}

TEST(CocoMap, GroundTruthHasTheAnnotationsAreaDetectionsTheirBoxs) {
  HandMade scenes;
  scenes.object(1, {0, 0, 40, 40}).area = 1000;  // small, though its box is medium
  scenes.found(1, {200, 200, 40, 40}, 0.9);      // medium: no error among the small
  scenes.found(1, {0, 0, 40, 40}, 0.8);          // matched: it counts whatever its area
  const CocoEvaluation evaluation = evaluate(scenes);
  EXPECT_DOUBLE_EQ(evaluation.average_precision(0.5, 1, 100), kFull);
  EXPECT_EQ(evaluation.average_precision(0.5, 2, 100), -1);
}

// 6. Order.

TEST(CocoMap, DetectionsMayBringAreasOfTheirOwn) {
  HandMade scenes;
  scenes.found(1, {0, 0, 10, 10}, 0.9);  // 100 pixels^2, matched to nothing
  scenes.found(1, {50, 50, 20, 20}, 0.8);
  scenes.object(1, {50, 50, 20, 20});
  CocoParams params = at_threshold(0.5);
  params.area_ranges = {{"from 200", 200, 1e10}};
  EXPECT_THAT(precision(evaluate(scenes, params)), Each(kFull));
  const std::vector<double> areas = {300, 400};
  const auto by_areas = evaluate_coco_by_areas(scenes.truth, scenes.detections, areas, params);
  ASSERT_TRUE(by_areas.ok()) << by_areas.error().message;
  EXPECT_THAT(precision(*by_areas), Each(DoubleEq(0.5)));
  const auto few =
      evaluate_coco_by_areas(scenes.truth, scenes.detections, std::span(areas).first(1), params);
  ASSERT_FALSE(few.ok());
  EXPECT_THAT(few.error().message, HasSubstr("1 areas of 2 detections"));
}

TEST(CocoMap, TiesInScoreKeepTheFilesOrder) {
  const BoxXywh hit = {0, 0, 10, 10};
  const BoxXywh miss = {50, 50, 10, 10};
  HandMade scenes;
  scenes.object(1, hit);
  scenes.found(1, hit, 0.5);
  scenes.found(1, miss, 0.5);
  EXPECT_THAT(precision(evaluate(scenes, at_threshold(0.5))), Each(kFull));
  std::swap(scenes.detections[0], scenes.detections[1]);
  EXPECT_THAT(precision(evaluate(scenes, at_threshold(0.5))), Each(0.5));
}

TEST(CocoMap, TiesBetweenImagesAreInAscendingImageId) {
  HandMade scenes;
  scenes.image(9);
  scenes.object(9, {0, 0, 10, 10});
  scenes.found(9, {0, 0, 10, 10}, 0.5);
  scenes.found(2, {0, 0, 10, 10}, 0.5);
  EXPECT_THAT(precision(evaluate(scenes, at_threshold(0.5))), Each(0.5));
}

TEST(CocoMap, OnlyTheBestDetectionsOfAnImageCount) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10});
  for (int i = 0; i < 100; ++i) scenes.found(1, {100, 100, 10, 10}, 0.9);
  scenes.found(1, {0, 0, 10, 10}, 0.5);
  CocoParams params;
  params.max_detections = {101, 1, 100};
  const CocoEvaluation evaluation = evaluate(scenes, params);
  EXPECT_THAT(evaluation.params.max_detections, ElementsAre(1, 100, 101));
  EXPECT_EQ(evaluation.average_recall(-1, 0, 1), 0.0);
  EXPECT_EQ(evaluation.average_recall(-1, 0, 100), 0.0);
  EXPECT_EQ(evaluation.average_recall(-1, 0, 101), 1.0);
  EXPECT_NEAR(evaluation.average_precision(-1, 0, 101), 1.0 / 101, 1e-15);
}

TEST(CocoMap, MaximumIsPerImageAndClass) {
  HandMade scenes;
  for (const std::int64_t image : {1, 2}) {
    for (const std::int64_t category : {1, 2}) {
      scenes.object(image, {0, 0, 10, 10}, category);
      scenes.found(image, {0, 0, 10, 10}, 0.9, category);
    }
  }
  EXPECT_EQ(evaluate(scenes).average_recall(-1, 0, 1), 1.0);
}

// 7. Precision, recall and means.

TEST(CocoMap, PrecisionIsTheLargestAtThisOrHigherRecall) {
  HandMade scenes;
  for (const double x : {0.0, 20.0, 40.0, 60.0}) scenes.object(1, {x, 0, 10, 10});
  scenes.found(1, {200, 0, 10, 10}, 0.9);  // precision 0
  scenes.found(1, {0, 0, 10, 10}, 0.8);    // 1/2 at recall 1/4
  scenes.found(1, {20, 0, 10, 10}, 0.7);   // 2/3 at recall 1/2
  scenes.found(1, {220, 0, 10, 10}, 0.6);
  scenes.found(1, {40, 0, 10, 10}, 0.5);  // 3/5 at recall 3/4
  CocoParams params = at_threshold(0.5);
  params.recall_thresholds = {0, 0.25, 0.5, 0.75, 1};
  const CocoEvaluation evaluation = evaluate(scenes, params);
  EXPECT_THAT(precision(evaluation), ElementsAre(2.0 / 3, 2.0 / 3, 2.0 / 3, 3.0 / 5, 0));
  std::vector<double> scores;
  for (std::size_t r = 0; r < 5; ++r) {
    scores.push_back(evaluation.scores[evaluation.cell(0, r, 0, 0, 0)]);
  }
  EXPECT_THAT(scores, ElementsAre(0.9, 0.8, 0.7, 0.5, 0));
  EXPECT_EQ(evaluation.recall[0], 0.75);
}

TEST(CocoMap, RecallZeroIsReachedByADetectionThatDoesNotCount) {
  HandMade scenes;
  scenes.crowd(1, {0, 0, 50, 50});
  scenes.object(1, {100, 0, 10, 10});
  scenes.found(1, {0, 0, 10, 10}, 0.75);
  const CocoEvaluation evaluation = evaluate(scenes, at_threshold(0.5));
  EXPECT_EQ(evaluation.scores[evaluation.cell(0, 0, 0, 0, 0)], 0.75);
  EXPECT_EQ(evaluation.scores[evaluation.cell(0, 1, 0, 0, 0)], 0.0);
  EXPECT_THAT(precision(evaluation), Each(0));
}

TEST(CocoMap, ClassWithoutDetectionsIsZeroAndWithoutGroundTruthIsLeftOut) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10}, 2);
  scenes.found(1, {0, 0, 10, 10}, 0.9, 1);
  const CocoEvaluation evaluation = evaluate(scenes);
  EXPECT_EQ(evaluation.average_precision(-1, 0, 100, 0), -1);
  EXPECT_EQ(evaluation.average_precision(-1, 0, 100, 1), 0);
  EXPECT_EQ(evaluation.average_precision(-1, 0, 100), 0);
  EXPECT_EQ(evaluation.recall[evaluation.recall_cell(0, 0, 0, 0)], -1);
  EXPECT_EQ(evaluation.recall[evaluation.recall_cell(0, 1, 0, 0)], 0);
  EXPECT_EQ(evaluation.stats()[0], 0);
  EXPECT_EQ(evaluation.stats()[4], -1);  // nothing medium
}

TEST(CocoMap, RecallLevelsAfterOneThatIsNotReachedAreNotLookedAt) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10});
  scenes.object(1, {20, 0, 10, 10});
  scenes.found(1, {0, 0, 10, 10}, 0.9);
  CocoParams params = at_threshold(0.5);
  params.recall_thresholds = {0.5, 1, 0.25};
  EXPECT_THAT(precision(evaluate(scenes, params)), ElementsAre(kFull, 0, 0));
}

TEST(CocoMap, MeansOutsideTheGridAreMinusOne) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10});
  const CocoEvaluation evaluation = evaluate(scenes);
  EXPECT_EQ(evaluation.average_precision(0.5, 0, 100, 0), 0);
  EXPECT_EQ(evaluation.average_precision(0.51, 0, 100, 0), -1);
  EXPECT_EQ(evaluation.average_precision(0.5, 4, 100, 0), -1);
  EXPECT_EQ(evaluation.average_precision(0.5, -1, 100, 0), -1);
  EXPECT_EQ(evaluation.average_precision(0.5, 0, 99, 0), -1);
  EXPECT_EQ(evaluation.average_precision(0.5, 0, 100, 2), -1);
  EXPECT_EQ(evaluation.average_recall(0.5, 0, 100, -2), -1);
}

TEST(CocoMap, StatsNeedTheDefaultGrid) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10});
  scenes.found(1, {0, 0, 10, 10}, 0.9);
  CocoParams params = at_threshold(0.5);
  EXPECT_THAT(evaluate(scenes, params).stats(),
              ElementsAre(DoubleEq(kFull), -1, -1, -1, -1, -1, 1, -1, -1, -1, -1, -1));
}

// 9. Identity, images and errors.

TEST(CocoMap, IdsOfAnnotationsHaveNoInfluence) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10}).id = 0;
  scenes.object(1, {20, 0, 10, 10}).id = 0;
  scenes.object(2, {0, 0, 10, 10}).id = 0;
  scenes.found(1, {0, 0, 10, 10}, 0.9);
  scenes.found(1, {20, 0, 10, 10}, 0.9);
  scenes.found(2, {0, 0, 10, 10}, 0.9);
  EXPECT_THAT(precision(evaluate(scenes, at_threshold(0.5))), Each(1));
}

TEST(CocoMap, ImagesWithoutDetectionsCount) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10});
  scenes.object(2, {0, 0, 10, 10});
  scenes.found(1, {0, 0, 10, 10}, 0.9);
  EXPECT_EQ(evaluate(scenes).average_recall(-1, 0, 100), 0.5);
}

TEST(CocoMap, DetectionOfAnUnknownImageIsAnErrorThatNamesTheFirst) {
  HandMade scenes;
  scenes.found(1, {0, 0, 10, 10}, 0.9);
  scenes.found(77, {0, 0, 10, 10}, 0.9);
  scenes.found(78, {0, 0, 10, 10}, 0.9);
  EXPECT_EQ(failure(scenes), "detection 1 is of image 77, which is not in the ground truth");
}

TEST(CocoMap, NumbersThatAreNotFiniteAreErrors) {
  HandMade scenes;
  scenes.found(2, {0, 0, 10, 10}, std::nan(""));
  EXPECT_EQ(failure(scenes), "detection 0 of image 2 has a score or box that is not finite");
  scenes.detections = {{1, 1, {0, 0, INFINITY, 1}, 0.5}};
  EXPECT_THAT(failure(scenes), HasSubstr("not finite"));
}

TEST(CocoMap, UnknownCategoriesHaveNoInfluenceAndAreCounted) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10});
  scenes.object(1, {50, 0, 10, 10}, 55);
  scenes.found(1, {0, 0, 10, 10}, 0.5);
  scenes.found(1, {50, 0, 10, 10}, 0.9, 66);
  for (const bool use_categories : {true, false}) {
    CocoParams params = at_threshold(0.5);
    params.use_categories = use_categories;
    const CocoEvaluation evaluation = evaluate(scenes, params);
    EXPECT_THAT(precision(evaluation), Each(kFull));
    EXPECT_EQ(evaluation.unknown_category_detections, 1);
  }
}

// Without categories.

TEST(CocoMap, WithoutCategoriesAllClassesAreOne) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10}, 2);
  scenes.found(1, {0, 0, 10, 10}, 0.9, 1);
  EXPECT_EQ(evaluate(scenes).average_recall(-1, 0, 100), 0);
  CocoParams params;
  params.use_categories = false;
  const CocoEvaluation evaluation = evaluate(scenes, params);
  EXPECT_THAT(evaluation.category_ids, ElementsAre(-1));
  EXPECT_EQ(evaluation.average_recall(-1, 0, 100), 1);
}

TEST(CocoMap, WithoutCategoriesTiesAreInAscendingCategory) {
  HandMade scenes;
  scenes.object(1, {0, 0, 10, 10});
  scenes.found(1, {0, 0, 10, 10}, 0.5, 2);
  scenes.found(1, {50, 0, 10, 10}, 0.5, 1);
  CocoParams params = at_threshold(0.5);
  params.use_categories = false;
  EXPECT_THAT(precision(evaluate(scenes, params)), Each(0.5));
}

// Parameters.

TEST(CocoMap, ParametersThatMakeNoGridAreErrors) {
  const auto with = [](auto change) {
    CocoParams params;
    change(params);
    return failure({}, params);
  };
  EXPECT_THAT(with([](CocoParams& p) { p.iou_thresholds.clear(); }), HasSubstr("at least one"));
  EXPECT_THAT(with([](CocoParams& p) { p.max_detections.clear(); }), HasSubstr("at least one"));
  EXPECT_THAT(with([](CocoParams& p) { p.recall_thresholds[3] = NAN; }),
              HasSubstr("must be numbers"));
  EXPECT_THAT(with([](CocoParams& p) { p.area_ranges[1].high = NAN; }), HasSubstr("'small'"));
  EXPECT_THAT(with([](CocoParams& p) { p.area_ranges[1].name = "all"; }),
              HasSubstr("two area ranges are named 'all'"));
  EXPECT_THAT(with([](CocoParams& p) { p.max_detections[0] = 0; }), HasSubstr("found 0"));
  EXPECT_THAT(with([](CocoParams& p) {
                p.iou_thresholds.resize(100000);
                p.recall_thresholds.resize(100000);
              }),
              HasSubstr("more than"));
}

TEST(CocoMap, NothingToEvaluateIsNoError) {
  const auto evaluation = evaluate_coco({}, {});
  ASSERT_TRUE(evaluation.ok());
  EXPECT_TRUE(evaluation->precision.empty());
  EXPECT_THAT(evaluation->stats(), Each(-1));
}

// Scale.

HandMade crowded_scenes() {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> place(0, 400);
  std::uniform_int_distribution<int> score(1, 50);
  HandMade scenes;
  for (std::int64_t image = 3; image < 33; ++image) scenes.image(image);
  for (std::int64_t id = 3; id < 8; ++id) scenes.truth.categories.push_back({id, ""});
  for (int i = 0; i < 400; ++i) {
    const BoxXywh box = {place(random), place(random), place(random) / 2, place(random) / 2};
    const std::int64_t image = 1 + i % 32;
    const std::int64_t category = 1 + i % 7 % 5;
    scenes.object(image, box, category).iscrowd = i % 11 == 0;
    for (int j = 0; j < 10; ++j) {
      BoxXywh near = box;
      for (double& value : near) value += (place(random) - 200) * 0.1 * j / 10;
      scenes.found(image, near, score(random) / 50.0, category);
    }
  }
  return scenes;
}

TEST(CocoMap, NumberOfThreadsChangesNoBit) {
  const HandMade scenes = crowded_scenes();
  CocoParams params;
  params.threads = 1;
  const CocoEvaluation one = evaluate(scenes, params);
  EXPECT_GT(one.stats()[0], 0.1);
  for (const int threads : {2, 3, 8}) {
    params.threads = threads;
    const CocoEvaluation several = evaluate(scenes, params);
    EXPECT_EQ(several.precision, one.precision);
    EXPECT_EQ(several.recall, one.recall);
    EXPECT_EQ(several.scores, one.scores);
  }
}

TEST(CocoMap, ThresholdsDoNotInfluenceEachOther) {
  const HandMade scenes = crowded_scenes();
  CocoParams params = at_threshold(0.5);
  params.iou_thresholds.clear();
  for (int k = 0; k < 40; ++k) params.iou_thresholds.push_back(0.025 * ((k * 7) % 40));
  const CocoEvaluation together = evaluate(scenes, params);
  for (std::size_t t = 0; t < params.iou_thresholds.size(); ++t) {
    const CocoEvaluation alone = evaluate(scenes, at_threshold(params.iou_thresholds[t]));
    const auto begin =
        together.precision.begin() + static_cast<std::ptrdiff_t>(t * alone.precision.size());
    EXPECT_TRUE(std::equal(alone.precision.begin(), alone.precision.end(), begin)) << t;
  }
}

}  // namespace
}  // namespace qyolo::metrics
