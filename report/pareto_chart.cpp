#include <algorithm>
#include <cmath>

#include "plots/axes.h"
#include "plots/labels.h"
#include "plots/scheme_style.h"
#include "plots/theme.h"
#include "report/html_kit.h"

namespace qyolo::report {
namespace {

using plots::Frame;
using plots::Point;
using plots::Scale;
using plots::Svg;

constexpr double kDotRadius = 5.5;
constexpr double kMegabyte = 1e6;
constexpr double kTolerancesShown = 6;
constexpr double kFootroom = 18;
constexpr std::string_view kAllowedDash = "3 3";
constexpr std::string_view kBaselineDash = "7 4";

constexpr double kPaleOpacity = 0.45;

class ParetoChart {
 public:
  ParetoChart(const PocReport& report, const Texts& texts, double width, double height)
      : report_(report), texts_(texts), width_(width), height_(height) {
    for (std::size_t i = 1; i < report.candidates.size(); ++i) {
      if (report.candidates[i].ap) shown_.push_back(i);
    }
    const std::size_t rows = plots::legend_rows(width_ - 60, scheme_entries());
    more_legend_ = plots::kLegendRow * static_cast<double>(std::max<std::size_t>(rows, 1) - 1);
    height_ += more_legend_;
  }

  [[nodiscard]] bool empty() const { return shown_.empty(); }
  // Whether some are below the scale.
  [[nodiscard]] bool clipped() const {
    const Frame frame = make_frame();
    return std::ranges::any_of(
        shown_, [&](std::size_t i) { return is_below(frame, report_.candidates[i]); });
  }

  [[nodiscard]] std::string draw(std::string_view id) const {
    Svg svg(width_, height_, id, texts_.chart,
            say(texts_.chart_description, shown_.size(), ap_percent(report_.baseline().ap)) +
                points_in_words(),
            texts_.html_lang == "ja" ? plots::Language::kJapanese : plots::Language::kEnglish);
    const Frame frame = make_frame();
    draw_x_axis(svg, frame, ticks_of(frame.x, wide() ? 9 : 5, kMegabyte), texts_.axis_size);
    draw_y_axis(svg, frame, ticks_of(frame.y, 5), texts_.axis_ap);
    draw_line(svg, frame, baseline_ap(), kBaselineDash);
    if (allowed_shown()) draw_line(svg, frame, allowed_ap(), kAllowedDash);
    if (const auto steps = front_steps(frame); !steps.empty())
      svg.polyline(steps, {plots::kAxis, 1.2});
    for (const std::size_t i : shown_) draw_bar(svg, frame, report_.candidates[i]);
    for (const std::size_t i : shown_) {
      const Candidate& one = report_.candidates[i];
      const plots::SchemeStyle& style = plots::style_of(one.scheme);
      svg.mark(style.shape, place(frame, one), kDotRadius, style.colour,
               fmt::format("{} {}", i, point_text(one)),
               one.standing == Standing::kBeyond ? kPaleOpacity : 1);
    }
    draw_numbers(svg, frame);
    draw_legend(svg);
    return svg.str();
  }

 private:
  [[nodiscard]] double baseline_ap() const { return report_.baseline().ap.value_or(0) * 100; }
  [[nodiscard]] double allowed_ap() const {
    return baseline_ap() - (report_.tolerance - report_.margin) * 100;
  }

  [[nodiscard]] std::pair<double, double> interval(const Candidate& one) const {
    if (!one.delta) return {*one.ap * 100, *one.ap * 100};
    return {baseline_ap() + one.delta->low * 100, baseline_ap() + one.delta->high * 100};
  }

  [[nodiscard]] bool wide() const { return width_ > 600; }
  [[nodiscard]] bool allowed_shown() const { return report_.outcome != Outcome::kBaselineUnusable; }

