// What holds for every chart.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "tests/plots/svg_reader.h"

namespace qyolo::testing {

inline std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

// The part of a chart between <g class="NAME"> and the next </g> on a line of its own.
inline std::string group(const std::string& svg, const std::string& name) {
  const std::size_t begin = svg.find("<g class=\"" + name + "\">");
  return begin == std::string::npos ? "" : svg.substr(begin, svg.find("\n</g>\n", begin) - begin);
}

// So many pixels wide, well formed, nothing outside, no text over another or over a mark of that
// radius. Marks of lists are smaller.
inline void expect_sound(const std::string& svg, double mark_radius = 5, double width = 960) {
  using ::testing::HasSubstr;
  using ::testing::Not;
  EXPECT_TRUE(well_formed(svg));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf\"")));
  EXPECT_THAT(svg, HasSubstr("role=\"img\""));
  static const std::regex background(
      "<rect width=\"([0-9.]+)\" height=\"([0-9.]+)\" fill=\"#ffffff\"/>");
  std::smatch size;
  ASSERT_TRUE(std::regex_search(svg, size, background));
  EXPECT_EQ(std::stod(size[1]), width);
  const plots::Box canvas = {0, 0, width, std::stod(size[2])};
  const auto texts = texts_of(svg);
  EXPECT_EQ(texts.size(), count_of(svg, "<text "));
  const auto marks = marks_of(svg, mark_radius);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_TRUE(canvas.contains(texts[i].box)) << texts[i].text;
    for (std::size_t j = i + 1; j < texts.size(); ++j) {
      EXPECT_FALSE(texts[i].box.overlaps(texts[j].box)) << texts[i].text << " / " << texts[j].text;
    }
    for (const plots::Box& mark : marks) EXPECT_FALSE(texts[i].box.overlaps(mark)) << texts[i].text;
  }
  for (const plots::Box& mark : marks) EXPECT_TRUE(canvas.contains(mark));
  for (const SvgRectangle& rectangle : rectangles_of(svg))
    EXPECT_TRUE(canvas.grown(0.011).contains(rectangle.box)) << rectangle.tooltip;
  for (const plots::Point& end : line_ends_of(svg))
    EXPECT_TRUE(canvas.contains({end.x, end.y, end.x, end.y})) << end.x << ' ' << end.y;
}

}  // namespace qyolo::testing
