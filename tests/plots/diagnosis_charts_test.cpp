#include "plots/diagnosis_charts.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/plots/chart_checks.h"

namespace qyolo::plots {
namespace {

using testing::contains_text;
using testing::count_of;
using testing::expect_sound;
using testing::group;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::rectangles_of;
using testing::SvgRectangle;

const std::string kHostile = "<script>&\"\x01" + std::string(400, 'W');

DetectionCurve curve(std::string name, double ap50) {
  DetectionCurve one;
  one.name = std::move(name);
  one.precision_at_recall = {1, 0.8, 0.5, 0.2, 0};
  one.precision = {0.2, 0.5, 0.8, 1, -1};
  one.recall = {1, 0.8, 0.5, 0.2, 0};
  one.f1 = {0.3, 0.6, 0.61, 0.3, 0};
  one.ap50 = ap50;
  one.best_f1 = DetectionCurve::Best{0.5, 0.61};
  return one;
}

DetectionCurveSet curves(int classes) {
  DetectionCurveSet set;
  set.subtitle = "detections.json, 240 images";
  for (int k = 0; k < classes; ++k)
    set.classes.push_back(curve(fmt::format("class {}", k), 0.9 - 0.01 * k));
  set.mean = curve("mean", 0.75);
  return set;
}

TEST(PrecisionRecallChart, HasALinePerClassTheMeanAndTheBaseline) {
  DetectionCurveSet set = curves(8);
  std::string svg = precision_recall_chart(set);
  expect_sound(svg);
  EXPECT_EQ(count_of(group(svg, "curves"), "<polyline"), 9U);
  EXPECT_TRUE(contains_text(svg, "mean: 75.0"));
  EXPECT_TRUE(contains_text(svg, "class 7: 83.0"));
  EXPECT_THAT(svg, HasSubstr("Mean AP50 75.0 percent over 8 classes"));
  set.baseline = curve("baseline", 0.8);
  svg = precision_recall_chart(set);
  expect_sound(svg);
  EXPECT_EQ(count_of(group(svg, "curves"), "<polyline"), 10U);
  EXPECT_TRUE(contains_text(svg, "baseline: 80.0"));
}

TEST(PrecisionRecallChart, OfManyClassesNamesTheWorst) {
  const std::string svg = precision_recall_chart(curves(80));
  expect_sound(svg);
  EXPECT_TRUE(contains_text(svg, "Lowest AP50"));
  EXPECT_TRUE(contains_text(svg, "class 79: 11.0"));
  EXPECT_TRUE(contains_text(svg, "class 74: 16.0"));
  EXPECT_FALSE(contains_text(svg, "class 73: 17.0"));
  EXPECT_TRUE(contains_text(svg, "74 other classes"));
}

TEST(ConfidenceChart, LeavesPrecisionOpenWhereNothingIsDetectedAndMarksTheBestF1) {
  const std::string svg = confidence_chart(curves(1));
  expect_sound(svg);
  const std::string precision = group(svg, "curves");
  EXPECT_EQ(count_of(precision, ","), 8U) << "two lines of four points";
  EXPECT_EQ(count_of(svg, "class=\"mark\""), 1U);
  EXPECT_THAT(svg, HasSubstr("best mean F1 61.0 at 0.500"));
  EXPECT_TRUE(contains_text(svg, "class 0: 61.0 at 0.500"));
}

TEST(ConfidenceChart, IsSoundWithoutAnythingRightAndForHostileNames) {
  DetectionCurveSet set = curves(80);
  for (DetectionCurve& one : set.classes) {
    one.name = kHostile;
    one.best_f1.reset();
    one.precision.assign(5, -1);
  }
  set.mean.best_f1.reset();
  set.subtitle = kHostile;
  const std::string svg = confidence_chart(set);
  expect_sound(svg);
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_EQ(count_of(svg, "class=\"mark\""), 0U);
  set.classes.resize(12);
  expect_sound(confidence_chart(set));
  expect_sound(precision_recall_chart(set));
}

TEST(ConfusionChart, ShowsCountsAndNamesWhatTheyMean) {
  const ConfusionCounts counts = {"d.json",
                                  {"bolt", "nut", "gear"},
                                  {6, 2, 0, 2,  //
                                   0, 5, 0, 0,  //
                                   0, 0, 0, 0,  //
                                   3, 0, 0, 0}};
  const std::string svg = confusion_chart(counts);
  expect_sound(svg);
  const auto cells = rectangles_of(group(svg, "cells"));
  ASSERT_EQ(cells.size(), 5U);
  EXPECT_EQ(cells[0].tooltip, "bolt found: 6 (60.0 %)");
  EXPECT_EQ(cells[1].tooltip, "bolt taken for nut: 2 (20.0 %)");
  EXPECT_EQ(cells[2].tooltip, "bolt missed: 2 (20.0 %)");
  EXPECT_EQ(cells[3].tooltip, "nut found: 5 (100.0 %)");
  EXPECT_EQ(cells[4].tooltip, "background taken for bolt: 3 (33.3 %)");
  EXPECT_EQ(cells[1].fill, cells[2].fill);
  EXPECT_NE(cells[0].fill, cells[3].fill);
  EXPECT_FALSE(contains_text(svg, "gear")) << "without objects and detections";
  EXPECT_THAT(testing::words_of(svg), HasSubstr("1 classes without either left out."));
  EXPECT_THAT(svg, HasSubstr("11 objects found, 2 taken for another class, 2 missed, 3 detections "
                             "of background."));
}

TEST(ConfusionChart, OfManyClassesListsTheMostFrequentConfusions) {
  ConfusionCounts counts;
  constexpr std::size_t kClasses = 80;
  for (std::size_t k = 0; k < kClasses; ++k) counts.names.push_back(fmt::format("class {}", k));
  counts.counts.assign((kClasses + 1) * (kClasses + 1), 0);
  for (std::size_t k = 0; k < kClasses; ++k) {
    counts.counts[k * (kClasses + 1) + k] = 100;
    counts.counts[k * (kClasses + 1) + (k * 7 + 1) % kClasses] += static_cast<std::int64_t>(k);
  }
  const std::string svg = confusion_chart(counts);
  expect_sound(svg);
  EXPECT_TRUE(contains_text(svg, "79× class 79 taken for class 74"));
  EXPECT_TRUE(contains_text(svg, "class 79 80"));
  EXPECT_TRUE(contains_text(svg, "80"));
  for (std::string& name : counts.names) name = kHostile;
  expect_sound(confusion_chart(counts));
}

TEST(ConfusionChart, IsSoundForOneClassWithoutAnything) {
  expect_sound(confusion_chart({"", {"bolt"}, {0, 0, 0, 0}}));
  expect_sound(confusion_chart({kHostile, {kHostile}, {0, 0, 1000000000, 0}}));
}

ErrorBars bars(bool baseline) {
  ErrorBars errors;
  errors.subtitle = "d.json";
  for (const char* name : {"classification", "localization", "missed"}) {
    errors.types.push_back({name, {12, 0.04}, std::nullopt});
    if (baseline) errors.types.back().baseline = ErrorBars::Amount{6, 0.02};
  }
  errors.types[2].network = {0, 0};
  errors.sums = {{"false positives", {30, 0.1}, std::nullopt}};
  return errors;
}

TEST(ErrorChart, BarsAreInProportionToTheGains) {
  std::string svg = error_chart(bars(false));
  expect_sound(svg);
  auto drawn = rectangles_of(group(svg, "bars"));
  ASSERT_EQ(drawn.size(), 4U);
  EXPECT_EQ(drawn[0].tooltip, "classification: 4.00 (12 errors)");
  EXPECT_NEAR(drawn[3].box.width() / drawn[0].box.width(), 2.5, 0.01);
  svg = error_chart(bars(true));
  expect_sound(svg);
  drawn = rectangles_of(group(svg, "bars"));
  ASSERT_EQ(drawn.size(), 7U);
  EXPECT_EQ(drawn[1].tooltip, "classification, baseline: 2.00 (6 errors)");
  EXPECT_NEAR(drawn[0].box.width() / drawn[1].box.width(), 2, 0.01);
}

TEST(ErrorChart, IsSoundForExtremes) {
  ErrorBars none = bars(true);
  for (auto* part : {&none.types, &none.sums}) {
    for (auto& bar : *part) {
      bar.network = {};
      bar.baseline = ErrorBars::Amount{};
    }
  }
  expect_sound(error_chart(none));
  ErrorBars large = bars(true);
  large.subtitle = large.types[0].name = kHostile;
  large.types[0].network = {2000000000, 1};
  large.types[1].network = {2000000000, -0.2};
  expect_sound(error_chart(large));
}

ScoreShifts shifts(int classes) {
  ScoreShifts data;
  data.subtitle = "d.json, against b.json";
  data.pairs = {{0.9, 0.8}, {0.9, 0.81}, {0.2, 0.3}};
  data.all = {"all classes", 3, -0.03, {-0.1, -0.1, -0.09, 0, 0.1}};
  for (int k = 0; k < classes; ++k) {
    const double at = 0.01 * k;
    data.classes.push_back({fmt::format("class {}", k), 5, at, {at - 0.1, at, at, at, at + 0.1}});
  }
  return data;
}

TEST(ConfidenceShiftChart, CountsPairsAndShowsTheRangeOfEachClass) {
  const std::string svg = confidence_shift_chart(shifts(3));
  expect_sound(svg, 3.5);
  const auto bins = rectangles_of(group(svg, "density"));
  ASSERT_EQ(bins.size(), 2U);
  EXPECT_EQ(bins[1].tooltip, "baseline 0.9 to 0.925, network 0.8 to 0.825: 2");
  EXPECT_GT(bins[0].box.top, bins[1].box.top);
  EXPECT_EQ(rectangles_of(group(svg, "ranges")).size(), 4U);
  EXPECT_EQ(count_of(svg, "class=\"mark\""), 4U + 1U) << "means, and the legend's";
  EXPECT_TRUE(contains_text(svg, "all classes (3)"));
  EXPECT_TRUE(contains_text(svg, "class 2 (5)"));
}

TEST(ConfidenceShiftChart, OfManyClassesShowsTheLargestShifts) {
  const std::string svg = confidence_shift_chart(shifts(80));
  expect_sound(svg, 3.5);
  EXPECT_TRUE(contains_text(svg, "class 79 (5)"));
  EXPECT_TRUE(contains_text(svg, "class 62 (5)"));
  EXPECT_FALSE(contains_text(svg, "class 61 (5)"));
  EXPECT_THAT(testing::words_of(svg),
              HasSubstr("the 18 of 80 classes with the largest median shifts."));
}

TEST(ConfidenceShiftChart, IsSoundForExtremes) {
  expect_sound(confidence_shift_chart(ScoreShifts()), 3.5);
  ScoreShifts extreme = shifts(2);
  extreme.pairs = {{-5, 1e9}, {1, 1}, {0, 0}};
  extreme.all.quantiles = {-1, -1, 0, 1, 1e9};
  extreme.classes[0].name = extreme.subtitle = kHostile;
  expect_sound(confidence_shift_chart(extreme), 3.5);
}

}  // namespace
}  // namespace qyolo::plots
