#include "metrics/detection_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "metrics/coco_map.h"
#include "tests/metrics/boxes.h"

namespace qyolo::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Images 20 and 10, categories 1 to 3.
struct NetworkPair {
  GroundTruth truth;
  std::vector<Detection> baseline, other;

  NetworkPair() {
    truth.images.emplace_back().id = 20;
    truth.images.emplace_back().id = 10;
    truth.categories = {{2, "two"}, {1, "one"}, {3, "three"}};
  }
  void object(const BoxXywh& box, std::int64_t category = 1, bool crowd = false,
              std::int64_t image = 10) {
    truth.annotations.push_back({0, image, category, box, box[2] * box[3], crowd});
  }
  static Detection at(const BoxXywh& box, double score = 0.9, std::int64_t category = 1,
                      std::int64_t image = 10) {
    return {image, category, box, score};
  }
};

DetectionChanges changes(const NetworkPair& scenes, const ChangeOptions& options = {0.5, 0.5}) {
  auto result = detection_changes(scenes.truth, scenes.baseline, scenes.other, options);
  EXPECT_TRUE(result.ok()) << result.error().message;
  return std::move(result).value();
}

std::string failure(const NetworkPair& scenes, const ChangeOptions& options = {0.5, 0.5}) {
  const auto result = detection_changes(scenes.truth, scenes.baseline, scenes.other, options);
  return result.ok() ? "no failure" : result.error().message;
}

TEST(DetectionChanges, NothingChangesBetweenEqualDetections) {
  NetworkPair scenes;
  scenes.object(kLeft);
  scenes.object(kMiddle);
  scenes.baseline = scenes.other = {NetworkPair::at(kLeft), NetworkPair::at(kRight),
                                    NetworkPair::at(kRight, 0.8)};
  const DetectionChanges found = changes(scenes);
  const ChangeCounts expected{
      .objects = 2, .missed_baseline = 1, .missed_other = 1, .false_baseline = 2, .false_other = 2};
  EXPECT_EQ(found.total, expected);
  EXPECT_TRUE(found.worst_images(10).empty());
}

TEST(DetectionChanges, NewlyMissedAndNewlyFound) {
  NetworkPair scenes;
  scenes.object(kLeft);
  scenes.object(kMiddle, 1);
  scenes.object(kRight, 2);
  scenes.baseline = {NetworkPair::at(kLeft), NetworkPair::at(kMiddle)};
  scenes.other = {NetworkPair::at(kLeft), NetworkPair::at(kMiddle, 0.499),
                  NetworkPair::at(kRight, 0.5, 2)};
  const DetectionChanges found = changes(scenes);
  EXPECT_EQ(found.total, (ChangeCounts{.objects = 3,
                                       .missed_baseline = 1,
                                       .missed_other = 1,
                                       .newly_missed = 1,
                                       .newly_found = 1}));
  ASSERT_EQ(found.classes.size(), 3U);
  EXPECT_EQ(found.classes[0].category_id, 1);
  EXPECT_EQ(found.classes[0].counts.newly_missed, 1);
  EXPECT_EQ(found.classes[1].counts.newly_found, 1);
  EXPECT_EQ(found.classes[2].counts, ChangeCounts());
  ASSERT_EQ(found.images.size(), 2U);
  EXPECT_EQ(found.images[0].image_id, 10);
  EXPECT_EQ(found.images[0].counts, found.total);
  const auto& objects = found.images[0].objects;
  ASSERT_EQ(objects.size(), 3U);
  EXPECT_TRUE(objects[1].newly_missed());
  EXPECT_FALSE(objects[1].flipped());
  EXPECT_EQ(objects[1].baseline_detection, 1U);
  EXPECT_EQ(objects[1].other_detection, std::nullopt);
  EXPECT_TRUE(objects[2].newly_found());
  EXPECT_EQ(objects[2].other_detection, 2U);
}

