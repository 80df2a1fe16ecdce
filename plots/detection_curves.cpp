#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "plots/chart_parts.h"
#include "plots/diagnosis_charts.h"

namespace qyolo::plots {
namespace {

constexpr std::size_t kNamedCurves = 6;  // of series_colour(), without black
constexpr std::size_t kMostNamed = 12;   // more classes than this: only the worst have a colour
constexpr std::string_view kSecondDash = "5 2";

using Values = std::vector<double> DetectionCurve::*;

// Which classes have a colour, and which.
class CurveStyles {
 public:
  // `key`: ascending, worst first.
  template <class Key>
  CurveStyles(const std::vector<DetectionCurve>& classes, Key key) : named_(classes.size()) {
    std::iota(named_.begin(), named_.end(), std::size_t{0});
    if (classes.size() > kMostNamed) {
      std::ranges::stable_sort(named_, {}, [&](std::size_t i) { return key(classes[i]); });
      named_.resize(kNamedCurves);
      selected_ = true;
    }
  }
  [[nodiscard]] const std::vector<std::size_t>& named() const { return named_; }
  [[nodiscard]] bool selected() const { return selected_; }
  [[nodiscard]] static Stroke stroke(std::size_t place) {
    return {series_colour(place % kNamedCurves), 1.6, place < kNamedCurves ? "" : kSecondDash};
  }

 private:
  std::vector<std::size_t> named_;
  bool selected_ = false;
};

// Values that are -1 interrupt the line.
void draw_curve(Svg& svg, const Frame& frame, const std::vector<double>& values,
                const Stroke& stroke) {
  std::vector<Point> line;
  const auto flush = [&] {
    if (line.size() > 1) svg.polyline(line, stroke);
    line.clear();
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0) {
      flush();
      continue;
    }
    const double x = static_cast<double>(i) / static_cast<double>(values.size() - 1);
    line.push_back(frame.at(x, values[i] * 100));
  }
  flush();
}

void draw_curves(Svg& svg, const Frame& frame, const DetectionCurveSet& set,
                 const CurveStyles& styles, Values values) {
  svg.open("curves");
  if (styles.selected()) {
    for (const DetectionCurve& one : set.classes)
      draw_curve(svg, frame, one.*values, {kPale, 0.8, {}, 0.8});
  }
  for (std::size_t place = 0; place < styles.named().size(); ++place)
    draw_curve(svg, frame, set.classes[styles.named()[place]].*values, CurveStyles::stroke(place));
  if (set.baseline) draw_curve(svg, frame, *set.baseline.*values, {kInk, 1.8, kBaselineDash});
  draw_curve(svg, frame, set.mean.*values, {kInk, 3});
  svg.close();
}

Frame unit_frame(const Box& area) {
  return {area, Scale(Scale::Kind::kLinear, 0, 1, area.left, area.right),
          Scale(Scale::Kind::kLinear, 0, 100, area.bottom, area.top)};
}

std::string best_text(const DetectionCurve& curve, const ChartTexts& texts) {
  if (!curve.best_f1) return "–";
  return say(texts.f1_at, fmt::format("{:.1f}", curve.best_f1->f1 * 100),
             fmt::format("{:.3f}", curve.best_f1->confidence));
}

// `number` says what of a curve stands beside its name.
template <class Number>
std::vector<LegendSection> legend(const DetectionCurveSet& set, const CurveStyles& styles,
                                  std::string_view what, std::string_view worst, double width,
                                  const ChartTexts& texts, Number number) {
  using Kind = LegendEntry::Kind;
  const auto text = [&](const DetectionCurve& curve) {
    const std::string value = ": " + number(curve);
    return fit_text(shown_name(curve.name, texts), width - text_width(value, 12), 12) + value;
  };
  LegendSection means{std::string(what), {{Kind::kLine, text(set.mean), kInk, {}, {}, 3}}};
  if (set.baseline)
    means.entries.push_back({Kind::kLine, text(*set.baseline), kInk, {}, kBaselineDash, 1.8});
  LegendSection classes{std::string(styles.selected() ? worst : texts.classes), {}};
  for (std::size_t place = 0; place < styles.named().size(); ++place) {
    const Stroke stroke = CurveStyles::stroke(place);
    classes.entries.push_back(
        {Kind::kLine, text(set.classes[styles.named()[place]]), stroke.colour, {}, stroke.dash, 2});
  }
  if (styles.selected()) {
    classes.entries.push_back({Kind::kLine,
                               say(texts.other_classes, set.classes.size() - styles.named().size()),
                               kPale,
                               {},
                               {},
                               2});
  }
  return {std::move(means), std::move(classes)};
}

std::string description(const DetectionCurveSet& set, std::string_view what,
                        const ChartTexts& texts) {
  std::string text =
      joined({std::string(what), say(texts.curves_description, set.subtitle,
                                     fmt::format("{:.1f}", set.mean.ap50 * 100), set.classes.size(),
                                     best_text(set.mean, texts))},
             texts);
  if (set.classes.size() > kMostNamed) return text;
  for (const DetectionCurve& one : set.classes)
    text += say(texts.curve_description, one.name, fmt::format("{:.1f}", one.ap50 * 100),
                best_text(one, texts));
  return text;
}

// Height of a legend of these sections in one column.
double legend_height(const std::vector<LegendSection>& sections) {
  double height = 12;
  for (const LegendSection& section : sections)
    height += 20 * static_cast<double>(section.entries.size() + 1) + 12;
  return height;
}

}  // namespace

