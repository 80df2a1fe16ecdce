// A small SVG canvas. Coordinates are pixels, y downwards. Text is escaped and sized by a
// conservative table of widths, so that layout does not depend on the reader's font. Pictures carry
// a title and a description for screen readers and can stand alone or inside an HTML page.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plots/look.h"

namespace qyolo::plots {

struct Point {
  double x = 0;
  double y = 0;
};

struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;

  [[nodiscard]] double width() const { return right - left; }
  [[nodiscard]] double height() const { return bottom - top; }
  [[nodiscard]] Point centre() const { return {(left + right) / 2, (top + bottom) / 2}; }
  [[nodiscard]] Box grown(double by) const {
    return {left - by, top - by, right + by, bottom + by};
  }
  [[nodiscard]] bool overlaps(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
  [[nodiscard]] bool contains(const Box& other) const {
    return left <= other.left && top <= other.top && right >= other.right && bottom >= other.bottom;
  }
};

struct Stroke {
  std::string_view colour;
  double width = 1;
  std::string_view dash = {};  // stroke-dasharray, e.g. "6 4"
  double opacity = 1;
};

enum class Anchor { kStart, kMiddle, kEnd };

struct TextStyle {
  double size = 12;
  std::string_view colour = "#222222";
  Anchor anchor = Anchor::kStart;
  bool bold = false;
  bool halo = false;  // a white outline that keeps text readable on lines
};

// Distinguishable without colour.
enum class Shape {
  kCircle,
  kSquare,
  kTriangle,
  kDiamond,
  kCross,
  kTriangleDown,
  kTriangleRight,
  kStar,
  kSaltire,
  kHourglass,
  kRing,
  kOpenSquare,
  kOpenDiamond,
  kBar,
  kHexagon
};
inline constexpr std::size_t kShapes = 15;
// Its outline about the origin: closed polygons, filled by the even-odd rule.
[[nodiscard]] std::vector<std::vector<Point>> mark_outline(Shape shape, double radius);
// A small picture of it for a line of HTML text, which says the same in words.
[[nodiscard]] std::string inline_mark(Shape shape, std::string_view colour);

// An upper bound of the text's width in the usual sans-serif fonts, and the box it fills when its
// baseline starts (or is centred, or ends) at `at`.
[[nodiscard]] double text_width(std::string_view text, double size, bool bold = false);
[[nodiscard]] Box text_box(Point at, std::string_view text, const TextStyle& style);
// The text, shortened with an ellipsis where it is wider than `width`.
[[nodiscard]] std::string fit_text(std::string_view text, double width, double size,
                                   bool bold = false);
// The text in lines of at most that width, broken at spaces and between the characters of Japanese;
// no more lines than `most`, the last one shortened.
[[nodiscard]] std::vector<std::string> wrap_text(std::string_view text, double width, double size,
                                                 bool bold = false, std::size_t most = 6);
// For text and attributes: markup escaped, control characters replaced.
[[nodiscard]] std::string xml_text(std::string_view text);

// On a dark page it has the theme's dark colours (theme.h), in print always the light ones; in a
// window that is narrower it shrinks.
class Svg {
 public:
  // `id` names the picture within a page: letters, digits and hyphens.
  Svg(double width, double height, std::string_view id, std::string_view title,
      std::string_view description, Language language = Language::kEnglish);

  void resize(double height) { height_ = height; }

  void line(Point from, Point to, const Stroke& stroke);
  void polyline(std::span<const Point> points, const Stroke& stroke);
  // Closed and filled: bands, areas under curves.
  void polygon(std::span<const Point> points, std::string_view fill, double opacity = 1);
  // Bars and cells of heat maps; the tooltip may be empty.
  void rectangle(const Box& box, std::string_view fill, std::string_view tooltip = {});
  // Filled, with a thin white outline that parts overlapping marks; `radius` is half the height.
  void mark(Shape shape, Point at, double radius, std::string_view colour,
            std::string_view tooltip = {}, double opacity = 1);
  void text(Point at, std::string_view text, const TextStyle& style);

  // A group with a class name, for style and scripts; groups nest.
  void open(std::string_view css_class);
  void close();

  // The whole document; groups still open are closed.
  [[nodiscard]] std::string str() const;

 private:
  double width_, height_;
  std::string id_, title_, description_;
  Language language_;
  std::string body_;
  int open_ = 0;
};

}  // namespace qyolo::plots
