#include "plots/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "plots/theme.h"
#include "results/text.h"

namespace qyolo::plots {
namespace {

constexpr std::string_view kFont = "'Helvetica Neue',Helvetica,Arial,sans-serif";
constexpr std::string_view kJapaneseFont =
    "'Hiragino Sans','Yu Gothic',Meiryo,'Noto Sans CJK JP','Helvetica Neue',Arial,sans-serif";
constexpr double kAscent = 0.80, kDescent = 0.24;  // of the font size, generous

// A coordinate with at most two decimals, whatever the number is.
std::string px(double value) {
  if (!std::isfinite(value)) value = 0;
  std::string text = fmt::format("{:.2f}", std::clamp(value, -1e6, 1e6));
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string path_of(std::span<const Point> points) {
  std::string path;
  for (const Point& point : points)
    path += fmt::format("{}{},{}", path.empty() ? "" : " ", px(point.x), px(point.y));
  return path;
}

std::string attributes(const Stroke& stroke) {
  std::string text = fmt::format("fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"",
                                 xml_text(stroke.colour), px(stroke.width));
  if (!stroke.dash.empty()) text += fmt::format(" stroke-dasharray=\"{}\"", xml_text(stroke.dash));
  if (stroke.opacity < 1) text += fmt::format(" stroke-opacity=\"{}\"", px(stroke.opacity));
  return text;
}

// Corners on a circle, the first at `start` degrees, clockwise from the top; with `inner` > 0 every
// second corner lies on that smaller circle.
std::vector<Point> corners(int count, double radius, double start, double inner = 0) {
  std::vector<Point> points;
  for (int i = 0; i < count; ++i) {
    const double angle = (start + 360.0 * i / count) * std::numbers::pi / 180;
    const double r = inner > 0 && i % 2 == 1 ? inner : radius;
    points.push_back({r * std::sin(angle), -r * std::cos(angle)});
  }
  return points;
}

// Of the font size. Classes of the widest usual fonts (Verdana, DejaVu Sans).
double character_width(char c) {
  const auto in = [c](std::string_view set) { return set.find(c) != std::string_view::npos; };
  if (in("ijlI'| .,:;/\\-J")) return 0.37;
  if (in("frt()[]!")) return 0.43;
  if (in("mwMW%@+=<>~#^&")) return 1;
  if (c >= 'A' && c <= 'Z') return 0.79;
  return 0.64;
}

std::size_t next_character(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
  return at;
}

// Whether a line may end before `at`: at a space, and beside a character of Japanese, but for
// punctuation that must not begin a line or end one.
bool breaks_before(std::string_view text, std::size_t at) {
  if (at >= text.size()) return true;
  if (text[at] == ' ') return true;
  if (static_cast<unsigned char>(text[at]) < 0xE2U) return false;
  constexpr std::string_view kNotFirst = "、。，．）」』】・：；ー～％？！々ァィゥェォッャュョ…";
  constexpr std::string_view kNotLast = "（「『【";
  const std::string_view next = text.substr(at, next_character(text, at) - at);
  if (next.size() < 3 || kNotFirst.find(next) != std::string_view::npos) return false;
  std::size_t before = at;
  do {
    --before;
  } while (before > 0 && (static_cast<unsigned char>(text[before]) & 0xC0U) == 0x80U);
  return kNotLast.find(text.substr(before, at - before)) == std::string_view::npos;
}

}  // namespace

// Areas are about equal at equal radius.
std::vector<std::vector<Point>> mark_outline(Shape shape, double radius) {
  const double arm = radius * 0.36;
  const std::vector<Point> cross = {
      {-arm, -radius}, {arm, -radius}, {arm, -arm}, {radius, -arm}, {radius, arm},   {arm, arm},
      {arm, radius},   {-arm, radius}, {-arm, arm}, {-radius, arm}, {-radius, -arm}, {-arm, -arm}};
  switch (shape) {
    case Shape::kCircle:
      return {corners(32, radius, 0)};
    case Shape::kSquare:
      return {corners(4, radius * 1.25, 45)};
    case Shape::kTriangle:
      return {corners(3, radius * 1.3, 0)};
    case Shape::kDiamond:
      return {corners(4, radius * 1.25, 0)};
    case Shape::kTriangleDown:
      return {corners(3, radius * 1.3, 180)};
    case Shape::kTriangleRight:
      return {corners(3, radius * 1.3, 90)};
    case Shape::kStar:
      return {corners(10, radius * 1.35, 0, radius * 0.6)};
    case Shape::kCross:
      return {cross};
    case Shape::kSaltire: {
      std::vector<Point> turned;
      const double share = 1.05 / std::numbers::sqrt2;
      for (const Point& p : cross) turned.push_back({share * (p.x - p.y), share * (p.x + p.y)});
      return {turned};
    }
    case Shape::kHourglass:
      return {{{-radius, -radius},
               {radius, -radius},
               {radius * 0.15, 0},
               {radius, radius},
               {-radius, radius},
               {-radius * 0.15, 0}}};
    case Shape::kRing:
      return {corners(32, radius * 1.1, 0), corners(32, radius * 0.55, 0)};
    case Shape::kOpenSquare:
      return {corners(4, radius * 1.35, 45), corners(4, radius * 0.65, 45)};
    case Shape::kOpenDiamond:
      return {corners(4, radius * 1.4, 0), corners(4, radius * 0.65, 0)};
    case Shape::kBar:
      return {{{-radius * 1.2, -radius * 0.4},
               {radius * 1.2, -radius * 0.4},
               {radius * 1.2, radius * 0.4},
               {-radius * 1.2, radius * 0.4}}};
    case Shape::kHexagon:
      return {corners(6, radius * 1.1, 0)};
  }
  return {};
}

namespace {

std::string mark_element(Shape shape, double radius) {
  if (shape == Shape::kCircle) return fmt::format("<circle r=\"{}\"/>", px(radius));
  const auto polygons = mark_outline(shape, radius);
  if (polygons.size() == 1)
    return fmt::format("<polygon points=\"{}\"/>", path_of(polygons.front()));
  std::string path;
  for (const std::vector<Point>& polygon : polygons) path += "M" + path_of(polygon) + "Z";
  return fmt::format("<path fill-rule=\"evenodd\" d=\"{}\"/>", path);
}

}  // namespace

std::string inline_mark(Shape shape, std::string_view colour) {
  return fmt::format(
      "<svg class=\"qyolo\" width=\"14\" height=\"14\" viewBox=\"-7 -7 14 14\" "
      "aria-hidden=\"true\"><g fill=\"{}\">{}</g></svg>",
      xml_text(colour), mark_element(shape, 5));
}

double text_width(std::string_view text, double size, bool bold) {
  double width = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) == 0x80U) continue;  // continues a code point
    width += byte < 0x80 ? character_width(c) : 1;
  }
  return width * size * (bold ? 1.15 : 1);
}