  [[nodiscard]] Frame make_frame() const {
    double low = allowed_shown() ? allowed_ap() : baseline_ap();
    double high = baseline_ap(), most = 0, least = 1e300;
    for (const std::size_t i : shown_) {
      const Candidate& one = report_.candidates[i];
      low = std::min(low, interval(one).first);
      high = std::max(high, interval(one).second);
      most = std::max(most, one.bytes);
      least = std::min(least, one.bytes);
    }
    // What loses many times the tolerance would press all that matters into one line.
    low = std::max(low, baseline_ap() - std::max(kTolerancesShown * report_.tolerance * 100, 2.0));
    const double room = std::max((high - low) * 0.08, 0.2);
    const double step = plots::nice_step(high - low + 2 * room, 5);
    low = std::max(std::floor((low - room) / step) * step, 0.0);
    high = high + room;
    const double margin = std::max((most - least) * 0.08, most * 0.04);
    const plots::Box area{46, 34, width_ - 16, height_ - more_legend_ - (wide() ? 100 : 120)};
    return {area, Scale(Scale::Kind::kLinear, least - margin, most + margin, area.left, area.right),
            Scale(Scale::Kind::kLinear, low, high, area.bottom - kFootroom, area.top)};
  }

  [[nodiscard]] static bool is_below(const Frame& frame, const Candidate& one) {
    return *one.ap * 100 < frame.y.low();
  }
  [[nodiscard]] static Point place(const Frame& frame, const Candidate& one) {
    if (is_below(frame, one)) return {frame.x(one.bytes), frame.area.bottom - kDotRadius - 2};
    return frame.at(one.bytes, *one.ap * 100);
  }

  void draw_line(Svg& svg, const Frame& frame, double ap, std::string_view dash) const {
    const double y = frame.y(ap);
    svg.line({frame.area.left, y}, {frame.area.right, y}, {plots::kMuted, 1.2, dash});
  }

  // Steps between the networks that no other is both smaller and better than.
  [[nodiscard]] std::vector<Point> front_steps(const Frame& frame) const {
    std::vector<const Candidate*> sorted;
    for (const std::size_t i : shown_) sorted.push_back(&report_.candidates[i]);
    std::ranges::stable_sort(sorted, {}, &Candidate::bytes);
    std::vector<Point> steps;
    double best = -1;
    for (const Candidate* one : sorted) {
      if (*one->ap <= best) continue;
      best = *one->ap;
      const Point at = place(frame, *one);
      if (!steps.empty()) steps.push_back({at.x, steps.back().y});
      steps.push_back(at);
    }
    if (!steps.empty()) steps.push_back({frame.area.right, steps.back().y});
    return steps;
  }

  void draw_bar(Svg& svg, const Frame& frame, const Candidate& one) const {
    if (!one.delta || is_below(frame, one)) return;
    const auto [low, high] = interval(one);
    const double x = frame.x(one.bytes);
    svg.line({x, std::min(frame.y(low), frame.area.bottom)}, {x, frame.y(high)},
             {plots::style_of(one.scheme).colour, 1.6});
  }

  void draw_numbers(Svg& svg, const Frame& frame) const {
    plots::LabelPlacer placer(
        {frame.area.left, frame.area.top - 10, frame.area.right, frame.area.bottom});
    std::vector<plots::LabelRequest> requests;
    for (const std::size_t i : shown_) {
      const Candidate& one = report_.candidates[i];
      placer.add_mark(place(frame, one), kDotRadius);
      requests.push_back(
          {place(frame, one),
           kDotRadius,
           label_of(frame, i),
           {12.5, plots::kInk, plots::Anchor::kStart, one.standing == Standing::kWithin, true},
           30});
    }
    for (const double ap : {baseline_ap(), allowed_ap()}) {
      const double y = frame.y(ap);
      placer.avoid({frame.area.left, y}, {frame.area.right, y});
    }
    const std::vector<Point> steps = front_steps(frame);
    for (std::size_t i = 1; i < steps.size(); ++i) placer.avoid(steps[i - 1], steps[i]);
    for (const std::size_t i : shown_) {
      const Candidate& one = report_.candidates[i];
      if (!one.delta || is_below(frame, one)) continue;
      const auto [low, high] = interval(one);
      const double x = frame.x(one.bytes);
      placer.avoid({x, std::min(frame.y(low), frame.area.bottom)}, {x, frame.y(high)});
    }
    const auto placed = placer.place_all(requests);
    for (std::size_t i = 0; i < placed.size(); ++i) {
      if (!placed[i]) continue;
      if (placed[i]->leader)
        svg.line(placed[i]->leader->first, placed[i]->leader->second, {plots::kAxis, 0.8});
      svg.text(placed[i]->at, requests[i].text, requests[i].style);
    }
  }

