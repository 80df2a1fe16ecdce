#include <fmt/format.h>

#include <algorithm>

#include "plots/chart_parts.h"
#include "plots/diagnosis_charts.h"

namespace qyolo::plots {
namespace {

using Bar = ErrorBars::Bar;

constexpr std::string_view kNetwork = "#0072b2", kBaseline = "#b6c2cd";

class ErrorChart {
 public:
  explicit ErrorChart(const ErrorBars& errors) : data_(errors) {
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
    const double top = paired_ ? 116 : 88;
    const double height =
        top + row * static_cast<double>(data_.types.size() + data_.sums.size()) + kGap + 82;
    Svg svg(kWidth, height, "errors", kTitle, description());
    draw_heading(svg, {kMargin, kMargin - 6}, kWidth - 2 * kMargin, kTitle, data_.subtitle);
    if (paired_) {
      draw_legend_row(svg, {kMargin, 96}, kWidth - 2 * kMargin,
                      {{LegendEntry::Kind::kMark, "network", kNetwork, Shape::kSquare},
                       {LegendEntry::Kind::kMark, "baseline", kBaseline, Shape::kSquare}});
    }
    const Box area = {kLeft, top, kRight, height - 82};
    const Frame frame = {area, Scale(Scale::Kind::kLinear, least_, most_, area.left, area.right),
                         Scale(Scale::Kind::kLinear, 0, 1, area.bottom, area.top)};
    for (const Tick& tick : ticks_of(frame.x, 8))
      svg.line({frame.x(tick.value), area.top}, {frame.x(tick.value), area.bottom}, {kGrid, 1});
    svg.open("bars");
    double y = top;
    for (const Bar& bar : data_.types) draw_bar(svg, frame, bar, std::exchange(y, y + row), row);
    svg.line({kMargin, y + kGap / 2}, {area.right, y + kGap / 2}, {kGrid, 1});
    y += kGap;
    for (const Bar& bar : data_.sums) draw_bar(svg, frame, bar, std::exchange(y, y + row), row);
    svg.close();
    svg.line({frame.x(0), area.top}, {frame.x(0), area.bottom}, {kAxis, 1});
    draw_x_axis(svg, frame, ticks_of(frame.x, 8),
                "AP50 gained by fixing these errors alone, points");
    svg.text({kMargin, height - 12},
             fit_text("Error types of TIDE (Bolya et al. 2020); gains of the types do not add up.",
                      kWidth - 2 * kMargin, 11),
             {11, kMuted});
    return svg.str();
  }

 private:
  static constexpr std::string_view kTitle = "What AP50 is lost to";
  static constexpr double kLeft = 168, kRight = kWidth - 200, kGap = 20;

  void add(const ErrorBars::Amount& amount) {
    most_ = std::max(most_, amount.delta_ap * 100);
    least_ = std::min(least_, amount.delta_ap * 100);
  }

  static std::string text_of(const ErrorBars::Amount& amount) {
    return fmt::format("{:.2f} ({} errors)", amount.delta_ap * 100, amount.errors);
  }

  void draw_bar(Svg& svg, const Frame& frame, const Bar& bar, double y, double row) const {
    svg.text({kLeft - 12, y + row / 2 + 4}, fit_text(bar.name, kLeft - 12 - kMargin, 12.5),
             {12.5, kInk, Anchor::kEnd});
    const auto one = [&](const ErrorBars::Amount& amount, double top, double bottom,
                         std::string_view fill, std::string_view ink, std::string_view whose) {
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
      one(*bar.baseline, y + row / 2 + 1, y + row - 6, kBaseline, kMuted, ", baseline");
  }

  [[nodiscard]] std::string description() const {
    std::string text =
        fmt::format("Bars of the AP50 gained by fixing one type of errors, {}.", data_.subtitle);
    for (const std::vector<Bar>* bars : {&data_.types, &data_.sums}) {
      for (const Bar& bar : *bars) {
        text += fmt::format(" {}: {}", bar.name, text_of(bar.network));
        if (bar.baseline) text += fmt::format(", baseline {}", text_of(*bar.baseline));
        text += '.';
      }
    }
    return text;
  }

  const ErrorBars& data_;
  bool paired_ = false;
  double least_ = 0, most_ = 0;  // points
};

}  // namespace

std::string error_chart(const ErrorBars& errors) { return ErrorChart(errors).draw(); }

}  // namespace qyolo::plots
