// What all charts share: colours, the heading, the legend.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plots/svg.h"

namespace qyolo::plots {

inline constexpr std::string_view kInk = "#1f2328";
inline constexpr std::string_view kMuted = "#59636e";
inline constexpr std::string_view kAxis = "#8c959f";
inline constexpr std::string_view kGrid = "#e9ecef";

// Distinguishable with every kind of colour vision (Okabe and Ito 2008), those that are readable on
// white; repeats after seven.
[[nodiscard]] std::string_view series_colour(std::size_t index);
[[nodiscard]] Shape series_shape(std::size_t index);

// Title and subtitle at the top left, shortened to the width.
void draw_heading(Svg& svg, Point at, double width, std::string_view title,
                  std::string_view subtitle);

struct LegendEntry {
  enum class Kind { kMark, kLine, kMarkedLine };
  Kind kind = Kind::kMark;
  std::string text;
  std::string_view colour = kMuted;
  Shape shape = Shape::kCircle;
  std::string_view dash = {};
  double line_width = 2;
};

struct LegendSection {
  std::string title;
  std::vector<LegendEntry> entries;
};

// Sections below each other, `at` their top left corner; what does not fit into the height is
// summed up in a last line.
void draw_legend(Svg& svg, const Box& area, const std::vector<LegendSection>& sections);
// One row of entries from the left; what does not fit into the width is left out.
void draw_legend_row(Svg& svg, Point at, double width, const std::vector<LegendEntry>& entries);

}  // namespace qyolo::plots
