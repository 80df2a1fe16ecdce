// Finds texts and marks in a chart, and checks that its tags are balanced.
#pragma once

#include <regex>
#include <string>
#include <vector>

#include "plots/svg.h"

namespace qyolo::testing {

struct SvgText {
  std::string text;
  plots::Box box;  // the conservative one of plots::text_box
  std::string colour;
};

struct SvgRectangle {
  plots::Box box;
  std::string fill, tooltip;
};

inline std::string unescaped(std::string text) {
  const std::pair<std::string_view, std::string_view> entities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}};
  for (const auto& [entity, character] : entities) {
    for (std::size_t at = 0; (at = text.find(entity, at)) != std::string::npos; ++at)
      text.replace(at, entity.size(), character);
  }
  return text;
}

inline std::vector<SvgText> texts_of(const std::string& svg) {
  static const std::regex pattern(
      "<text x=\"([-0-9.]+)\" y=\"([-0-9.]+)\" font-size=\"([0-9.]+)\" "
      "text-anchor=\"(\\w+)\"([^>]*)>"
      "([^<]*)</text>");
  std::vector<SvgText> texts;
  for (std::sregex_iterator it(svg.begin(), svg.end(), pattern), end; it != end; ++it) {
    plots::TextStyle style;
    style.size = std::stod((*it)[3]);
    if ((*it)[4] == "middle") style.anchor = plots::Anchor::kMiddle;
    if ((*it)[4] == "end") style.anchor = plots::Anchor::kEnd;
    style.bold = (*it)[5].str().find("bold") != std::string::npos;
    const plots::Point at = {std::stod((*it)[1]), std::stod((*it)[2])};
    const std::string text = unescaped((*it)[6]);
    const std::string attributes = (*it)[5].str();
    const std::size_t fill = attributes.find("fill=\"");
    texts.push_back({text, plots::text_box(at, text, style),
                     fill == std::string::npos ? "" : attributes.substr(fill + 6, 7)});
  }
  return texts;
}

// Without the background.
inline std::vector<SvgRectangle> rectangles_of(const std::string& svg) {
  static const std::regex pattern(
      "<rect x=\"([-0-9.]+)\" y=\"([-0-9.]+)\" width=\"([0-9.]+)\" height=\"([0-9.]+)\" "
      "fill=\"(#\\w+)\"(?:/>|><title>([^<]*)</title>)");
  std::vector<SvgRectangle> rectangles;
  for (std::sregex_iterator it(svg.begin(), svg.end(), pattern), end; it != end; ++it) {
    const double x = std::stod((*it)[1]), y = std::stod((*it)[2]);
    rectangles.push_back(
        {{x, y, x + std::stod((*it)[3]), y + std::stod((*it)[4])}, (*it)[5], unescaped((*it)[6])});
  }
  return rectangles;
}

// The ends of all lines.
inline std::vector<plots::Point> line_ends_of(const std::string& svg) {
  static const std::regex pattern(
      "<line x1=\"([-0-9.]+)\" y1=\"([-0-9.]+)\" x2=\"([-0-9.]+)\" y2=\"([-0-9.]+)\"");
  std::vector<plots::Point> ends;
  for (std::sregex_iterator it(svg.begin(), svg.end(), pattern), end; it != end; ++it) {
    ends.push_back({std::stod((*it)[1]), std::stod((*it)[2])});
    ends.push_back({std::stod((*it)[3]), std::stod((*it)[4])});
  }
  return ends;
}

inline std::vector<plots::Box> marks_of(const std::string& svg, double radius) {
  static const std::regex pattern(
      "<g class=\"mark\" transform=\"translate\\(([-0-9.]+),([-0-9.]+)\\)\"");
  std::vector<plots::Box> marks;
  for (std::sregex_iterator it(svg.begin(), svg.end(), pattern), end; it != end; ++it) {
    const double x = std::stod((*it)[1]), y = std::stod((*it)[2]);
    marks.push_back(plots::Box{x, y, x, y}.grown(radius));
  }
  return marks;
}

inline bool contains_text(const std::string& svg, std::string_view text) {
  for (const SvgText& found : texts_of(svg)) {
    if (found.text == text) return true;
  }
  return false;
}

// All texts behind each other, so that sentences are found however they are broken into lines.
inline std::string words_of(const std::string& svg) {
  std::string words;
  for (const SvgText& found : texts_of(svg)) words += found.text + ' ';
  return words;
}

// Every tag closed in order, attributes quoted, no stray "<".
inline bool well_formed(const std::string& svg) {
  static const std::regex pattern("<(/?)([a-z]+)((?: [A-Za-z0-9:-]+=\"[^\"<]*\")*)(/?)>");
  std::vector<std::string> open;
  std::size_t at = 0;
  std::smatch tag;
  while ((at = svg.find('<', at)) != std::string::npos) {
    if (!std::regex_search(svg.begin() + static_cast<std::ptrdiff_t>(at), svg.end(), tag, pattern,
                           std::regex_constants::match_continuous)) {
      return false;
    }
    if (tag[1].length() != 0) {
      if (open.empty() || open.back() != tag[2]) return false;
      open.pop_back();
    } else if (tag[4].length() == 0) {
      open.push_back(tag[2]);
    }
    at += static_cast<std::size_t>(tag.length());
  }
  return open.empty() && svg.find("&amp;amp;") == std::string::npos;
}

}  // namespace qyolo::testing