TEST(DetectionChanges, AFalseDetectionAtTheSamePlaceIsNotNew) {
  NetworkPair scenes;
  scenes.baseline = {NetworkPair::at(kLeft), NetworkPair::at(kMiddle)};
  scenes.other = {NetworkPair::at({0, 0, 10, 8}, 0.6), NetworkPair::at(kRight),
                  NetworkPair::at(kMiddle, 0.9, 2)};  // another class: not the same
  const DetectionChanges found = changes(scenes);
  EXPECT_EQ(found.total,
            (ChangeCounts{
                .false_baseline = 2, .false_other = 3, .newly_false = 2, .no_longer_false = 1}));
  const auto& list = found.images[0].false_detections;
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[0].baseline_detection, 0U);
  EXPECT_EQ(list[0].other_detection, 0U);
  EXPECT_TRUE(list[1].no_longer_false());
  EXPECT_EQ(list[2].other_detection, 1U);
  EXPECT_EQ(list[3].category_id, 2);
  EXPECT_TRUE(list[3].newly_false());
}

TEST(DetectionChanges, ADuplicateIsFalse) {
  NetworkPair scenes;
  scenes.object(kLeft);
  scenes.baseline = {NetworkPair::at(kLeft, 0.9)};
  scenes.other = {NetworkPair::at({0, 0, 10, 9}, 0.8), NetworkPair::at(kLeft, 0.7)};
  const DetectionChanges found = changes(scenes);
  EXPECT_EQ(found.total, (ChangeCounts{.objects = 1, .false_other = 1, .newly_false = 1}));
  // The one with the higher score is right, whatever the overlaps.
  EXPECT_EQ(found.images[0].objects[0].other_detection, 0U);
  EXPECT_EQ(found.images[0].false_detections[0].other_detection, 1U);
}

TEST(DetectionChanges, EqualScoresGoByPlaceInTheFileAndEqualOverlapsToTheLastObject) {
  NetworkPair scenes;
  scenes.object(kLeft);
  scenes.object(kLeft);
  scenes.baseline = {NetworkPair::at(kLeft)};
  scenes.other = {NetworkPair::at(kLeft), NetworkPair::at(kLeft)};
  const auto objects = changes(scenes).images[0].objects;
  EXPECT_EQ(objects[0].baseline, Sighting::kMissed);
  EXPECT_EQ(objects[1].baseline_detection, 0U);
  EXPECT_EQ(objects[1].other_detection, 0U);
  EXPECT_EQ(objects[0].other_detection, 1U);
}

TEST(DetectionChanges, OverlapOfExactlyTheIouIsEnough) {
  NetworkPair scenes;
  scenes.object(kLeft);
  scenes.baseline = {NetworkPair::at({0, 0, 10, 5})};
  scenes.other = {NetworkPair::at({0, 0, 10, 4.99})};
  const DetectionChanges found = changes(scenes);
  EXPECT_EQ(found.total.newly_missed, 1);
  EXPECT_EQ(found.total.newly_false, 1);
  scenes.other = scenes.baseline = {NetworkPair::at({1000, 0, 10.3, 10})};
  scenes.truth.annotations[0].bbox = {1000, 0, 10.3, 10};
  EXPECT_EQ(changes(scenes, {0.5, 1}).total.missed_other, 0);
}

TEST(DetectionChanges, CrowdsAreNoObjectsAndAbsorbAnyNumberOfTheirClass) {
  NetworkPair scenes;
  scenes.object({100, 0, 50, 50}, 1, true);
  scenes.object({110, 10, 10, 10});  // in the crowd
  scenes.baseline = {NetworkPair::at({110, 10, 10, 10}), NetworkPair::at({130, 10, 10, 10}),
                     NetworkPair::at({130, 30, 10, 10})};
  scenes.other = {NetworkPair::at({130, 10, 10, 10}, 0.9, 2), NetworkPair::at({145, 10, 10, 10}),
                  NetworkPair::at({146, 10, 10, 10})};
  const DetectionChanges found = changes(scenes);
  // Of another class, and only 4/10 inside: false.
  EXPECT_EQ(
      found.total,
      (ChangeCounts{
          .objects = 1, .missed_other = 1, .false_other = 2, .newly_missed = 1, .newly_false = 2}));
  EXPECT_EQ(found.images[0].objects.size(), 1U);
}

