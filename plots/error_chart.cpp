#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "plots/chart_parts.h"
#include "plots/diagnosis_charts.h"

namespace qyolo::plots {
namespace {

using Bar = ErrorBars::Bar;

constexpr std::string_view kNetwork = "#0072b2", kOfBaseline = "#b6c2cd";

class ErrorChart {
 public:
  ErrorChart(const ErrorBars& errors, const Look& look)
      : data_(errors), look_(look), texts_(texts_of(look.language)) {
    for (const std::vector<Bar>* bars : {&errors.types, &errors.sums}) {
      for (const Bar& bar : *bars) {
        add(bar.network);
        if (!bar.baseline) continue;
        add(*bar.baseline);
        paired_ = true;
      }
    }
    most_ = std::max(most_, 0.01);
  }

  [[nodiscard]] std::string draw() const {
    const double row = paired_ ? 42 : 32;
    Svg svg(look_.width, 0, "errors", texts_.errors_title, description(), look_.language);
    draw_heading(svg, look_, texts_.errors_title, data_.subtitle);
    double y = heading_bottom(look_, texts_.errors_title, data_.subtitle) + 22;
    if (paired_) {
      const std::vector<LegendEntry> keys = {
          {LegendEntry::Kind::kMark, std::string(texts_.errors_network), kNetwork, Shape::kSquare},
          {LegendEntry::Kind::kMark, std::string(texts_.baseline), kOfBaseline, Shape::kSquare}};
      draw_legend_row(svg, {look_.margin(), y + 8}, look_.inner(), keys);
      y += 28;
    }
    const double bottom =
        y + row * static_cast<double>(data_.types.size() + data_.sums.size()) + kGap;
    // Room for the texts beside the bars.
    double beside = 0;
    for (const std::vector<Bar>* bars : {&data_.types, &data_.sums}) {
      for (const Bar& bar : *bars) {
        beside = std::max(beside, text_width(text_of(bar.network), 11.5));
        if (bar.baseline) beside = std::max(beside, text_width(text_of(*bar.baseline), 11.5));
      }
    }
    const Box area = {left(), y, look_.right() - beside - 12, bottom};
    const Frame frame = {area, Scale(Scale::Kind::kLinear, least_, most_, area.left, area.right),
                         Scale(Scale::Kind::kLinear, 0, 1, area.bottom, area.top)};
    const std::vector<Tick> ticks = ticks_of(frame.x, look_.narrow() ? 3 : 8);
    for (const Tick& tick : ticks)
      svg.line({frame.x(tick.value), area.top}, {frame.x(tick.value), area.bottom}, {kGrid, 1});
    svg.open("bars");
    for (const Bar& bar : data_.types) draw_bar(svg, frame, bar, std::exchange(y, y + row), row);
    svg.line({look_.margin(), y + kGap / 2}, {area.right, y + kGap / 2}, {kGrid, 1});
    y += kGap;
    for (const Bar& bar : data_.sums) draw_bar(svg, frame, bar, std::exchange(y, y + row), row);
    svg.close();
    svg.line({frame.x(0), area.top}, {frame.x(0), area.bottom}, {kAxis, 1});
    draw_x_axis(svg, frame, ticks, look_.narrow() ? "" : texts_.errors_axis);
    double below = bottom + 44;
    if (look_.narrow()) {
      for (const std::string& line : wrap_text(texts_.errors_axis, look_.inner(), 12.5)) {
        svg.text({look_.width / 2, below}, line, {12.5, kInk, Anchor::kMiddle});
        below += 17;
      }
    }
    below += 26;
    draw_note(svg, look_, below, texts_.errors_note);
    svg.resize(below + note_height(look_, texts_.errors_note));
    return svg.str();
  }

 private:
  static constexpr double kGap = 20;

  [[nodiscard]] double left() const {
    double width = 60;
    for (const std::vector<Bar>* bars : {&data_.types, &data_.sums}) {
      for (const Bar& bar : *bars) width = std::max(width, text_width(bar.name, 12.5));
    }
    return look_.margin() + 12 + std::min(width, look_.narrow() ? 118.0 : 128.0);
  }

  void add(const ErrorBars::Amount& amount) {
    most_ = std::max(most_, amount.delta_ap * 100);
    least_ = std::min(least_, amount.delta_ap * 100);
  }

  [[nodiscard]] std::string text_of(const ErrorBars::Amount& amount) const {
    return say(texts_.errors_count, fmt::format("{:.2f}", amount.delta_ap * 100), amount.errors);
  }

  void draw_bar(Svg& svg, const Frame& frame, const Bar& bar, double y, double row) const {
    const double end_of_name = left() - 12;
    svg.text({end_of_name, y + row / 2 + 4}, fit_text(bar.name, end_of_name - look_.margin(), 12.5),
             {12.5, kInk, Anchor::kEnd});
    const auto one = [&](const ErrorBars::Amount& amount, double top, double bottom,
                         std::string_view fill, std::string_view ink, const std::string& whose) {
      const double zero = frame.x(0), end = frame.x(amount.delta_ap * 100);
      svg.rectangle({std::min(zero, end), top, std::max({zero, end, zero + 1}), bottom}, fill,
                    fmt::format("{}{}: {}", bar.name, whose, text_of(amount)));
      svg.text({std::max(zero, end) + 8, (top + bottom) / 2 + 4}, text_of(amount), {11.5, ink});
    };
    if (!paired_) {
      one(bar.network, y + 6, y + row - 6, kNetwork, kInk, "");
      return;
    }
    one(bar.network, y + 6, y + row / 2, kNetwork, kInk, "");
    if (bar.baseline)
      one(*bar.baseline, y + row / 2 + 1, y + row - 6, kOfBaseline, kMuted,
          std::string(texts_.errors_of_baseline));
  }

  [[nodiscard]] std::string description() const {
    std::string text = say(texts_.errors_description, data_.subtitle);
    for (const std::vector<Bar>* bars : {&data_.types, &data_.sums}) {
      for (const Bar& bar : *bars) {
        text += fmt::format(" {}: {}", bar.name, text_of(bar.network));
        if (bar.baseline)
          text += fmt::format("{}: {}", texts_.errors_of_baseline, text_of(*bar.baseline));
        text += '.';
      }
    }
    return text;
  }

  const ErrorBars& data_;
  Look look_;
  const ChartTexts& texts_;
  bool paired_ = false;
  double least_ = 0, most_ = 0;  // points
};

}  // namespace

std::string error_chart(const ErrorBars& errors, const Look& look) {
  return ErrorChart(errors, look).draw();
}

}  // namespace qyolo::plots
