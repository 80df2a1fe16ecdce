#include <gmock/gmock.h>

#include "plots/charts.h"
#include "tests/plots/chart_checks.h"

namespace qyolo::plots {
namespace {

using testing::contains_text;
using testing::count_of;
using testing::expect_sound;
using testing::group;
using ::testing::HasSubstr;
using testing::rectangles_of;

SensitivityBars layers(int count) {
  SensitivityBars data;
  data.subtitle = "small on parts/val, affine 4-bit filter, 240 images";
  for (int i = 0; i < count; ++i)
    data.bars.push_back({fmt::format("model.{}.conv", i), 16.0 / (1 + (i * 7) % count), {}});
  return data;
}

TEST(SensitivityChart, ShowsTheTwentyMostSensitiveFirst) {
  const std::string svg = sensitivity_chart(layers(92));
  expect_sound(svg);
  const auto bars = rectangles_of(group(svg, "bars"));
  ASSERT_EQ(bars.size(), 20U);
  EXPECT_EQ(bars[0].tooltip, "model.0.conv: 16");
  for (std::size_t i = 1; i < bars.size(); ++i) {
    EXPECT_GT(bars[i].box.top, bars[i - 1].box.top);
    EXPECT_LE(bars[i].box.width(), bars[i - 1].box.width());
  }
  EXPECT_THAT(svg, HasSubstr("The 20 most sensitive of 92 layers; every other one: at most 0.8."));
  EXPECT_TRUE(contains_text(svg, "small on parts/val, affine 4-bit filter, 240 images"));
  EXPECT_THAT(svg, HasSubstr("model.91.conv")) << "all are in the description";
}

TEST(SensitivityChart, HasALogAxis) {
  SensitivityBars data = layers(3);
  data.bars = {{"a", 10, {}}, {"b", 1, {}}, {"c", 0.1, {}}};
  const auto bars = rectangles_of(group(sensitivity_chart(data), "bars"));
  ASSERT_EQ(bars.size(), 3U);
  EXPECT_NEAR(bars[0].box.width() - bars[1].box.width(), bars[1].box.width() - bars[2].box.width(),
              0.05);
  EXPECT_TRUE(contains_text(sensitivity_chart(data), "AP lost, points, log scale"));
}

TEST(SensitivityChart, MarksWhatAllButTheLayerGainAndSaysWhatHasNoPlace) {
  SensitivityBars data = layers(2);
  data.bars = {{"a", 10, 5}, {"b", -1, -0.5}};
  const std::string svg = sensitivity_chart(data);
  expect_sound(svg);
  EXPECT_EQ(count_of(group(svg, "bars"), "class=\"mark\""), 2U);
  EXPECT_EQ(rectangles_of(group(svg, "bars")).size(), 1U);
  EXPECT_THAT(svg, HasSubstr("has no place on a log scale"));
}

TEST(SensitivityChart, IsSoundForExtremesAndPhones) {
  expect_sound(sensitivity_chart(SensitivityBars()));
  SensitivityBars data = layers(5);
  for (auto& bar : data.bars) bar.alone = 0;
  expect_sound(sensitivity_chart(data));
  data.bars[0] = {"<script>" + std::string(400, 'W'), 1e300, 1e-300};
  data.subtitle = std::string(900, 'W');
  for (const Look look : {Look{}, Look{Language::kJapanese, 390}}) {
    const std::string svg = sensitivity_chart(data, look);
    expect_sound(svg, 5, look.width);
    EXPECT_THAT(svg, ::testing::Not(HasSubstr("<script>")));
    data.measure = SensitivityBars::Measure::kKl;  // of the longest name
    expect_sound(sensitivity_chart(data, look), 5, look.width);
    expect_sound(sensitivity_chart(data, {Language::kEnglish, 390}), 5, 390);
  }
}

}  // namespace
}  // namespace qyolo::plots
