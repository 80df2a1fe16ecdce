#include "harness/detections/score_params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace qyolo::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ScoreParams, AreReadAsTheyAreWritten) {
  const auto thresholds = parse_iou_thresholds("0.5,0.75");
  ASSERT_TRUE(thresholds.ok()) << thresholds.error().message;
  EXPECT_THAT(*thresholds, ElementsAre(0.5, 0.75));
  const auto maxima = parse_max_detections("1,10,100");
  ASSERT_TRUE(maxima.ok()) << maxima.error().message;
  EXPECT_THAT(*maxima, ElementsAre(1, 10, 100));
  const auto areas = parse_area_ranges("all:0:inf,tiny:0:256");
  ASSERT_TRUE(areas.ok()) << areas.error().message;
  ASSERT_EQ(areas->size(), 2U);
  EXPECT_EQ((*areas)[0].name, "all");
  EXPECT_TRUE(std::isinf((*areas)[0].high));
  EXPECT_EQ((*areas)[1].high, 256);
}

TEST(ScoreParams, ComplainWithTheirOption) {
  for (const char* text : {"", "0.5,", "1.5", "x", "nan"})
    EXPECT_THAT(parse_iou_thresholds(text).error().message, HasSubstr("--iou-thresholds")) << text;
  for (const char* text : {"", "0", "1.5", "-1", "many"})
    EXPECT_THAT(parse_max_detections(text).error().message, HasSubstr("--max-dets")) << text;
  for (const char* text : {"", "all", "all:0", "all:x:1"})
    EXPECT_THAT(parse_area_ranges(text).error().message, HasSubstr("--areas")) << text;
}

}  // namespace
}  // namespace qyolo::harness
