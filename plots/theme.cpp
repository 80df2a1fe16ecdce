#include "plots/theme.h"

#include <fmt/format.h>

#include <array>

namespace qyolo::plots {
namespace {

constexpr std::array<std::string_view, 7> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                      "#e69f00", "#56b4e9", "#000000"};
constexpr double kTextSize = 12;
constexpr double kSampleWidth = 26;
constexpr double kLineHeight = 20;

void draw_entry(Svg& svg, Point at, double width, const LegendEntry& entry) {
  const double middle = at.y - 4;
  if (entry.kind != LegendEntry::Kind::kMark) {
    svg.line({at.x, middle}, {at.x + kSampleWidth - 6, middle},
             {entry.colour, entry.line_width, entry.dash});
  }
  if (entry.kind != LegendEntry::Kind::kLine)
    svg.mark(entry.shape, {at.x + kSampleWidth / 2 - 3, middle}, 5, entry.colour);
  svg.text({at.x + kSampleWidth, at.y}, fit_text(entry.text, width - kSampleWidth, kTextSize),
           {kTextSize, kInk});
}

}  // namespace

std::string_view series_colour(std::size_t index) { return kColours[index % kColours.size()]; }

Shape series_shape(std::size_t index) { return static_cast<Shape>(index % kShapes); }

void draw_heading(Svg& svg, Point at, double width, std::string_view title,
                  std::string_view subtitle) {
  svg.open("heading");
  svg.text({at.x, at.y + 16}, fit_text(title, width, 18, true), {18, kInk, Anchor::kStart, true});
  if (!subtitle.empty()) svg.text({at.x, at.y + 38}, fit_text(subtitle, width, 13), {13, kMuted});
  svg.close();
}

void draw_legend(Svg& svg, const Box& area, const std::vector<LegendSection>& sections) {
  svg.open("legend");
  double y = area.top + kTextSize;
  std::size_t left_out = 0;
  for (const LegendSection& section : sections) {
    if (section.entries.empty()) continue;
    if (!section.title.empty() && y + 2 * kLineHeight < area.bottom) {
      svg.text({area.left, y}, fit_text(section.title, area.width(), kTextSize, true),
               {kTextSize, kInk, Anchor::kStart, true});
      y += kLineHeight;
    }
    for (const LegendEntry& entry : section.entries) {
      if (y + kLineHeight > area.bottom) {
        ++left_out;
        continue;
      }
      draw_entry(svg, {area.left, y}, area.width(), entry);
      y += kLineHeight;
    }
    y += kLineHeight * 0.6;
  }
  if (left_out > 0)
    svg.text({area.left, area.bottom}, fmt::format("and {} more", left_out), {kTextSize, kMuted});
  svg.close();
}

void draw_legend_row(Svg& svg, Point at, double width, const std::vector<LegendEntry>& entries) {
  svg.open("legend");
  double x = at.x;
  for (const LegendEntry& entry : entries) {
    const double needed = kSampleWidth + text_width(entry.text, kTextSize);
    if (x + needed > at.x + width) break;
    draw_entry(svg, {x, at.y}, needed + 1, entry);
    x += needed + 20;
  }
  svg.close();
}

}  // namespace qyolo::plots
