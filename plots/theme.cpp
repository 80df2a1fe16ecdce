#include "plots/theme.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "plots/scheme_style.h"

namespace qyolo::plots {
namespace {

constexpr std::array<std::string_view, 7> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                      "#e69f00", "#56b4e9", "#000000"};
constexpr double kTextSize = 12;
constexpr double kSampleWidth = 26;
constexpr double kLineHeight = 20;
constexpr double kTitleLine = 22, kSubtitleLine = 17;

// What the light colours are on a dark page.
constexpr std::pair<std::string_view, std::string_view> kDark[] = {
    {kInk, "#e4e8ec"},      {kMuted, "#a0abb6"},    {kAxis, "#76818c"},     {kGrid, "#2a3138"},
    {kPending, "#2a3138"},  {kPale, "#4a5560"},     {"#dfe3e8", "#3a434c"}, {"#f6f7f8", "#1c2229"},
    {"#0072b2", "#3d87d9"}, {"#000000", "#cfd6dd"}, {"#b6c2cd", "#5d6b78"}, {"#08306b", "#c6dbef"},
    {"#9ecae1", "#2f5f86"}, {"#00664b", "#4fc9a0"}};
constexpr std::string_view kDarkPage = "#14181d";

double title_size(const Look& look) { return look.narrow() ? 16 : 18; }

struct HeadingLines {
  std::vector<std::string> title, subtitle;
};
HeadingLines heading_lines(const Look& look, std::string_view title, std::string_view subtitle) {
  HeadingLines lines{wrap_text(title, look.inner(), title_size(look), true, 3), {}};
  if (!subtitle.empty()) lines.subtitle = wrap_text(subtitle, look.inner(), 13, false, 4);
  return lines;
}

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

const std::string& chart_css() {
  static const std::string css = [] {
    std::string text =
        "svg.qyolo{max-width:100%;height:auto}"
        "@media screen and (prefers-color-scheme:dark){";
    const auto map = [&](std::string_view from, std::string_view to) {
      text += fmt::format(
          "svg.qyolo [fill=\"{0}\"]{{fill:{1}}}svg.qyolo [stroke=\"{0}\"]{{stroke:{1}}}", from, to);
    };
    for (const auto& [light, dark] : kDark) map(light, dark);
    for (const SchemeStyle& style : scheme_styles()) map(style.colour, style.dark);
    // White is the page, but for text on coloured cells.
    text += fmt::format(
        "svg.qyolo rect[fill=\"#ffffff\"]{{fill:{0}}}svg.qyolo "
        "[stroke=\"#ffffff\"]{{stroke:{0}}}}}",
        kDarkPage);
    return text;
  }();
  return css;
}

double heading_bottom(const Look& look, std::string_view title, std::string_view subtitle) {
  const HeadingLines lines = heading_lines(look, title, subtitle);
  return 66 + kTitleLine * static_cast<double>(lines.title.size() - 1) +
         kSubtitleLine * (static_cast<double>(lines.subtitle.size()) - 1);
}

void draw_heading(Svg& svg, const Look& look, std::string_view title, std::string_view subtitle) {
  const HeadingLines lines = heading_lines(look, title, subtitle);
  svg.open("heading");
  double y = 38;
  for (const std::string& line : lines.title) {
    svg.text({look.margin(), y}, line, {title_size(look), kInk, Anchor::kStart, true});
    y += kTitleLine;
  }
  for (const std::string& line : lines.subtitle) {
    svg.text({look.margin(), y}, line, {13, kMuted});
    y += kSubtitleLine;
  }
  svg.close();
}

double note_height(const Look& look, std::string_view text) {
  if (text.empty()) return 0;
  return kNoteLine *
         static_cast<double>(wrap_text(text, look.inner(), kNoteSize, false, 12).size());
}

void draw_note(Svg& svg, const Look& look, double y, std::string_view text) {
  if (text.empty()) return;
  for (const std::string& line : wrap_text(text, look.inner(), kNoteSize, false, 12)) {
    svg.text({look.margin(), y}, line, {kNoteSize, kMuted});
    y += kNoteLine;
  }
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

namespace {

double entry_width(const LegendEntry& entry, double most) {
  return std::min(kSampleWidth + text_width(entry.text, kTextSize), most);
}

// Calls `place` for every entry with its row and its x from 0.
template <class Place>
std::size_t lay_out(double width, const std::vector<LegendEntry>& entries, Place place) {
  std::size_t row = 0;
  double x = 0;
  for (const LegendEntry& entry : entries) {
    const double needed = entry_width(entry, width);
    if (x > 0 && x + needed > width) {
      ++row;
      x = 0;
    }
    place(entry, row, x, needed);
    x += needed + 20;
  }
  return entries.empty() ? 0 : row + 1;
}

}  // namespace

std::size_t legend_rows(double width, const std::vector<LegendEntry>& entries) {
  return lay_out(width, entries, [](const LegendEntry&, std::size_t, double, double) {});
}

void draw_legend_row(Svg& svg, Point at, double width, const std::vector<LegendEntry>& entries) {
  svg.open("legend");
  lay_out(width, entries, [&](const LegendEntry& entry, std::size_t row, double x, double needed) {
    draw_entry(svg, {at.x + x, at.y + kLegendRow * static_cast<double>(row)}, needed + 1, entry);
  });
  svg.close();
}

}  // namespace qyolo::plots
