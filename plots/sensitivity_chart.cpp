#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "plots/axes.h"
#include "plots/chart_parts.h"
#include "plots/charts.h"
#include "plots/svg.h"
#include "plots/theme.h"

namespace qyolo::plots {
namespace {

using SensitivityBar = SensitivityBars::Bar;

constexpr std::size_t kMostShown = 20;
constexpr double kRow = 22;
constexpr std::string_view kAlone = "#0072b2", kButThis = "#d55e00";
// What is smaller than the largest by more than this stands at the axis's low end.
constexpr double kMostDecades = 4;

std::string amount(double value) { return fmt::format("{:.3g}", value); }

class SensitivityChart {
 public:
  SensitivityChart(const SensitivityBars& data, const Look& look)
      : data_(data), look_(look), texts_(texts_of(look.language)) {
    for (const SensitivityBar& bar : data.bars) bars_.push_back(&bar);
    std::ranges::stable_sort(bars_, std::greater<>(), &SensitivityBar::alone);
    if (bars_.size() > kMostShown) bars_.resize(kMostShown);
    double least = HUGE_VAL;
    for (const SensitivityBar* bar : bars_) {
      for (const double value : {bar->alone, bar->but_this.value_or(0)}) {
        highest_ = std::max(highest_, value);
        if (value > 0) least = std::min(least, value);
      }
      paired_ = paired_ || bar->but_this;
    }
    if (highest_ <= 0) highest_ = 1;
    lowest_ = std::max(std::min(least, highest_), highest_ * std::pow(10, -kMostDecades)) / 1.3;
    not_positive_ = std::ranges::any_of(bars_, [](const SensitivityBar* bar) {
      return bar->alone <= 0 || bar->but_this.value_or(1) <= 0;
    });
  }

  [[nodiscard]] std::string draw() const {
    const std::string_view title = texts_.sensitivity_title;
    Svg svg(look_.width, 0, "sensitivity", title, description(), look_.language);
    draw_heading(svg, look_, title, data_.subtitle);
    double y = heading_bottom(look_, title, data_.subtitle) + 30;
    const std::vector<LegendEntry> keys = legend();
    draw_legend_row(svg, {look_.margin(), y}, look_.inner(), keys);
    y += kLegendRow * static_cast<double>(legend_rows(look_.inner(), keys));
    const double bottom = y + kRow * static_cast<double>(bars_.size());
    const double left = look_.margin() + name_width() + 10, right = look_.right() - 60;
    const Frame frame{{left, y, right, bottom},
                      Scale(Scale::Kind::kLog2, lowest_, highest_, left + kRadius, right),
                      Scale(Scale::Kind::kLinear, 0, 1, bottom, y)};
    const std::vector<Tick> ticks = decimal_ticks();
    for (const Tick& tick : ticks)
      svg.line({frame.x(tick.value), y}, {frame.x(tick.value), bottom}, {kGrid, 1});
    svg.open("bars");
    for (const SensitivityBar* bar : bars_) {
      draw_bar(svg, frame, *bar, y + kRow / 2);
      y += kRow;
    }
    svg.close();
    draw_x_axis(svg, frame, ticks, "");
    y += 42;
    const double middle = look_.narrow() ? look_.width / 2 : frame.area.centre().x;
    for (const std::string& line :
         wrap_text(say(texts_.log_scale, measure_text()), look_.inner(), 12.5)) {
      svg.text({middle, y}, line, {12.5, kInk, Anchor::kMiddle});
      y += 17;
    }
    y += 5;
    const std::string text = note();
    draw_note(svg, look_, y, text);
    svg.resize(y + note_height(look_, text));
    return svg.str();
  }

 private:
  [[nodiscard]] std::string_view measure_text() const {
    switch (data_.measure) {
      case SensitivityBars::Measure::kAp:
        return texts_.sensitivity_ap;
      case SensitivityBars::Measure::kHeadError:
        return texts_.sensitivity_head_error;
      case SensitivityBars::Measure::kKl:
        break;
    }
    return texts_.sensitivity_kl;
  }

  [[nodiscard]] double name_width() const {
    double width = 40;
    for (const SensitivityBar* bar : bars_) width = std::max(width, text_width(bar->name, 11));
    return std::min(width, look_.narrow() ? 130.0 : 220.0);
  }

  [[nodiscard]] std::vector<Tick> decimal_ticks() const {
    std::vector<Tick> ticks;
    for (double power = std::pow(10, std::floor(std::log10(lowest_))); power <= highest_;
         power *= 10) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor > 1 && look_.narrow()) continue;
        const double value = factor * power;
        if (value >= lowest_ * (1 - 1e-9) && value <= highest_ * (1 + 1e-9))
          ticks.push_back({value, amount(value)});
      }
    }
    return ticks;
  }

  void draw_bar(Svg& svg, const Frame& frame, const SensitivityBar& bar, double y) const {
    svg.text({frame.area.left - 10, y + 4}, fit_text(bar.name, name_width(), 11),
             {11, kInk, Anchor::kEnd});
    const auto x_of = [&](double value) {
      return value > lowest_ ? frame.x(value) : frame.area.left;
    };
    if (bar.alone > lowest_) {
      svg.rectangle({frame.area.left, y - 3, x_of(bar.alone), y + 3}, kAlone,
                    say(texts_.sensitivity_tooltip, bar.name, amount(bar.alone)));
    }
    if (bar.but_this) {
      svg.mark(Shape::kOpenDiamond, {x_of(*bar.but_this), y}, kRadius, kButThis,
               say(texts_.sensitivity_tooltip, bar.name, amount(*bar.but_this)));
    }
    const double end = std::max(x_of(bar.alone), bar.but_this ? x_of(*bar.but_this) : 0);
    svg.text({end + kRadius + 6, y + 4}, amount(bar.alone), {10.5, kMuted});
  }

  [[nodiscard]] std::vector<LegendEntry> legend() const {
    using Kind = LegendEntry::Kind;
    std::vector<LegendEntry> entries = {
        {Kind::kLine, std::string(texts_.sensitivity_alone), kAlone, {}, {}, 6}};
    if (paired_)
      entries.push_back(
          {Kind::kMark, std::string(texts_.sensitivity_but_this), kButThis, Shape::kOpenDiamond});
    return entries;
  }

  [[nodiscard]] std::string note() const {
    std::vector<std::string> sentences = {std::string(texts_.sensitivity_order)};
    if (bars_.size() < data_.bars.size())
      sentences.push_back(say(texts_.sensitivity_top, bars_.size(), data_.bars.size(),
                              amount(bars_.back()->alone)));
    if (not_positive_) sentences.emplace_back(texts_.sensitivity_not_positive);
    return joined(sentences, texts_);
  }

  // All layers, in network order.
  [[nodiscard]] std::string description() const {
    std::string text = say(texts_.sensitivity_description, measure_text(), data_.subtitle);
    for (const SensitivityBar& bar : data_.bars) {
      text += fmt::format(" {}: {}", bar.name, amount(bar.alone));
      if (bar.but_this) text += fmt::format(" / {}", amount(*bar.but_this));
      text += '.';
    }
    return text;
  }

  const SensitivityBars& data_;
  Look look_;
  const ChartTexts& texts_;
  std::vector<const SensitivityBar*> bars_;  // the largest first
  double lowest_ = 0, highest_ = 0;
  bool paired_ = false, not_positive_ = false;
};

}  // namespace

std::string sensitivity_chart(const SensitivityBars& sensitivity, const Look& look) {
  return SensitivityChart(sensitivity, look).draw();
}

}  // namespace qyolo::plots
