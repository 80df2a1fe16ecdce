#include "metrics/confidence_shift.h"

#include <gtest/gtest.h>

#include "tests/support/scenes.h"

namespace qyolo::metrics {
namespace {

using testing::Scenes;

TEST(ConfidenceShift, PairsTheScoresOfTheSameObjects) {
  Scenes scenes;
  for (const double x : {0, 20, 40, 60}) scenes.object(10, 1, {x, 0, 10, 10});
  scenes.object(20, 2, {0, 0, 10, 10});
  scenes.object(20, 2, {0, 0, 90, 90}, true);
  Scenes network = scenes;
  scenes.found(10, 1, {0, 0, 10, 10}, 0.9);
  scenes.found(10, 1, {20, 0, 10, 10}, 0.8);
  scenes.found(10, 1, {40, 0, 10, 10}, 0.7);
  scenes.found(20, 2, {0, 0, 10, 10}, 0.5);
  network.found(20, 2, {1, 0, 10, 10}, 0.75);  // another box, the same object
  network.found(10, 1, {20, 0, 10, 10}, 0.7);
  network.found(10, 1, {0, 0, 10, 10}, 0.5);
  network.found(10, 1, {60, 0, 10, 10}, 0.4);
  network.found(10, 3, {40, 0, 10, 10}, 0.9);  // the wrong class does not find it
  const auto a = assign_detections(scenes.truth, scenes.detections);
  const auto b = assign_detections(network.truth, network.detections);
  const ConfidenceShift shift = confidence_shift(scenes.detections, *a, network.detections, *b);
  ASSERT_EQ(shift.pairs.size(), 3U);
  EXPECT_EQ(shift.pairs[0].object, 0U);
  EXPECT_EQ(shift.pairs[0].baseline, 0.9);
  EXPECT_EQ(shift.pairs[0].network, 0.5);
  EXPECT_EQ(shift.pairs[2].object, 4U);
  EXPECT_EQ(shift.all.both, 3);
  EXPECT_EQ(shift.all.baseline_only, 1);
  EXPECT_EQ(shift.all.network_only, 1);
  EXPECT_EQ(shift.all.neither, 0);
  ASSERT_TRUE(shift.all.shift);
  EXPECT_NEAR(shift.all.shift->mean, (-0.4 - 0.1 + 0.25) / 3, 1e-15);
  EXPECT_NEAR(shift.all.shift->quantiles[2], -0.1, 1e-15);
  EXPECT_NEAR(shift.all.shift->quantiles[0], -0.4 + 0.1 * 0.3, 1e-15) << "interpolated";
  EXPECT_NEAR(shift.classes[0].shift->mean, -0.25, 1e-15);
  EXPECT_NEAR(shift.classes[0].shift->stddev, 0.3 / std::sqrt(2), 1e-15);
  EXPECT_EQ(shift.classes[1].both, 1);
  EXPECT_EQ(shift.classes[1].shift->stddev, 0);
  EXPECT_FALSE(shift.classes[2].shift);
}

TEST(ConfidenceShift, OfANetworkAgainstItselfIsZero) {
  Scenes scenes;
  scenes.object(10, 1, {0, 0, 10, 10});
  scenes.object(10, 1, {50, 0, 10, 10});
  scenes.found(10, 1, {0, 0, 10, 10}, 0.9);
  const auto a = assign_detections(scenes.truth, scenes.detections);
  const ConfidenceShift shift = confidence_shift(scenes.detections, *a, scenes.detections, *a);
  EXPECT_EQ(shift.all.both, 1);
  EXPECT_EQ(shift.all.neither, 1);
  EXPECT_EQ(shift.all.shift->mean, 0);
}

}  // namespace
}  // namespace qyolo::metrics
