#include "harness/poc/poc_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/poc/roadmap.h"

namespace qyolo::harness {
namespace {

using report::Standing;
using ::testing::HasSubstr;

TEST(ClassTolerances, NameAClassOrAllOthers) {
  EXPECT_EQ(parse_class_tolerance("nut=2pt")->name, "nut");
  EXPECT_EQ(parse_class_tolerance("a=b=2%")->name, "a=b");
  EXPECT_TRUE(parse_class_tolerance("a=b=2%")->amount.percent);
  EXPECT_EQ(parse_class_tolerance("3pt")->name, "");
  EXPECT_FALSE(parse_class_tolerance("=1").ok());
  EXPECT_FALSE(parse_class_tolerance("nut=").ok());
}

TEST(Standings, FollowTheWholeInterval) {
  EXPECT_EQ(standing_of(std::nullopt, 0.01), Standing::kUnknown);
  EXPECT_EQ(standing_of(report::Difference{-0.005, -0.01, 0}, 0.01), Standing::kWithin);
  EXPECT_EQ(standing_of(report::Difference{-0.005, -0.011, 0}, 0.01), Standing::kUndecided);
  EXPECT_EQ(standing_of(report::Difference{-0.02, -0.03, -0.011}, 0.01), Standing::kBeyond);
  EXPECT_EQ(standing_of(report::Difference{0, 0, 0}, 0), Standing::kWithin);
}

TEST(ImagesToDecide, AreAsManyAsNarrowTheIntervalToTheDistance) {
  // Half of the width is to go: four times the images, so three times as many more.
  EXPECT_EQ(images_to_decide({-0.005, -0.015, 0.005}, 0.01, 100), 300);
  EXPECT_EQ(images_to_decide({-0.015, -0.025, -0.005}, 0.01, 100), 300);
  EXPECT_FALSE(images_to_decide({-0.001, -0.002, 0}, 0.01, 100));      // decided
  EXPECT_FALSE(images_to_decide({-0.0099, -0.02, 0.001}, 0.01, 100));  // too close for ever
}

results::AccuracyRecord record(double nut_low, double nut_high) {
  results::AccuracyRecord record;
  record.metrics[0] = 0.6;
  record.per_class = {{1, "nut", 0.5, std::nullopt}, {2, "bolt", std::nullopt, std::nullopt}};
  record.uncertainty.emplace().category_ids = {1, 2};
  record.uncertainty->difference.classes = {
      {1, 9, 5, metrics::Difference{-0.02, nut_low, nut_high, 0}}, {2, 0, 0, std::nullopt}};
  return record;
}

TEST(ClassLosses, AreJudgedByTheirOwnToleranceWhereThereIsOne) {
  PocOptions options;
  auto losses = class_losses(record(0, 0), record(-0.03, -0.01), options, 0.005);
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_FALSE(losses[0].binding);
  EXPECT_EQ(losses[0].standing, Standing::kBeyond);
  EXPECT_EQ(losses[0].objects, 9);
  EXPECT_EQ(losses[1].standing, Standing::kUnknown);
  EXPECT_FALSE(losses[1].ap);

  options.class_tolerances = {*parse_class_tolerance("1pt"), *parse_class_tolerance("nut=8%")};
  losses = class_losses(record(0, 0), record(-0.03, -0.01), options, 0.005);
  EXPECT_TRUE(losses[0].binding && losses[1].binding);
  EXPECT_DOUBLE_EQ(losses[0].tolerance, 0.04);  // 8 % of the class's 0.5
  EXPECT_EQ(losses[0].standing, Standing::kWithin);
  EXPECT_DOUBLE_EQ(losses[1].tolerance, 0.01);
}

TEST(Candidates, HaveTheirRulesApartFromTheirName) {
  results::Row row;
  row.status = "ok";
  const auto split = [&](const std::string& label) {
    row.label = label;
    const report::Candidate one = candidate_of(row, report::Stage::kAffine);
    return one.name + "|" + one.details;
  };
  EXPECT_EQ(split("FP32"), "FP32|");
  EXPECT_EQ(split("affine 4-bit filter"), "affine 4-bit filter|");
  EXPECT_EQ(split("affine 4-bit filter range=mse"), "affine 4-bit filter|range=mse");
  EXPECT_EQ(split("pwlq 4-bit filter [head -> bits=8] breakpoint=search"),
            "pwlq 4-bit filter|[head -> bits=8] breakpoint=search");
}

TEST(Roadmap, AscendsInItsStagesAndEveryCellIsValid) {
  const auto cells = roadmap_cells();
  ASSERT_TRUE(cells.ok()) << cells.error().message;
  for (std::size_t i = 1; i < cells->size(); ++i)
    EXPECT_LE((*cells)[i - 1].stage, (*cells)[i].stage);
  EXPECT_EQ(cells->front().stage, report::Stage::kAffine);
}

}  // namespace
}  // namespace qyolo::harness