TEST(DetectionChanges, AFlipIsNewlyMissedInItsClassAndFalseInTheOther) {
  NetworkPair scenes;
  scenes.object(kLeft, 1);
  scenes.baseline = {NetworkPair::at(kLeft)};
  scenes.other = {NetworkPair::at({1, 0, 10, 10}, 0.7, 2)};
  const DetectionChanges found = changes(scenes);
  EXPECT_EQ(found.classes[0].counts,
            (ChangeCounts{.objects = 1, .missed_other = 1, .newly_missed = 1, .flips = 1}));
  EXPECT_EQ(found.classes[1].counts, (ChangeCounts{.false_other = 1, .newly_false = 1}));
  EXPECT_THAT(found.flips, ElementsAre(Flip{1, 2, 1}));
  EXPECT_EQ(found.images[0].objects[0].other, Sighting::kOtherClass);
  EXPECT_EQ(found.images[0].objects[0].other_detection, 0U);

  std::swap(scenes.baseline, scenes.other);
  const DetectionChanges back = changes(scenes);
  EXPECT_EQ(back.total, (ChangeCounts{.objects = 1,
                                      .missed_baseline = 1,
                                      .false_baseline = 1,
                                      .newly_found = 1,
                                      .no_longer_false = 1,
                                      .flipped_back = 1}));
  EXPECT_TRUE(back.flips.empty());
}

TEST(DetectionChanges, AnObjectThatBothShowAsAnotherClassMayChangeItsWrongClass) {
  NetworkPair scenes;
  scenes.object(kLeft, 1);
  scenes.object(kMiddle, 1);
  scenes.baseline = {NetworkPair::at(kLeft, 0.9, 2), NetworkPair::at(kMiddle, 0.9, 3)};
  scenes.other = {NetworkPair::at(kLeft, 0.9, 3), NetworkPair::at(kMiddle, 0.9, 3)};
  const DetectionChanges found = changes(scenes);
  EXPECT_EQ(found.total, (ChangeCounts{.objects = 2,
                                       .missed_baseline = 2,
                                       .missed_other = 2,
                                       .false_baseline = 2,
                                       .false_other = 2,
                                       .newly_false = 1,
                                       .no_longer_false = 1,
                                       .wrong_class_changed = 1}));
  EXPECT_TRUE(found.images[0].objects[0].wrong_class_changed);
  EXPECT_TRUE(found.flips.empty());
}

TEST(DetectionChanges, OneDetectionShowsOneObjectAndTheOneItOverlapsMost) {
  NetworkPair scenes;
  scenes.object(kLeft, 1);
  scenes.object({2, 0, 10, 10}, 3);
  scenes.baseline = {NetworkPair::at(kLeft, 0.9, 1), NetworkPair::at({2, 0, 10, 10}, 0.9, 3)};
  scenes.other = {NetworkPair::at({1.5, 0, 10, 10}, 0.9, 2)};
  const DetectionChanges found = changes(scenes);
  EXPECT_EQ(found.total.newly_missed, 2);
  EXPECT_THAT(found.flips, ElementsAre(Flip{3, 2, 1}));
}

TEST(DetectionChanges, OfTwoWrongClassesTheMoreCertainOneShowsTheObject) {
  NetworkPair scenes;
  scenes.object(kLeft, 1);
  scenes.baseline = {NetworkPair::at(kLeft)};
  scenes.other = {NetworkPair::at(kLeft, 0.7, 3), NetworkPair::at({0, 0, 10, 8}, 0.8, 2)};
  EXPECT_THAT(changes(scenes).flips, ElementsAre(Flip{1, 2, 1}));
}

TEST(DetectionChanges, AnObjectThatIsFoundIsNoFlipWhateverElseIsThere) {
  NetworkPair scenes;
  scenes.object(kLeft, 1);
  scenes.baseline = {NetworkPair::at(kLeft)};
  scenes.other = {NetworkPair::at(kLeft, 0.9, 2), NetworkPair::at(kLeft, 0.6, 1)};
  const DetectionChanges found = changes(scenes);
  EXPECT_EQ(found.total, (ChangeCounts{.objects = 1, .false_other = 1, .newly_false = 1}));
}

TEST(DetectionChanges, ACrowdIsNeverFlipped) {
  NetworkPair scenes;
  scenes.object(kLeft, 1, true);
  scenes.other = {NetworkPair::at(kLeft, 0.9, 2)};
  EXPECT_EQ(changes(scenes).total, (ChangeCounts{.false_other = 1, .newly_false = 1}));
}