std::string precision_recall_chart(const DetectionCurveSet& set, const Look& look) {
  const ChartTexts& texts = texts_of(look.language);
  const std::string_view title = texts.pr_title;
  const CurveStyles styles(set.classes, [](const DetectionCurve& curve) { return curve.ap50; });
  Svg svg(look.width, 0, "precision-recall", title, description(set, texts.pr_description, texts),
          look.language);
  draw_heading(svg, look, title, set.subtitle);
  const double top = heading_bottom(look, title, set.subtitle) + 50;
  const double left = look.narrow() ? 44 : 64;
  const double right = look.narrow() ? look.right() : 664;
  const Frame frame = unit_frame({left, top, right, top + (look.narrow() ? right - left : 462)});
  draw_y_axis(svg, frame, ticks_of(frame.y, 10), texts.precision_axis);
  const Scale percent(Scale::Kind::kLinear, 0, 100, 0, 1);
  std::vector<Tick> ticks = ticks_of(percent, 10);
  for (Tick& tick : ticks) tick.value /= 100;
  draw_x_axis(svg, frame, ticks, texts.recall_axis);
  draw_curves(svg, frame, set, styles, &DetectionCurve::precision_at_recall);
  const double legend_left = look.narrow() ? look.margin() : right + 36;
  const auto sections =
      legend(set, styles, texts.ap50_percent, texts.lowest_ap50, look.right() - legend_left - 34,
             texts, [](const DetectionCurve& c) { return fmt::format("{:.1f}", c.ap50 * 100); });
  const double below = frame.area.bottom + 62;
  const double end = look.narrow() ? below + legend_height(sections) : below;
  draw_legend(svg, {legend_left, look.narrow() ? below : top, look.right(), end}, sections);
  svg.resize(look.narrow() ? end + 8 : below);
  return svg.str();
}

std::string confidence_chart(const DetectionCurveSet& set, const Look& look) {
  constexpr double kGapX = 64, kGapY = 92;
  const ChartTexts& texts = texts_of(look.language);
  const std::string_view title = texts.confidence_title;
  const CurveStyles styles(set.classes, [](const DetectionCurve& curve) {
    return curve.best_f1 ? curve.best_f1->f1 : 0.0;
  });
  Svg svg(look.width, 0, "confidence-curves", title,
          description(set, texts.confidence_description, texts), look.language);
  draw_heading(svg, look, title, set.subtitle);
  const double first = heading_bottom(look, title, set.subtitle) + 50;
  const std::size_t columns = look.narrow() ? 1 : 2;
  const double left_of_all = look.narrow() ? 44 : 64, height = look.narrow() ? 210 : 270;
  const double gaps = kGapX * static_cast<double>(columns - 1);
  const double width = (look.right() - left_of_all - gaps) / static_cast<double>(columns);
  const auto corner = [&](std::size_t i) {
    return Point{left_of_all + static_cast<double>(i % columns) * (width + kGapX),
                 first + static_cast<double>(i / columns) * (height + kGapY)};
  };
  const std::array<std::pair<std::string_view, Values>, 3> panels = {
      {{texts.precision_axis, &DetectionCurve::precision},
       {texts.recall_axis, &DetectionCurve::recall},
       {texts.f1_axis, &DetectionCurve::f1}}};
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const Point at = corner(i);
    const Frame frame = unit_frame({at.x, at.y, at.x + width, at.y + height});
    draw_y_axis(svg, frame, ticks_of(frame.y, 5), panels[i].first);
    draw_x_axis(svg, frame, ticks_of(frame.x, 5), texts.confidence_axis);
    draw_curves(svg, frame, set, styles, panels[i].second);
    if (i != 2 || !set.mean.best_f1) continue;
    const DetectionCurve::Best& best = *set.mean.best_f1;
    svg.mark(Shape::kCircle, frame.at(std::clamp(best.confidence, 0.0, 1.0), best.f1 * 100),
             kRadius, series_colour(1), say(texts.best_f1_mark, best_text(set.mean, texts)));
  }
  const auto sections = legend(set, styles, texts.best_f1_key, texts.lowest_best_f1, width - 30,
                               texts, [&](const DetectionCurve& c) { return best_text(c, texts); });
  const Point at =
      look.narrow() ? Point{look.margin(), corner(3).y - 26} : Point{corner(3).x, corner(3).y - 14};
  const double end = look.narrow() ? at.y + legend_height(sections) : corner(3).y + height + 52;
  draw_legend(svg, {at.x, at.y, look.right(), end}, sections);
  svg.resize(end + 10);
  return svg.str();
}

}  // namespace qyolo::plots
