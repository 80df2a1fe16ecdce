#include "metrics/confusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "metrics/curves.h"
#include "tests/metrics/random_scenes.h"
#include "tests/support/scenes.h"

namespace qyolo::metrics {
namespace {

using ::testing::ElementsAre;
using testing::RandomScenes;
using testing::Scenes;

template <class Data>
ConfusionMatrix matrix_of(const Data& scenes, double confidence) {
  const auto assignment = assign_detections(scenes.truth, scenes.detections);
  EXPECT_TRUE(assignment.ok());
  return confusion_matrix(scenes.truth, scenes.detections, *assignment, confidence);
}

TEST(ConfusionMatrix, PutsEachObjectInItsRowAndEachDetectionInItsColumn) {
  Scenes scenes;
  scenes.object(10, 1, {0, 0, 10, 10});   // found
  scenes.object(10, 1, {20, 0, 10, 10});  // taken for a nut
  scenes.object(10, 1, {40, 0, 10, 10});  // missed
  scenes.object(20, 3, {0, 0, 10, 10});   // found only with less confidence
  scenes.object(20, 2, {0, 50, 50, 50}, true);
  scenes.found(10, 1, {0, 0, 10, 10}, 0.9);
  scenes.found(10, 2, {20, 0, 10, 10}, 0.8);
  scenes.found(10, 3, {20, 0, 10, 10}, 0.7);  // the object has gone to the nut
  scenes.found(20, 3, {0, 0, 10, 10}, 0.2);
  scenes.found(20, 2, {10, 60, 5, 5}, 0.9);  // absorbed
  const ConfusionMatrix matrix = matrix_of(scenes, 0.5);
  EXPECT_THAT(matrix.category_ids, ElementsAre(1, 2, 3));
  EXPECT_THAT(matrix.counts, ElementsAre(1, 1, 0, 1,  //
                                         0, 0, 0, 0,  //
                                         0, 0, 0, 1,  //
                                         0, 0, 1, 0));
}

TEST(ConfusionMatrix, PrefersTheRightClassToTheLargerOverlap) {
  Scenes scenes;
  scenes.object(10, 1, {0, 0, 10, 10});
  scenes.object(10, 2, {1, 0, 10, 10});
  scenes.found(10, 2, {0, 0, 10, 10}, 0.9);
  scenes.found(10, 1, {1, 0, 10, 10}, 0.8);
  EXPECT_THAT(matrix_of(scenes, 0.5).counts, ElementsAre(1, 0, 0, 0,  //
                                                         0, 1, 0, 0,  //
                                                         0, 0, 0, 0,  //
                                                         0, 0, 0, 0));
}

TEST(ConfusionMatrix, RowsAddUpToObjectsAndColumnsToDetectionsAndTheDiagonalIsTheCurves) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const RandomScenes scenes(seed);
    const auto assignment = assign_detections(scenes.truth, scenes.detections);
    const auto matched = match_detections(scenes.truth, scenes.detections);
    const DetectionCurves curves = detection_curves(*matched);
    for (const std::size_t point : {0U, 30U, 62U}) {
      const double confidence = static_cast<double>(point) / 100;
      const ConfusionMatrix matrix = matrix_of(scenes, confidence);
      const std::size_t last = matrix.background();
      EXPECT_EQ(matrix.at(last, last), 0);
      for (std::size_t k = 0; k < last; ++k) {
        std::int64_t row = 0, column = 0, detections = 0;
        for (std::size_t j = 0; j <= last; ++j) {
          row += matrix.at(k, j);
          column += matrix.at(j, k);
        }
        for (const std::uint32_t i : assignment->ranked[k])
          detections += scenes.detections[i].score >= confidence ? 1 : 0;
        EXPECT_EQ(row, assignment->objects[k]);
        EXPECT_EQ(column, detections);
        if (!curves.classes[k].curves) continue;
        EXPECT_EQ(static_cast<double>(matrix.at(k, k)) / static_cast<double>(row),
                  curves.classes[k].curves->recall[point]);
      }
    }
  }
}

TEST(ConfusionMatrix, WorstConfusionsAreSortedAndCut) {
  const ConfusionMatrix matrix{0.5,
                               0.5,
                               {1, 2, 3},
                               {9, 2, 0, 7,  //
                                4, 9, 2, 7,  //
                                0, 0, 9, 7,  //
                                8, 8, 8, 0}};
  const auto worst = worst_confusions(matrix, 2);
  ASSERT_EQ(worst.size(), 2U);
  EXPECT_EQ(worst[0].object, 1U);
  EXPECT_EQ(worst[0].detected, 0U);
  EXPECT_EQ(worst[0].count, 4);
  EXPECT_EQ(worst[1].object, 0U);
  EXPECT_EQ(worst[1].detected, 1U);
  EXPECT_EQ(worst_confusions(matrix, 10).size(), 3U);
}

}  // namespace
}  // namespace qyolo::metrics