Box text_box(Point at, std::string_view text, const TextStyle& style) {
  const double width = text_width(text, style.size, style.bold);
  double left = at.x;
  if (style.anchor == Anchor::kMiddle) left -= width / 2;
  if (style.anchor == Anchor::kEnd) left -= width;
  return {left, at.y - kAscent * style.size, left + width, at.y + kDescent * style.size};
}

std::string fit_text(std::string_view text, double width, double size, bool bold) {
  std::string fitted = results::plain_text(text);
  if (text_width(fitted, size, bold) <= width) return fitted;
  const std::string_view ellipsis = "…";
  while (!fitted.empty() &&
         text_width(fitted, size, bold) + text_width(ellipsis, size, bold) > width) {
    while (!fitted.empty() && (static_cast<unsigned char>(fitted.back()) & 0xC0U) == 0x80U)
      fitted.pop_back();
    if (!fitted.empty()) fitted.pop_back();
  }
  while (!fitted.empty() && fitted.back() == ' ') fitted.pop_back();
  return fitted + std::string(ellipsis);
}

std::vector<std::string> wrap_text(std::string_view text, double width, double size, bool bold,
                                   std::size_t most) {
  const std::string plain = results::plain_text(text);
  std::vector<std::string> lines;
  std::size_t from = 0;  // of the line
  while (from < plain.size() && lines.size() + 1 < most) {
    std::size_t end = from, best = from;  // best: the last place to break at
    double used = 0;
    while (end < plain.size()) {
      const std::size_t next = next_character(plain, end);
      used += text_width(std::string_view(plain).substr(end, next - end), size, bold);
      if (used > width) break;
      end = next;
      if (breaks_before(plain, end)) best = end;
    }
    if (end == plain.size()) break;
    if (best == from) best = std::max(end, next_character(plain, from));
    std::string line = plain.substr(from, best - from);
    while (!line.empty() && line.back() == ' ') line.pop_back();
    lines.push_back(std::move(line));
    from = best;
    while (from < plain.size() && plain[from] == ' ') ++from;
  }
  if (from < plain.size() || lines.empty())
    lines.push_back(fit_text(std::string_view(plain).substr(from), width, size, bold));
  return lines;
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : results::plain_text(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Svg::Svg(double width, double height, std::string_view id, std::string_view title,
         std::string_view description, Language language)
    : width_(width),
      height_(height),
      id_(id),
      title_(title),
      description_(description),
      language_(language) {}

void Svg::line(Point from, Point to, const Stroke& stroke) {
  body_ += fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {}/>\n", px(from.x),
                       px(from.y), px(to.x), px(to.y), attributes(stroke));
}

void Svg::polyline(std::span<const Point> points, const Stroke& stroke) {
  body_ += fmt::format("<polyline points=\"{}\" stroke-linejoin=\"round\" {}/>\n", path_of(points),
                       attributes(stroke));
}

void Svg::polygon(std::span<const Point> points, std::string_view fill, double opacity) {
  body_ += fmt::format("<polygon points=\"{}\" fill=\"{}\" fill-opacity=\"{}\"/>\n",
                       path_of(points), xml_text(fill), px(opacity));
}

void Svg::rectangle(const Box& box, std::string_view fill, std::string_view tooltip) {
  body_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"",
                       px(box.left), px(box.top), px(std::max(box.width(), 0.0)),
                       px(std::max(box.height(), 0.0)), xml_text(fill));
  body_ += tooltip.empty() ? "/>\n" : fmt::format("><title>{}</title></rect>\n", xml_text(tooltip));
}

