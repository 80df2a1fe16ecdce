#include "plots/labels.h"

#include <gtest/gtest.h>

namespace qyolo::plots {
namespace {

constexpr Box kBounds = {0, 0, 200, 200};

LabelRequest request(Point at, std::string text, double reach = 6) {
  return {at, 5, std::move(text), {10}, reach, {1, 0}};
}

TEST(LabelPlacer, PutsALoneLabelWhereItIsPreferred) {
  LabelPlacer placer(kBounds);
  placer.add_mark({100, 100}, 5);
  const auto placed = placer.place(request({100, 100}, "abc"));
  ASSERT_TRUE(placed);
  EXPECT_GT(placed->box.left, 105);
  EXPECT_NEAR(placed->box.centre().y, 100, 1e-9);
  EXPECT_FALSE(placed->leader);
}

TEST(LabelPlacer, StaysWithinTheBounds) {
  LabelPlacer placer(kBounds);
  placer.add_mark({196, 100}, 4);
  const auto placed = placer.place(request({196, 100}, "abcdef"));
  ASSERT_TRUE(placed);
  EXPECT_TRUE(kBounds.contains(placed->box));
}

TEST(LabelPlacer, LabelsOfCrowdedMarksNeverOverlap) {
  LabelPlacer placer(kBounds);
  std::vector<LabelRequest> requests;
  for (int i = 0; i < 30; ++i) {
    const Point at = {60.0 + 8 * (i % 6), 60.0 + 9 * (i / 6)};
    placer.add_mark(at, 5);
    requests.push_back(request(at, "label", 80));
  }
  const auto placed = placer.place_all(requests);
  int count = 0;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (!placed[i]) continue;
    ++count;
    for (std::size_t j = 0; j < placed.size(); ++j) {
      if (!placed[j]) continue;
      if (i != j) {
        EXPECT_FALSE(placed[i]->box.overlaps(placed[j]->box)) << i << ' ' << j;
      }
      if (const auto& leader = placed[j]->leader) {
        EXPECT_FALSE(crosses(leader->first, leader->second, placed[i]->box)) << i << ' ' << j;
      }
    }
    for (const LabelRequest& other : requests) {
      const Box mark = Box{other.mark.x, other.mark.y, other.mark.x, other.mark.y}.grown(5);
      EXPECT_FALSE(placed[i]->box.overlaps(mark));
    }
  }
  EXPECT_GE(count, 15);
}

TEST(LabelPlacer, WhatFindsNoRoomIsNotPlaced) {
  LabelPlacer placer({0, 0, 30, 30});
  placer.add_mark({15, 15}, 5);
  EXPECT_FALSE(placer.place(request({15, 15}, "much too long a label", 100)));
}

TEST(LabelPlacer, AShortLabelNeverSitsNearerToAnotherMark) {
  LabelPlacer placer(kBounds);
  placer.add_mark({100, 100}, 5);
  placer.add_mark({116, 100}, 5);
  const auto placed = placer.place(request({100, 100}, "8"));
  ASSERT_TRUE(placed);
  EXPECT_LT(placed->box.centre().x, 108);
}

TEST(LabelPlacer, PrefersToKeepOffLines) {
  LabelPlacer placer(kBounds);
  placer.add_mark({100, 100}, 5);
  placer.avoid({100, 100}, {200, 100});
  const auto placed = placer.place(request({100, 100}, "abc"));
  ASSERT_TRUE(placed);
  EXPECT_FALSE(crosses({100, 100}, {200, 100}, placed->box));
}

TEST(LabelPlacer, AClaimIsTakenOnce) {
  LabelPlacer placer(kBounds);
  EXPECT_TRUE(placer.claim({10, 10, 50, 20}));
  EXPECT_FALSE(placer.claim({45, 15, 80, 25}));
  EXPECT_FALSE(placer.claim({190, 10, 210, 20}));
}

TEST(Crosses, NeedsAPointInside) {
  const Box box = {10, 10, 20, 20};
  EXPECT_TRUE(crosses({0, 15}, {30, 15}, box));
  EXPECT_TRUE(crosses({12, 12}, {13, 13}, box));
  EXPECT_FALSE(crosses({0, 5}, {30, 5}, box));
  EXPECT_FALSE(crosses({0, 10}, {30, 10}, box)) << "along the edge";
  EXPECT_FALSE(crosses({0, 15}, {9, 15}, box)) << "ends before";
  EXPECT_TRUE(crosses({5, 12}, {12, 5}, Box{0, 0, 20, 20}));
  EXPECT_FALSE(crosses({0, 0}, {0, 30}, box));
}

}  // namespace
}  // namespace qyolo::plots
