#include "metrics/box_iou.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace qyolo::metrics {
namespace {

double overlap(const BoxXywh& box, const BoxXywh& other, bool crowd = false) {
  BoxEdges edges;
  edges.add(other, crowd);
  std::array<double, 1> result{};
  edges.overlaps(box, 0, result);
  return result[0];
}

TEST(BoxIou, IsIntersectionOverUnion) {
  EXPECT_EQ(overlap({0, 0, 10, 10}, {5, 0, 10, 10}), 50.0 / 150.0);
  EXPECT_EQ(overlap({0, 0, 10, 10}, {0, 0, 10, 10}), 1.0);
  EXPECT_EQ(overlap({0, 0, 10, 10}, {2, 2, 5, 4}), 20.0 / 100.0);
  EXPECT_EQ(overlap({0, 0, 10, 10}, {20, 0, 10, 10}), 0.0);
}

TEST(BoxIou, EdgeContactIsNoOverlap) {
  EXPECT_EQ(overlap({0, 0, 10, 10}, {10, 0, 10, 10}), 0.0);
  EXPECT_EQ(overlap({0, 0, 10, 10}, {0, 10, 10, 10}), 0.0);
  EXPECT_EQ(overlap({0, 0, 10, 10}, {10, 10, 10, 10}), 0.0);
}

TEST(BoxIou, EmptyBoxesDoNotOverlap) {
  EXPECT_EQ(overlap({5, 5, 0, 4}, {0, 0, 10, 10}), 0.0);
  EXPECT_EQ(overlap({5, 5, 0, 0}, {5, 5, 0, 0}), 0.0);
}

TEST(BoxIou, CrowdIsRelativeToTheOtherBoxAlone) {
  EXPECT_EQ(overlap({2, 2, 5, 4}, {0, 0, 100, 100}, true), 1.0);
  EXPECT_EQ(overlap({-5, 0, 10, 10}, {0, 0, 100, 100}, true), 0.5);
}

// For these boxes every way of contracting the union into fused multiply-adds gives other bits.
TEST(BoxIou, IsNotContracted) {
  EXPECT_EQ(overlap({15.979, 19.157, 60.618, 84.319}, {20.0, 44.0, 73.1, 30.66}),
            0x1.3c5502a1faa94p-2);
  EXPECT_EQ(overlap({36.552, 16.806, 29.99, 37.851}, {17.47, 13.96, 52.74, 30.43}),
            0x1.badc67515ba16p-2);
  EXPECT_EQ(overlap({17.329, 5.969, 43.05, 35.769}, {15.21, 33.41, 67.5, 33.41}),
            0x1.ab52abd2e8713p-4);
}

TEST(BoxIou, AreasThatUnderflowGiveNaNAsTheReferenceDoes) {
  EXPECT_TRUE(std::isnan(overlap({0, 0, 1e-200, 1e-200}, {0, 0, 1e-200, 1e-200})));
}

TEST(BoxIou, ComparesOneBoxWithSeveral) {
  BoxEdges edges;
  edges.add({100, 100, 1, 1}, false);
  for (int i = 0; i < 5; ++i) edges.add({static_cast<double>(i), 0, 10, 10}, i == 3);
  std::array<double, 4> result{};
  edges.overlaps({0, 0, 10, 10}, 2, result);
  EXPECT_EQ(result[0], 90.0 / 110.0);
  EXPECT_EQ(result[1], 80.0 / 120.0);
  EXPECT_EQ(result[2], 70.0 / 100.0);
  EXPECT_EQ(result[3], 60.0 / 140.0);
}

}  // namespace
}  // namespace qyolo::metrics
