#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "plots/chart_parts.h"
#include "plots/diagnosis_charts.h"

namespace qyolo::plots {
namespace {

constexpr std::size_t kNamedCurves = 6;  // of series_colour(), without black
constexpr std::size_t kMostNamed = 12;   // more classes than this: only the worst have a colour
constexpr std::string_view kOther = "#c4cad1";
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
      draw_curve(svg, frame, one.*values, {kOther, 0.8, {}, 0.8});
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

std::string best_text(const DetectionCurve& curve) {
  if (!curve.best_f1) return "–";
  return fmt::format("{:.1f} at {:.3f}", curve.best_f1->f1 * 100, curve.best_f1->confidence);
}

// `number` says what of a curve stands beside its name.
template <class Number>
std::vector<LegendSection> legend(const DetectionCurveSet& set, const CurveStyles& styles,
                                  const std::string& what, const std::string& worst, double width,
                                  Number number) {
  using Kind = LegendEntry::Kind;
  const auto text = [&](const DetectionCurve& curve) {
    const std::string value = ": " + number(curve);
    return fit_text(shown_name(curve.name), width - text_width(value, 12), 12) + value;
  };
  LegendSection means{what, {{Kind::kLine, text(set.mean), kInk, {}, {}, 3}}};
  if (set.baseline)
    means.entries.push_back({Kind::kLine, text(*set.baseline), kInk, {}, kBaselineDash, 1.8});
  LegendSection classes{styles.selected() ? worst : std::string("Classes"), {}};
  for (std::size_t place = 0; place < styles.named().size(); ++place) {
    const Stroke stroke = CurveStyles::stroke(place);
    classes.entries.push_back(
        {Kind::kLine, text(set.classes[styles.named()[place]]), stroke.colour, {}, stroke.dash, 2});
  }
  if (styles.selected()) {
    classes.entries.push_back(
        {Kind::kLine,
         fmt::format("{} other classes", set.classes.size() - styles.named().size()),
         kOther,
         {},
         {},
         2});
  }
  return {std::move(means), std::move(classes)};
}

std::string description(const DetectionCurveSet& set, std::string_view what) {
  std::string text =
      fmt::format("{} {}. Mean AP50 {:.1f} percent over {} classes; best mean F1 {}.", what,
                  set.subtitle, set.mean.ap50 * 100, set.classes.size(), best_text(set.mean));
  if (set.classes.size() > kMostNamed) return text;
  for (const DetectionCurve& one : set.classes)
    text += fmt::format(" {}: AP50 {:.1f}, best F1 {}.", one.name, one.ap50 * 100, best_text(one));
  return text;
}

}  // namespace

std::string precision_recall_chart(const DetectionCurveSet& set) {
  constexpr std::string_view kTitle = "Precision against recall at IoU 0.5";
  constexpr double kHeight = 640, kLegend = 700;
  const CurveStyles styles(set.classes, [](const DetectionCurve& curve) { return curve.ap50; });
  Svg svg(kWidth, kHeight, "precision-recall", kTitle,
          description(set, "Precision against recall, a line per class and their mean."));
  draw_heading(svg, {kMargin, kMargin - 6}, kWidth - 2 * kMargin, kTitle, set.subtitle);
  const Frame frame = unit_frame({64, 116, kLegend - 36, kHeight - 62});
  draw_y_axis(svg, frame, ticks_of(frame.y, 10), "Precision, %");
  const Scale percent(Scale::Kind::kLinear, 0, 100, 0, 1);
  std::vector<Tick> ticks = ticks_of(percent, 10);
  for (Tick& tick : ticks) tick.value /= 100;
  draw_x_axis(svg, frame, ticks, "Recall, %");
  draw_curves(svg, frame, set, styles, &DetectionCurve::precision_at_recall);
  draw_legend(svg, {kLegend, 116, kWidth - kMargin, kHeight - 30},
              legend(set, styles, "AP50, %", "Lowest AP50", kWidth - kMargin - kLegend - 34,
                     [](const DetectionCurve& c) { return fmt::format("{:.1f}", c.ap50 * 100); }));
  return svg.str();
}

std::string confidence_chart(const DetectionCurveSet& set) {
  constexpr std::string_view kTitle = "Precision, recall and F1 against confidence at IoU 0.5";
  constexpr double kTop = 116, kPanel = 270, kGapX = 64, kGapY = 92, kLeft = 64;
  constexpr double kHeight = kTop + 2 * kPanel + kGapY + 62;
  constexpr double kPanelWidth = (kWidth - kLeft - kMargin - kGapX) / 2;
  const CurveStyles styles(set.classes, [](const DetectionCurve& curve) {
    return curve.best_f1 ? curve.best_f1->f1 : 0.0;
  });
  Svg svg(kWidth, kHeight, "confidence-curves", kTitle,
          description(set,
                      "Precision, recall and F1 of the detections of at least a confidence, a "
                      "line per class and their mean."));
  draw_heading(svg, {kMargin, kMargin - 6}, kWidth - 2 * kMargin, kTitle, set.subtitle);
  const std::array<std::pair<const char*, Values>, 3> panels = {
      {{"Precision, %", &DetectionCurve::precision},
       {"Recall, %", &DetectionCurve::recall},
       {"F1, %", &DetectionCurve::f1}}};
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const double left = kLeft + (i % 2 == 0 ? 0 : kPanelWidth + kGapX);
    const double top = kTop + (i < 2 ? 0 : kPanel + kGapY);
    const Frame frame = unit_frame({left, top, left + kPanelWidth, top + kPanel});
    draw_y_axis(svg, frame, ticks_of(frame.y, 5), panels[i].first);
    draw_x_axis(svg, frame, ticks_of(frame.x, 5), "Confidence of at least");
    draw_curves(svg, frame, set, styles, panels[i].second);
    if (i != 2 || !set.mean.best_f1) continue;
    const DetectionCurve::Best& best = *set.mean.best_f1;
    svg.mark(Shape::kCircle, frame.at(std::clamp(best.confidence, 0.0, 1.0), best.f1 * 100),
             kRadius, series_colour(1), "best mean F1 " + best_text(set.mean));
  }
  const double left = kLeft + kPanelWidth + kGapX, top = kTop + kPanel + kGapY - 14;
  draw_legend(svg, {left, top, kWidth - kMargin, kHeight - 10},
              legend(set, styles, "Best F1, %, and its confidence", "Lowest best F1",
                     kPanelWidth - 30, best_text));
  return svg.str();
}

}  // namespace qyolo::plots
