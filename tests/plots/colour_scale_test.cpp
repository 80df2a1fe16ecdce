#include "plots/colour_scale.h"

#include <gtest/gtest.h>

#include "plots/theme.h"
#include "tests/plots/svg_reader.h"

namespace qyolo::plots {
namespace {

TEST(Contrast, IsThatOfWcag) {
  EXPECT_NEAR(contrast("#000000", "#ffffff"), 21, 1e-9);
  EXPECT_NEAR(contrast("#777777", "#ffffff"), 4.48, 0.005);
  EXPECT_NEAR(contrast("#0000ff", "#ffffff"), 8.59, 0.005);
  EXPECT_DOUBLE_EQ(contrast("#123456", "#123456"), 1);
  EXPECT_DOUBLE_EQ(contrast("#ffffff", "#777777"), contrast("#777777", "#ffffff"));
}

TEST(ColourScales, DarkenSteadilyFromTheirFirstColourToTheirLast) {
  EXPECT_EQ(loss_colour(0), "#fff7ec");
  EXPECT_EQ(loss_colour(0.5), "#fdbb84");
  EXPECT_EQ(loss_colour(1), "#7f0000");
  EXPECT_EQ(loss_colour(7), loss_colour(1));
  EXPECT_EQ(loss_colour(-1), loss_colour(0));
  EXPECT_EQ(gain_colour(0), "#deebf7");
  EXPECT_EQ(gain_colour(1), "#084594");
  for (const auto colour : {&loss_colour, &gain_colour}) {
    for (int i = 0; i < 100; ++i) {
      EXPECT_LT(contrast(colour(i / 100.0), "#ffffff"),
                contrast(colour((i + 1) / 100.0), "#ffffff"))
          << i;
    }
  }
}

TEST(InkOn, IsReadableOnEveryColourOfTheScales) {
  EXPECT_EQ(ink_on("#7f0000"), "#ffffff");
  EXPECT_NE(ink_on("#fff7ec"), kInk) << "which a dark page replaces";
  EXPECT_GT(contrast(ink_on("#fff7ec"), "#ffffff"), 15);
  for (int i = 0; i <= 100; ++i) {
    for (const std::string& fill : {loss_colour(i / 100.0), gain_colour(i / 100.0)})
      EXPECT_GE(contrast(fill, ink_on(fill)), 3.9) << fill;
  }
}

TEST(Hatch, StaysWithinItsBox) {
  for (const Box& box : {Box{10, 20, 110, 30}, Box{10, 20, 20, 300}, Box{10, 20, 11, 21}}) {
    Svg svg(400, 400, "id", "title", "text");
    draw_hatch(svg, box, {kGrid, 1});
    for (const Point& end : testing::line_ends_of(svg.str()))
      EXPECT_TRUE(box.contains({end.x, end.y, end.x, end.y})) << end.x << ' ' << end.y;
  }
  Svg svg(400, 400, "id", "title", "text");
  draw_hatch(svg, {0, 0, 60, 60}, {kGrid, 1}, 6);
  EXPECT_EQ(testing::line_ends_of(svg.str()).size(), 2U * 19U);
}

}  // namespace
}  // namespace qyolo::plots