void Svg::mark(Shape shape, Point at, double radius, std::string_view colour,
               std::string_view tooltip, double opacity) {
  body_ += fmt::format(
      "<g class=\"mark\" transform=\"translate({},{})\" fill=\"{}\" stroke=\"#ffffff\" "
      "stroke-width=\"0.8\"",
      px(at.x), px(at.y), xml_text(colour));
  body_ += opacity < 1 ? fmt::format(" fill-opacity=\"{}\">", px(opacity)) : ">";
  if (!tooltip.empty()) body_ += fmt::format("<title>{}</title>", xml_text(tooltip));
  body_ += mark_element(shape, radius);
  body_ += "</g>\n";
}

void Svg::text(Point at, std::string_view text, const TextStyle& style) {
  constexpr std::string_view kAnchors[] = {"start", "middle", "end"};
  body_ += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\" text-anchor=\"{}\" fill=\"{}\"",
                       px(at.x), px(at.y), px(style.size),
                       kAnchors[static_cast<std::size_t>(style.anchor)], xml_text(style.colour));
  if (style.bold) body_ += " font-weight=\"bold\"";
  if (style.halo)
    body_ +=
        " stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"";
  body_ += fmt::format(">{}</text>\n", xml_text(text));
}

void Svg::open(std::string_view css_class) {
  body_ += fmt::format("<g class=\"{}\">\n", xml_text(css_class));
  ++open_;
}

void Svg::close() {
  if (open_ == 0) return;
  body_ += "</g>\n";
  --open_;
}

std::string Svg::str() const {
  const bool japanese = language_ == Language::kJapanese;
  std::string document = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"qyolo\" lang=\"{6}\" width=\"{0}\" "
      "height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" aria-labelledby=\"{2}-title "
      "{2}-desc\" font-family=\"{3}\">\n"
      "<title id=\"{2}-title\">{4}</title>\n<desc id=\"{2}-desc\">{5}</desc>\n",
      px(width_), px(height_), xml_text(id_), japanese ? kJapaneseFont : kFont, xml_text(title_),
      xml_text(description_), japanese ? "ja" : "en");
  document += fmt::format("<style>{}</style>\n", chart_css());
  document +=
      fmt::format("<rect width=\"{}\" height=\"{}\" fill=\"#ffffff\"/>\n", px(width_), px(height_));
  document += body_;
  for (int i = 0; i < open_; ++i) document += "</g>\n";
  return document + "</svg>\n";
}

}  // namespace qyolo::plots
