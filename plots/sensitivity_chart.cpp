#include <algorithm>

#include "plots/axes.h"
#include "plots/chart_parts.h"
#include "plots/charts.h"
#include "plots/svg.h"
#include "plots/theme.h"
#include "results/text.h"

namespace qyolo::plots {
namespace {

constexpr double kLeft = 190, kRight = kWidth - 90, kTop = 84, kRow = 17;
constexpr std::string_view kAlone = "#0b6e99";
constexpr std::string_view kButThis = "#d98e04";

std::string amount(double value) { return fmt::format("{:.3g}", value); }

}  // namespace

std::string sensitivity_chart(const SensitivityBars& data) {
  constexpr std::string_view kTitle = "Sensitivity of the layers";
  double low = 0, high = 0;
  bool paired = false;
  for (const auto& bar : data.bars) {
    low = std::min({low, bar.alone, bar.but_this.value_or(0)});
    high = std::max({high, bar.alone, bar.but_this.value_or(0)});
    paired = paired || bar.but_this;
  }
  std::string description = fmt::format("Bars of {} by layer, {}.", data.measure, data.subtitle);
  for (const auto& bar : data.bars) {
    description += fmt::format(" {}: {} alone", bar.name, amount(bar.alone));
    if (bar.but_this) description += fmt::format(", {} gained without it", amount(*bar.but_this));
    description += '.';
  }
  const double row = paired ? 1.6 * kRow : kRow;
  const double bottom = kTop + row * static_cast<double>(data.bars.size());
  Svg svg(kWidth, bottom + 50, "sensitivity", kTitle, description);
  svg.text({kMargin, 30}, kTitle, {18, kInk, Anchor::kStart, true});
  svg.text({kMargin, 50}, fit_text(data.subtitle, kWidth - 2 * kMargin, 12.5), {12.5, kMuted});
  const auto legend = [&](double x, std::string_view colour, std::string_view text) {
    svg.rectangle({x, 62, x + 12, 72}, colour);
    svg.text({x + 18, 72}, text, {12, kInk});
  };
  legend(kMargin, kAlone, "only this layer quantized");
  if (paired) legend(kMargin + 220, kButThis, "all but this layer: gained against all");
  const Scale x(Scale::Kind::kLinear, low, high > low ? high : low + 1, kLeft, kRight);
  const Frame frame{
      {kLeft, kTop, kRight, bottom}, x, Scale(Scale::Kind::kLinear, 0, 1, bottom, kTop)};
  draw_x_axis(svg, frame, ticks_of(x, 8), data.measure);
  double y = kTop;
  for (const auto& bar : data.bars) {
    svg.text({kLeft - 10, y + row / 2 + 4}, fit_text(bar.name, kLeft - 10 - kMargin, 11),
             {11, kInk, Anchor::kEnd});
    const auto one = [&](double value, double top, double end, std::string_view colour) {
      const double zero = x(0), at = x(value);
      svg.rectangle({std::min(zero, at), top, std::max({zero, at, std::min(zero, at) + 1}), end},
                    colour, fmt::format("{}: {}", bar.name, amount(value)));
    };
    const double split = paired ? y + row / 2 : y + row - 2;
    one(bar.alone, y + 2, split, kAlone);
    if (bar.but_this) one(*bar.but_this, split + 1, y + row - 2, kButThis);
    svg.text({std::max({x(0), x(bar.alone), x(bar.but_this.value_or(0))}) + 6, y + row / 2 + 4},
             amount(bar.alone), {10.5, kMuted});
    y += row;
  }
  return svg.str();
}

}  // namespace qyolo::plots
