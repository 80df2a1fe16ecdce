#include "metrics/curves.h"

#include <gtest/gtest.h>

#include "metrics/coco_map.h"
#include "tests/metrics/random_scenes.h"
#include "tests/support/scenes.h"

namespace qyolo::metrics {
namespace {

using testing::RandomScenes;
using testing::Scenes;

template <class Data>
DetectionCurves curves_of(const Data& scenes) {
  auto matched = match_detections(scenes.truth, scenes.detections);
  EXPECT_TRUE(matched.ok()) << matched.error().message;
  return detection_curves(*matched);
}

// Two bolts; right, wrong, right at 0.9, 0.6, 0.3.
Scenes three_detections() {
  Scenes scenes;
  scenes.object(10, 1, {0, 0, 10, 10});
  scenes.object(20, 1, {0, 0, 10, 10});
  scenes.found(10, 1, {0, 0, 10, 10}, 0.9);
  scenes.found(10, 1, {50, 0, 10, 10}, 0.6);
  scenes.found(20, 1, {0, 0, 10, 10}, 0.3);
  return scenes;
}

TEST(Curves, OfThreeDetectionsByHand) {
  const DetectionCurves curves = curves_of(three_detections());
  ASSERT_EQ(curves.classes.size(), 3U);
  EXPECT_EQ(curves.classes[0].objects, 2);
  EXPECT_FALSE(curves.classes[1].curves) << "no objects";
  const Curves& bolt = *curves.classes[0].curves;
  EXPECT_EQ(bolt.precision_at_recall[0], 1 / (1 + 0x1p-52));
  EXPECT_EQ(bolt.precision_at_recall[50], 1 / (1 + 0x1p-52));
  EXPECT_EQ(bolt.precision_at_recall[51], 2 / (3 + 0x1p-52));
  EXPECT_EQ(bolt.precision_at_recall[100], 2 / (3 + 0x1p-52));
  EXPECT_NEAR(bolt.ap50, (51 + 50 * 2.0 / 3) / 101, 1e-14);
  const auto at = [&](std::size_t i) {
    return std::tuple(bolt.precision[i], bolt.recall[i], bolt.f1[i]);
  };
  EXPECT_EQ(at(0), std::tuple(2.0 / 3, 1.0, 0.8));
  EXPECT_EQ(at(30), std::tuple(2.0 / 3, 1.0, 0.8)) << "a score of the threshold counts";
  EXPECT_EQ(at(31), std::tuple(0.5, 0.5, 0.5));
  EXPECT_EQ(at(60), std::tuple(0.5, 0.5, 0.5));
  EXPECT_EQ(at(61), std::tuple(1.0, 0.5, 2.0 / 3));
  EXPECT_EQ(at(91), std::tuple(-1.0, 0.0, 0.0)) << "nothing detected: no precision";
}

TEST(Curves, BestF1IsOverAllScoresAndTheHighestConfidenceOfEqualOnes) {
  Scenes scenes = three_detections();
  scenes.detections[2].score = 0.3333;
  DetectionCurves curves = curves_of(scenes);
  ASSERT_TRUE(curves.classes[0].curves->best_f1);
  const CurvePoint best = *curves.classes[0].curves->best_f1;
  EXPECT_EQ(best.confidence, 0.3333);
  EXPECT_EQ(best.f1, 0.8);
  EXPECT_EQ(best.precision, 2.0 / 3);
  EXPECT_EQ(best.recall, 1);
  scenes.object(20, 1, {50, 0, 10, 10});  // three objects: 2/4 at 0.9, 4/6 at 0.3333
  scenes.found(10, 1, {80, 0, 10, 10}, 0.8);
  scenes.found(10, 1, {80, 80, 10, 10}, 0.3333);
  curves = curves_of(scenes);  // 2/4 at 0.9; 4/8 at 0.3333: equal
  EXPECT_EQ(curves.classes[0].curves->best_f1->confidence, 0.9);
  scenes.detections = {{10, 1, {50, 50, 5, 5}, 0.4}};
  EXPECT_FALSE(curves_of(scenes).classes[0].curves->best_f1) << "nothing right";
}

TEST(Curves, TheMeanIsOverClassesWithObjectsAtOneConfidence) {
  Scenes scenes = three_detections();
  scenes.object(10, 2, {0, 0, 30, 30});
  scenes.found(10, 2, {0, 0, 30, 30}, 0.7);
  scenes.found(10, 3, {0, 0, 30, 30}, 0.7);
  const DetectionCurves curves = curves_of(scenes);
  ASSERT_TRUE(curves.mean);
  EXPECT_DOUBLE_EQ(curves.mean->f1[65], (2.0 / 3 + 1) / 2);
  EXPECT_DOUBLE_EQ(curves.mean->recall[80], 0.25);
  EXPECT_DOUBLE_EQ(curves.mean->precision[80], 1) << "of the one class that has detections";
  EXPECT_EQ(curves.mean->precision[95], -1);
  ASSERT_TRUE(curves.mean->best_f1);
  EXPECT_EQ(curves.mean->best_f1->confidence, 0.3);
  EXPECT_DOUBLE_EQ(curves.mean->best_f1->f1, 0.9);
  EXPECT_FALSE(curves_of(Scenes()).mean);
}

TEST(Curves, AreTheEvaluationsPrecisionAndAp50InEveryBit) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    const RandomScenes scenes(seed);
    const auto evaluation = evaluate_coco(scenes.truth, scenes.detections);
    ASSERT_TRUE(evaluation.ok());
    const DetectionCurves curves = curves_of(scenes);
    for (std::size_t k = 0; k < curves.classes.size(); ++k) {
      const auto& one = curves.classes[k].curves;
      ASSERT_EQ(one.has_value(), evaluation->precision[evaluation->cell(0, 0, k, 0, 2)] >= 0);
      if (!one) continue;
      for (std::size_t r = 0; r < kCurvePoints; ++r) {
        EXPECT_EQ(one->precision_at_recall[r],
                  evaluation->precision[evaluation->cell(0, r, k, 0, 2)])
            << "seed " << seed << ", class " << k << ", recall " << r;
      }
      EXPECT_EQ(one->recall[0], evaluation->recall[evaluation->recall_cell(0, k, 0, 2)]);
      for (const double f1 : one->f1) EXPECT_LE(f1, one->best_f1 ? one->best_f1->f1 : 0);
    }
    EXPECT_NEAR(curves.mean->ap50, evaluation->stats()[1], 1e-12);
    for (const double f1 : curves.mean->f1) EXPECT_LE(f1, curves.mean->best_f1->f1 + 1e-9);
  }
}

}  // namespace
}  // namespace qyolo::metrics
