#include <gmock/gmock.h>

#include "plots/charts.h"
#include "tests/plots/chart_checks.h"

namespace qyolo::plots {
namespace {

using testing::contains_text;
using testing::expect_sound;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::rectangles_of;
using testing::SvgRectangle;

WeightHistogram example() {
  WeightHistogram histogram;
  histogram.layer = "model.0.conv";
  histogram.shape = "[8, 4, 3, 3]";
  histogram.cell = "pwlq 4-bit filter";
  histogram.group = "group 3 of 8";
  histogram.weights = 36;
  histogram.low = -1;
  histogram.high = 2;
  histogram.counts = {2, 8, 20, 5, 0, 1};
  histogram.levels = {{-1.5, 0}, {-0.75, 4}, {0, 25}, {0.75, 6}, {1.5, 1}};
  histogram.breakpoints = {-0.5, 0.5};
  histogram.clipped = 1;
  histogram.sqnr_db = 12.3456;
  return histogram;
}

std::vector<SvgRectangle> bars(const std::string& svg, const std::string& group) {
  return rectangles_of(testing::group(svg, group));
}

TEST(WeightHistogram, BarsAndStemsAreInProportionToTheCounts) {
  const std::string svg = weight_histogram(example());
  expect_sound(svg);
  const auto bins = bars(svg, "bins"), levels = bars(svg, "levels");
  ASSERT_EQ(bins.size(), 5U) << "an empty bin has no bar";
  EXPECT_EQ(bins[0].tooltip, "-1 to -0.5: 2 weights");
  EXPECT_EQ(bins[4].tooltip, "1.5 to 2: 1 weights");
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(bins[i].box.height() / bins[4].box.height(),
                static_cast<double>(example().counts[i]), 0.05)
        << i;
  }
  ASSERT_EQ(levels.size(), 4U) << "an unused level has a tick only";
  EXPECT_EQ(levels[1].tooltip, "level 0: 25 weights");
  EXPECT_NEAR(levels[1].box.height() / levels[2].box.height(), 25.0 / 6, 0.02);
  EXPECT_NEAR((levels[3].box.centre().x - levels[0].box.centre().x) / 2.25,
              (bins[4].box.left - bins[0].box.left) / 2.5, 0.05)
      << "one axis for weights and levels";
  EXPECT_NEAR(levels[1].box.centre().x - bins[0].box.left,
              (bins[4].box.left - bins[0].box.left) / 2.5, 0.05);
}

TEST(WeightHistogram, SaysWhatItShows) {
  const std::string svg = weight_histogram(example());
  for (const char* text :
       {"Weights of model.0.conv, pwlq 4-bit filter",
        "[8, 4, 3, 3], group 3 of 8: 36 weights from -1 to 2; SQNR 12.35 dB", "lowest level -1.5",
        "highest level 1.5", "-p = -0.5", "p = 0.5", "clipped: 2.78 %",
        "4 of 5 levels in use; 1 of 36 weights clipped (2.78 %).", "used levels", "unused levels",
        "ends of grid", "breakpoints", "Weights per bin", "Weights per level, downwards"})
    EXPECT_TRUE(contains_text(svg, text)) << text;
  EXPECT_THAT(svg, HasSubstr("The grid of pwlq 4-bit filter goes from -1.5 to 1.5, breakpoint "
                             "-0.5, breakpoint 0.5."));
}

TEST(WeightHistogram, HatchesOnlyWhatLiesBeyondTheGrid) {
  const auto hatch = [](const WeightHistogram& histogram) {
    return testing::line_ends_of(testing::group(weight_histogram(histogram), "clipped"));
  };
  const auto ends = hatch(example());
  ASSERT_FALSE(ends.empty());
  const double highest = bars(weight_histogram(example()), "levels")[3].box.centre().x;
  for (const Point& end : ends) EXPECT_GE(end.x, highest - 0.02);
  WeightHistogram whole = example();
  whole.clipped = 0;
  EXPECT_TRUE(hatch(whole).empty());
}

TEST(WeightHistogram, HeavyTailsGetALogScale) {
  WeightHistogram histogram = example();
  histogram.counts = {1, 1, 2, 4096, 64, 2, 1};
  histogram.weights = 4167;
  const std::string svg = weight_histogram(histogram);
  expect_sound(svg);
  EXPECT_TRUE(contains_text(svg, "Weights per bin, log scale"));
  EXPECT_TRUE(contains_text(svg, "Weights per level, downwards, log scale"));
  const auto bins = bars(svg, "bins");
  ASSERT_EQ(bins.size(), 7U);
  EXPECT_NEAR(bins[3].box.height() / bins[0].box.height(), 13, 0.05) << "log2 of 4096, of 1, + 1";
  EXPECT_NEAR(bins[4].box.height() / bins[0].box.height(), 7, 0.05);
}

TEST(WeightHistogram, OfFloatWeightsHasNoGrid) {
  WeightHistogram histogram = example();
  histogram.cell = "FP32";
  histogram.group = "";
  histogram.levels.clear();
  histogram.breakpoints.clear();
  histogram.sqnr_db.reset();
  histogram.clipped = 0;
  const std::string svg = weight_histogram(histogram);
  expect_sound(svg);
  EXPECT_TRUE(contains_text(svg, "[8, 4, 3, 3], the whole layer: 36 weights from -1 to 2"));
  EXPECT_EQ(bars(svg, "bins").size(), 5U);
  EXPECT_TRUE(bars(svg, "levels").empty());
  EXPECT_FALSE(contains_text(svg, "breakpoints"));
}

TEST(WeightHistogram, IsSoundForExtremes) {
  WeightHistogram same = example();
  same.low = same.high = 0.25;
  same.counts = {36};
  same.levels = {{0.25, 36}};
  same.breakpoints = {};
  same.clipped = 0;
  same.sqnr_db.reset();
  expect_sound(weight_histogram(same));
  EXPECT_THAT(weight_histogram(same), HasSubstr("; exact"));

  WeightHistogram zero = same;
  zero.low = zero.high = 0;
  zero.levels = {{0, 36}};
  zero.breakpoints = {0};
  expect_sound(weight_histogram(zero));

  WeightHistogram narrow = example();  // a grid much narrower than the weights, and off centre
  narrow.levels = {{-0.99, 10}, {-0.98, 26}};
  narrow.breakpoints = {-0.981, 0.981};
  expect_sound(weight_histogram(narrow));
  narrow.levels = {{1.98, 10}, {1.99, 26}};
  expect_sound(weight_histogram(narrow));
  narrow.breakpoints = {-1e-7, 1e-7};
  expect_sound(weight_histogram(narrow));

  WeightHistogram fine = example();
  fine.levels.clear();
  for (int i = 0; i < 512; ++i) fine.levels.push_back({-1.5 + i * 3.0 / 511, i % 5 == 0 ? 0 : i});
  expect_sound(weight_histogram(fine));

  WeightHistogram large = example();
  large.low = -3e38;
  large.high = 3e38;
  large.counts.assign(160, 900000000000);
  large.levels = {{-3.4e38, 1}, {3.4e38, 900000000000}};
  expect_sound(weight_histogram(large));
}

TEST(WeightHistogram, SurvivesHostileNames) {
  WeightHistogram histogram = example();
  histogram.layer = "<script>&\"\x01" + std::string(400, 'W');
  histogram.cell = histogram.group = histogram.shape = histogram.note = histogram.layer;
  const std::string svg = weight_histogram(histogram);
  expect_sound(svg);
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
}

}  // namespace
}  // namespace qyolo::plots