  [[nodiscard]] std::vector<plots::LegendEntry> scheme_entries() const {
    std::vector<plots::LegendEntry> entries;
    for (const plots::SchemeStyle& style : plots::scheme_styles()) {
      const bool there = std::ranges::any_of(
          shown_, [&](std::size_t i) { return report_.candidates[i].scheme == style.scheme; });
      if (!there) continue;
      const std::string name(style.scheme == plots::kHybrid ? texts_.hybrid : style.scheme);
      entries.push_back({plots::LegendEntry::Kind::kMark, name, style.colour, style.shape});
    }
    return entries;
  }

  void draw_legend(Svg& svg) const {
    const double first = height_ - more_legend_ - (wide() ? 32 : 52);
    plots::draw_legend_row(svg, {46, first}, width_ - 60, scheme_entries());
    using Kind = plots::LegendEntry::Kind;
    std::vector<plots::LegendEntry> lines = {
        {Kind::kLine,
         say(texts_.line_baseline, fmt::format("{:.2f}", baseline_ap())),
         plots::kMuted,
         {},
         kBaselineDash,
         1.2}};
    if (allowed_shown()) {
      lines.push_back({Kind::kLine,
                       say(texts_.line_allowed, fmt::format("{:.2f}", allowed_ap())),
                       plots::kMuted,
                       {},
                       kAllowedDash,
                       1.2});
    }
    const plots::LegendEntry front = {
        Kind::kLine, std::string(texts_.line_front), plots::kAxis, {}, {}, 1.2};
    if (wide()) {
      lines.push_back(front);
    } else {
      plots::draw_legend_row(svg, {46, height_ - 10}, width_ - 50, {front});
    }
    plots::draw_legend_row(svg, {46, first + more_legend_ + 22}, width_ - 50, lines);
  }

  [[nodiscard]] std::string label_of(const Frame& frame, std::size_t i) const {
    const Candidate& one = report_.candidates[i];
    if (is_below(frame, one)) return fmt::format("{} (AP {:.1f})", i, *one.ap * 100);
    return fmt::format("{}{}", i, one.standing == Standing::kUndecided ? "?" : "");
  }

  [[nodiscard]] std::string point_text(const Candidate& one) const {
    return say(texts_.chart_point, one.name + (one.details.empty() ? "" : " " + one.details),
               megabytes(one.bytes), ap_percent(one.ap),
               one.delta ? signed_points(one.delta->value) : std::string(texts_.absent));
  }

  [[nodiscard]] std::string points_in_words() const {
    std::string text;
    for (const std::size_t i : shown_)
      text += fmt::format(" {}. {}.", i, point_text(report_.candidates[i]));
    return text;
  }

  const PocReport& report_;
  const Texts& texts_;
  double width_, height_;
  double more_legend_ = 0;  // height of its rows behind the first
  std::vector<std::size_t> shown_;
};

}  // namespace

std::string pareto_chart(const PocReport& report, const Texts& texts, std::string_view id,
                         double width, double height) {
  const ParetoChart chart(report, texts, width, height);
  return chart.empty() ? std::string() : chart.draw(id);
}

bool is_clipped(const PocReport& report, const Texts& texts) {
  const ParetoChart chart(report, texts, 960, 440);
  return !chart.empty() && chart.clipped();
}

}  // namespace qyolo::report