TEST(DetectionChanges, FlipsAreListedMostFrequentFirst) {
  NetworkPair scenes;
  for (const auto& [box, to] : {std::pair(kLeft, 2), {kMiddle, 3}, {kRight, 3}}) {
    scenes.object(box, 1);
    scenes.baseline.push_back(NetworkPair::at(box));
    scenes.other.push_back(NetworkPair::at(box, 0.9, to));
  }
  EXPECT_THAT(changes(scenes).flips, ElementsAre(Flip{1, 3, 2}, Flip{1, 2, 1}));
}

TEST(DetectionChanges, ImagesAndClassesWithoutObjectsCount) {
  NetworkPair scenes;
  scenes.other = {NetworkPair::at(kLeft, 0.9, 3, 20), NetworkPair::at(kRight, 0.9, 3, 20)};
  const DetectionChanges found = changes(scenes);
  EXPECT_EQ(found.classes[2].counts, (ChangeCounts{.false_other = 2, .newly_false = 2}));
  EXPECT_EQ(found.per_100_images(found.total.false_other), 100);
  EXPECT_EQ(found.images[1].counts.newly_false, 2);
  EXPECT_EQ(found.mean_f1_other(), 0);
}

TEST(DetectionChanges, MeanF1IsOverClassesWithObjects) {
  NetworkPair scenes;
  scenes.object(kLeft, 1);
  scenes.object(kMiddle, 1);
  scenes.object(kRight, 2);
  scenes.baseline = {NetworkPair::at(kLeft), NetworkPair::at(kRight, 0.9, 2),
                     NetworkPair::at(kRight, 0.9, 3)};
  const DetectionChanges found = changes(scenes);
  EXPECT_EQ(found.mean_f1_baseline(), (2.0 / 3 + 1) / 2);
  EXPECT_EQ(found.classes[0].counts.f1_baseline(), 2.0 / 3);
}

TEST(DetectionChanges, TheWorstImagesHaveMostThatIsNewlyWrong) {
  NetworkPair scenes;
  scenes.truth.images.emplace_back().id = 30;
  scenes.truth.images.emplace_back().id = 5;
  for (const std::int64_t image : {10, 20}) scenes.object(kLeft, 1, false, image);
  scenes.baseline = {NetworkPair::at(kLeft, 0.9, 1, 20), NetworkPair::at(kRight, 0.9, 1, 5)};
  scenes.other = {NetworkPair::at(kRight, 0.9, 1, 10), NetworkPair::at(kRight, 0.9, 1, 30),
                  NetworkPair::at(kMiddle, 0.9, 1, 30)};
  const DetectionChanges found = changes(scenes);  // images 5, 10, 20, 30
  EXPECT_THAT(found.worst_images(10), ElementsAre(3U, 2U, 1U));
  EXPECT_THAT(found.worst_images(1), ElementsAre(3U));
}

TEST(DetectionChanges, UnknownCategoriesHaveNoInfluenceButAreCounted) {
  NetworkPair scenes;
  scenes.object(kLeft, 9);
  scenes.baseline = {NetworkPair::at(kLeft, 0.9, 9)};
  const DetectionChanges found = changes(scenes);
  EXPECT_EQ(found.total, ChangeCounts());
  EXPECT_EQ(found.unknown_category_baseline, 1);
  EXPECT_EQ(found.unknown_category_other, 0);
}

TEST(DetectionChanges, FailuresNameTheNetworkAndTheDetection) {
  NetworkPair scenes;
  scenes.other = {NetworkPair::at(kLeft), NetworkPair::at(kLeft, 0.1, 1, 11)};
  EXPECT_EQ(failure(scenes),
            "the other network: detection 1 is of image 11, which is not in the ground truth");
  scenes.baseline = {NetworkPair::at({0, 0, std::numeric_limits<double>::infinity(), 1})};
  EXPECT_THAT(failure(scenes), HasSubstr("the baseline: detection 0 of image 10 has a score or "));
  EXPECT_THAT(failure(scenes, {0.5, 0}), HasSubstr("the IoU is 0, expected"));
  EXPECT_THAT(failure(scenes, {0.5, 1.5}), HasSubstr("the IoU is 1.5, expected"));
  EXPECT_THAT(failure(scenes, {std::numeric_limits<double>::quiet_NaN(), 0.5}),
              HasSubstr("the confidence is nan, expected"));
}

