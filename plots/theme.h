// What all charts share: colours, the heading, legends, notes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plots/look.h"
#include "plots/svg.h"

namespace qyolo::plots {

inline constexpr std::string_view kInk = "#1f2328";
inline constexpr std::string_view kMuted = "#59636e";
inline constexpr std::string_view kAxis = "#8c959f";
inline constexpr std::string_view kGrid = "#e9ecef";
inline constexpr std::string_view kPending = "#eef0f2";  // cells without a number
inline constexpr std::string_view kPale = "#c4cad1";     // what stands back

// Distinguishable with every kind of colour vision (Okabe and Ito 2008), those that are readable on
// white; repeats after seven. For what is no scheme (scheme_style.h): classes of objects.
[[nodiscard]] std::string_view series_colour(std::size_t index);

// The style sheet of every chart: it shrinks to the window, and where the page is dark, and not
// printed, what is drawn in the theme's colours, or the schemes', gets their dark counterparts.
[[nodiscard]] const std::string& chart_css();

// Title and subtitle at the top left, wrapped to the width; the y below which all else begins: 66
// where each takes one line.
[[nodiscard]] double heading_bottom(const Look& look, std::string_view title,
                                    std::string_view subtitle);
void draw_heading(Svg& svg, const Look& look, std::string_view title, std::string_view subtitle);

// Small print from `y` (the first line's baseline) on, wrapped to the width.
inline constexpr double kNoteSize = 11, kNoteLine = 16;
[[nodiscard]] double note_height(const Look& look, std::string_view text);
void draw_note(Svg& svg, const Look& look, double y, std::string_view text);

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
// Entries from the left, in as many rows as the width calls for, `at` the first one's baseline.
void draw_legend_row(Svg& svg, Point at, double width, const std::vector<LegendEntry>& entries);
inline constexpr double kLegendRow = 20;
[[nodiscard]] std::size_t legend_rows(double width, const std::vector<LegendEntry>& entries);

}  // namespace qyolo::plots
