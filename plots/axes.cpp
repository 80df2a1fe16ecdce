#include "plots/axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plots/theme.h"

namespace qyolo::plots {
namespace {

// Just enough digits: "0.5", "12", "1e+12".
std::string label_of(double value) {
  return fmt::format("{:.6g}", std::abs(value) < 1e-12 ? 0.0 : value);
}

std::vector<Tick> linear_ticks(const Scale& scale, int count, double unit) {
  const double low = scale.low() / unit, high = scale.high() / unit;
  const double step = nice_step(high - low, count);
  std::vector<Tick> ticks;
  for (int i = 0; i < 4 * count + 4; ++i) {
    const double value = (std::ceil(low / step - 1e-9) + i) * step;
    if (value > high + step * 1e-9) break;
    ticks.push_back({value * unit, label_of(value)});
  }
  return ticks;
}

std::vector<Tick> log2_ticks(const Scale& scale, int count, double unit) {
  const double low = std::log2(scale.low() / unit), high = std::log2(scale.high() / unit);
  const double octaves = high - low;
  if (octaves < 1.2) return linear_ticks(scale, count, unit);
  const double stride = std::max(1.0, std::ceil(octaves / count));
  std::vector<Tick> ticks;
  const auto add = [&](double value) {
    if (std::log2(value) >= low - 1e-9 && std::log2(value) <= high + 1e-9)
      ticks.push_back({value * unit, label_of(value)});
  };
  for (double exponent = std::floor(low); exponent <= high; exponent += stride) {
    add(std::exp2(exponent));
    if (octaves <= count / 2.0) add(1.5 * std::exp2(exponent));
  }
  return ticks;
}

}  // namespace

Scale::Scale(Kind kind, double low, double high, double pixel_low, double pixel_high)
    : kind_(kind), pixel_low_(pixel_low), pixel_high_(pixel_high) {
  if (high < low) std::swap(low, high);
  if (kind == Kind::kLog2) {
    low = std::max(low, 1e-300);
    if (high <= low * (1 + 1e-9)) {
      high = low * 1.5;
      low /= 1.5;
    }
  } else if (high - low <= std::abs(high) * 1e-12) {
    const double extent = std::max(std::abs(high) * 0.1, 1e-9);
    low -= extent;
    high += extent;
  }
  low_ = low;
  high_ = high;
  from_ = kind == Kind::kLog2 ? std::log2(low) : low;
  to_ = kind == Kind::kLog2 ? std::log2(high) : high;
}

double Scale::operator()(double value) const {
  const double placed = kind_ == Kind::kLog2 ? std::log2(std::max(value, 1e-300)) : value;
  return pixel_low_ + (placed - from_) / (to_ - from_) * (pixel_high_ - pixel_low_);
}

double nice_step(double extent, int count) {
  const double rough = std::max(extent, 1e-300) / std::max(count, 1);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

std::vector<Tick> ticks_of(const Scale& scale, int count, double unit) {
  return scale.kind() == Scale::Kind::kLog2 ? log2_ticks(scale, count, unit)
                                            : linear_ticks(scale, count, unit);
}

void draw_x_axis(Svg& svg, const Frame& frame, const std::vector<Tick>& ticks,
                 std::string_view title) {
  const double y = frame.area.bottom;
  svg.open("axis");
  svg.line({frame.area.left, y}, {frame.area.right, y}, {kAxis, 1});
  double free_from = -1e9;
  for (const Tick& tick : ticks) {
    const double x = frame.x(tick.value);
    svg.line({x, y}, {x, y + 5}, {kAxis, 1});
    const TextStyle style{12, kMuted, Anchor::kMiddle};
    const Box box = text_box({x, y + 20}, tick.label, style);
    if (box.left < free_from) continue;
    svg.text({x, y + 20}, tick.label, style);
    free_from = box.right + 4;
  }
  if (!title.empty())
    svg.text({frame.area.centre().x, y + 42}, title, {12.5, kInk, Anchor::kMiddle});
  svg.close();
}

void draw_y_axis(Svg& svg, const Frame& frame, const std::vector<Tick>& ticks,
                 std::string_view title, bool labels) {
  svg.open("axis");
  for (const Tick& tick : ticks) {
    const double y = frame.y(tick.value);
    svg.line({frame.area.left, y}, {frame.area.right, y}, {kGrid, 1});
    if (labels) svg.text({frame.area.left - 8, y + 4}, tick.label, {12, kMuted, Anchor::kEnd});
  }
  if (!title.empty()) svg.text({frame.area.left - 8, frame.area.top - 14}, title, {12.5, kInk});
  svg.close();
}

}  // namespace qyolo::plots