TEST(DetectionChanges, BoxesWithoutAreaFindNothing) {
  NetworkPair scenes;
  scenes.object({5, 5, 0, 0});
  scenes.object({5, 5, 1e-200, 1e-200});
  scenes.baseline =
      scenes.other = {NetworkPair::at({5, 5, 0, 0}), NetworkPair::at({5, 5, 1e-200, 1e-200})};
  const DetectionChanges found = changes(scenes);
  EXPECT_EQ(found.total.missed_other, 2);
  EXPECT_EQ(found.total.newly_missed, 0);
  EXPECT_EQ(found.total.false_other, 2);
  EXPECT_EQ(found.total.newly_false, 0);  // but they are where they were
}

// Boxes on a coarse grid, so that duplicates, crowds and near misses abound.
struct RandomPair : NetworkPair {
  explicit RandomPair(unsigned seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
    const auto box = [&] {
      return BoxXywh{4.0 * below(8), 4.0 * below(8), 12.0 + 4 * below(3), 12.0 + 4 * below(3)};
    };
    for (int i = 0; i < 30; ++i) object(box(), 1 + below(2), below(8) == 0, 10 * (1 + below(2)));
    for (std::vector<Detection>* network : {&baseline, &other}) {
      for (int i = 0; i < 60; ++i)
        network->push_back(at(box(), 0.1 * below(10), 1 + below(3), 10 * (1 + below(2))));
    }
  }
};

void expect_consistent(const ChangeCounts& c) {
  EXPECT_EQ(c.missed_other, c.missed_baseline - c.newly_found + c.newly_missed);
  EXPECT_EQ(c.false_other, c.false_baseline - c.no_longer_false + c.newly_false);
  EXPECT_LE(c.flips, c.newly_missed);
  EXPECT_LE(c.flipped_back, c.newly_found);
  EXPECT_LE(c.missed_other, c.objects);
}

TEST(DetectionChanges, BalanceInEveryImageAndClass) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const DetectionChanges found = changes(RandomPair(seed), {0.3, 0.5});
    ChangeCounts images, classes;
    std::int64_t flips = 0;
    for (const ImageChanges& image : found.images) {
      expect_consistent(image.counts);
      images += image.counts;
    }
    for (const ClassChanges& one : found.classes) {
      expect_consistent(one.counts);
      classes += one.counts;
    }
    for (const Flip& flip : found.flips) {
      EXPECT_NE(flip.from, flip.to);
      flips += flip.count;
    }
    EXPECT_EQ(images, found.total);
    EXPECT_EQ(classes, found.total);
    EXPECT_EQ(flips, found.total.flips);
  }
}

TEST(DetectionChanges, SwappedNetworksSwapTheObjectsGainedAndLost) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    RandomPair scenes(seed);
    const ChangeCounts there = changes(scenes).total;
    std::swap(scenes.baseline, scenes.other);
    const ChangeCounts back = changes(scenes).total;
    EXPECT_EQ(there.newly_missed, back.newly_found);
    EXPECT_EQ(there.newly_found, back.newly_missed);
    EXPECT_EQ(there.flips, back.flipped_back);
    EXPECT_EQ(there.wrong_class_changed, back.wrong_class_changed);
    EXPECT_EQ(there.false_other, back.false_baseline);
  }
}

// COCO's recall at one IoU, all areas, is the share of objects found, where no image has more than
// 100 detections of a class.
TEST(DetectionChanges, FindAsManyObjectsAsTheCocoEvaluation) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    const RandomPair scenes(seed);
    const DetectionChanges found = changes(scenes, {0, 0.5});
    const auto coco = evaluate_coco(scenes.truth, scenes.other);
    ASSERT_TRUE(coco.ok());
    for (std::size_t k = 0; k < 2; ++k) {
      const ChangeCounts& counts = found.classes[k].counts;
      EXPECT_DOUBLE_EQ(coco->recall[coco->recall_cell(0, k, 0, 2)],
                       static_cast<double>(counts.objects - counts.missed_other) /
                           static_cast<double>(counts.objects));
    }
  }
}

}  // namespace
}  // namespace qyolo::metrics
