#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plots/chart_parts.h"
#include "plots/charts.h"
#include "plots/colour_scale.h"

namespace qyolo::plots {
namespace {

using Level = WeightHistogram::Level;

// Log scale where the fullest bin holds so many times what the lower quartile of filled bins does.
constexpr double kLogFrom = 50;
constexpr std::string_view kWeights = "#56b4e9", kGridColour = "#d55e00", kUnused = "#c4cad1";
constexpr std::string_view kBreakpoint = "#009e73", kEnd = "#1f2328";
constexpr std::string_view kBreakpointDash = "5 3";

std::string number(double value) { return fmt::format("{:.4g}", value); }

std::string percent(std::int64_t part, std::int64_t whole) {
  return fmt::format(
      "{:.2f} %", whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0.0);
}

class HistogramChart {
 public:
  HistogramChart(const WeightHistogram& histogram, const Look& look)
      : data_(histogram),
        look_(look),
        texts_(texts_of(look.language)),
        low_(histogram.low),
        high_(histogram.high) {
    if (!data_.levels.empty()) {
      low_ = std::min(low_, data_.levels.front().value);
      high_ = std::max(high_, data_.levels.back().value);
    }
    for (const double p : data_.breakpoints) {
      low_ = std::min(low_, p);
      high_ = std::max(high_, p);
    }
    const double room = 0.02 * (high_ - low_);
    low_ -= room;
    high_ += room;
    for (const std::int64_t count : data_.counts) {
      fullest_ = std::max(fullest_, static_cast<double>(count));
      if (count > 0) filled_.push_back(static_cast<double>(count));
    }
    std::sort(filled_.begin(), filled_.end());
    log_ = !filled_.empty() && fullest_ > kLogFrom * filled_[filled_.size() / 4];
    for (const Level& level : data_.levels) {
      fullest_level_ = std::max(fullest_level_, static_cast<double>(level.weights));
      if (level.weights > 0) ++used_;
    }
  }

  [[nodiscard]] std::string draw() const {
    const bool grid = !data_.levels.empty();
    Svg svg(look_.width, 0, kId, title(), description(), look_.language);
    draw_heading(svg, look_, title(), subtitle());
    double y = heading_bottom(look_, title(), subtitle()) + 28;
    draw_legend_row(svg, {look_.margin(), y}, look_.inner(), legend());
    y += kLegendRow * static_cast<double>(legend_rows(look_.inner(), legend())) + (grid ? 50 : 26);
    const Box above = {left(), y, look_.right(), y + (grid ? 206 : 290)};
    const Frame frame = {above, x_scale(), y_scale(fullest_, above.bottom, above.top + 4)};
    draw_y_axis(svg, frame, count_ticks(frame.y), "");
    svg.text({look_.margin(), above.top - (grid ? 40 : 16)}, axis_title(texts_.weights_per_bin),
             {12.5, kInk});
    draw_clipping(svg, frame);
    draw_bins(svg, frame);
    const Box below = {above.left, above.bottom + 36, above.right, above.bottom + 176};
    const Frame levels = {below, x_scale(), y_scale(fullest_level_, below.top, below.bottom - 2)};
    if (grid) draw_levels(svg, levels);
    if (grid) draw_lines(svg, above, below);
    const Frame lowest = grid ? levels : frame;
    draw_x_axis(svg, lowest, ticks_of(lowest.x, look_.narrow() ? 5 : 9), texts_.weight_axis);
    const double bottom = lowest.area.bottom + 66;
    draw_note(svg, look_, bottom, summary());
    svg.resize(bottom + note_height(look_, summary()));
    return svg.str();
  }

 private:
  static constexpr std::string_view kId = "weight-histogram";

  [[nodiscard]] double left() const { return look_.narrow() ? 48 : 76; }
  [[nodiscard]] std::string title() const {
    return say(texts_.histogram_title, data_.layer, data_.cell);
  }
  [[nodiscard]] std::string subtitle() const {
    std::string text = say(texts_.histogram_subtitle, data_.shape,
                           data_.group.empty() ? std::string(texts_.whole_layer) : data_.group,
                           data_.weights, number(data_.low), number(data_.high));
    if (data_.levels.empty()) return text;
    return text + (data_.sqnr_db ? say(texts_.histogram_sqnr, fmt::format("{:.2f}", *data_.sqnr_db))
                                 : std::string(texts_.histogram_exact));
  }
  [[nodiscard]] std::string summary() const {
    std::string text;
    if (!data_.levels.empty()) {
      text = say(texts_.levels_used, used_, data_.levels.size(), data_.clipped, data_.weights,
                 percent(data_.clipped, data_.weights));
    }
    return joined({text, data_.note}, texts_);
  }
  [[nodiscard]] std::string axis_title(std::string_view what) const {
    return log_ ? say(texts_.log_scale, what) : std::string(what);
  }

  [[nodiscard]] Scale x_scale() const {
    return {Scale::Kind::kLinear, low_, high_, left(), look_.right()};
  }
  // Of counts up to `most`. The log scale starts at a half, so that a single weight shows.
  [[nodiscard]] Scale y_scale(double most, double zero, double end) const {
    if (log_) return {Scale::Kind::kLog2, 0.5, std::max(most, 1.0), zero, end};
    return {Scale::Kind::kLinear, 0, std::max(most, 1.0), zero, end};
  }
  [[nodiscard]] static std::vector<Tick> count_ticks(const Scale& scale) {
    std::vector<Tick> ticks = ticks_of(scale, 5);
    std::erase_if(ticks, [](const Tick& tick) {
      return std::abs(tick.value - std::round(tick.value)) > 1e-9;
    });
    return ticks;
  }

  void draw_bins(Svg& svg, const Frame& frame) const {
    svg.open("bins");
    const double width = (data_.high - data_.low) / static_cast<double>(data_.counts.size());
    for (std::size_t i = 0; i < data_.counts.size(); ++i) {
      if (data_.counts[i] == 0) continue;
      const double from = data_.low + static_cast<double>(i) * width;
      double left = frame.x(from), right = frame.x(from + width);
      if (right - left > 3) right -= 0.8;
      if (right - left < 1) {
        left -= 1;
        right += 1;
      }
      svg.rectangle({left, frame.y(static_cast<double>(data_.counts[i])), right, frame.area.bottom},
                    kWeights,
                    say(texts_.bin_tooltip, number(from), number(from + width), data_.counts[i]));
    }
    svg.close();
    svg.line({frame.area.left, frame.area.bottom}, {frame.area.right, frame.area.bottom},
             {kAxis, 1});
  }

  // A tick for every level, and a stem for the weights on it.
  void draw_levels(Svg& svg, const Frame& frame) const {
    svg.text({look_.margin(), frame.area.top - 14}, axis_title(texts_.weights_per_level),
             {12.5, kInk});
    draw_y_axis(svg, frame, count_ticks(frame.y), "");
    svg.line({frame.area.left, frame.area.top}, {frame.area.right, frame.area.top}, {kAxis, 1});
    svg.open("levels");
    const double width = std::clamp(
        (look_.right() - left()) / static_cast<double>(data_.levels.size()) * 0.4, 1.2, 4.0);
    for (const Level& level : data_.levels) {
      const double x = frame.x(level.value), y = frame.area.top;
      const std::string text = say(texts_.level_tooltip, number(level.value), level.weights);
      const bool used = level.weights > 0;
      svg.line({x, y - 6}, {x, y}, {used ? kGridColour : kUnused, width});
      if (!used) continue;
      svg.rectangle({x - width / 2, y, x + width / 2, frame.y(static_cast<double>(level.weights))},
                    kGridColour, text);
    }
    svg.close();
  }

  void draw_clipping(Svg& svg, const Frame& frame) const {
    if (data_.levels.empty() || data_.clipped == 0) return;
    svg.open("clipped");
    const double first = frame.x(data_.levels.front().value);
    const double last = frame.x(data_.levels.back().value);
    const Box& area = frame.area;
    if (data_.low < data_.levels.front().value)
      draw_hatch(svg, {area.left, area.top, first, area.bottom}, {kUnused, 1});
    if (data_.high > data_.levels.back().value)
      draw_hatch(svg, {last, area.top, area.right, area.bottom}, {kUnused, 1});
    svg.close();
  }

  // Breakpoints and the ends of the grid, named in two rows above.
  void draw_lines(Svg& svg, const Box& area, const Box& below) const {
    svg.open("lines");
    const Scale x = x_scale();
    double free_from = 0;
    // Outwards from the line, or inwards where the canvas ends.
    const auto label = [&](double value, double y, bool leftwards, const std::string& text,
                           std::string_view colour) {
      const double width = text_width(text, 11.5);
      double left = leftwards ? x(value) - width : x(value);
      const double first = look_.margin(), end = look_.width - 12 - width;
      if (left < first) left = x(value);
      if (left > end) left = x(value) - width;
      left = std::clamp(left, first, std::max(first, end));
      if (left < free_from) return;
      svg.text({left, y}, text, {11.5, colour});
      free_from = left + width + 6;
    };
    const auto line = [&](double value, double top, const Stroke& stroke) {
      svg.line({x(value), top}, {x(value), area.bottom}, stroke);
      svg.line({x(value), below.top - 8}, {x(value), below.bottom}, stroke);
    };
    const double first = data_.levels.front().value, last = data_.levels.back().value;
    for (const double end : {first, last}) line(end, area.top - 18, {kEnd, 1});
    label(first, area.top - 22, true, say(texts_.lowest_level, number(first)), kEnd);
    if (last > first)
      label(last, area.top - 22, false, say(texts_.highest_level, number(last)), kEnd);
    free_from = 0;
    for (const double p : data_.breakpoints) {
      line(p, area.top - 2, {kBreakpoint, 1.4, kBreakpointDash});
      label(p, area.top - 7, p < 0, fmt::format("{} = {}", p < 0 ? "-p" : "p", number(p)),
            "#00664b");
    }
    svg.close();
  }

  [[nodiscard]] std::vector<LegendEntry> legend() const {
    using Kind = LegendEntry::Kind;
    std::vector<LegendEntry> entries = {
        {Kind::kMark, std::string(texts_.weights_key), kWeights, Shape::kSquare}};
    if (data_.levels.empty()) return entries;
    entries.push_back({Kind::kMark, std::string(texts_.used_levels), kGridColour, Shape::kSquare});
    if (used_ < data_.levels.size())
      entries.push_back({Kind::kMark, std::string(texts_.unused_levels), kUnused, Shape::kSquare});
    entries.push_back({Kind::kLine, std::string(texts_.ends_of_grid), kEnd, {}, {}, 1});
    if (!data_.breakpoints.empty())
      entries.push_back(
          {Kind::kLine, std::string(texts_.breakpoints), kBreakpoint, {}, kBreakpointDash, 1.4});
    if (data_.clipped > 0)
      entries.push_back({Kind::kLine,
                         say(texts_.clipped, percent(data_.clipped, data_.weights)),
                         kUnused,
                         {},
                         "2 2",
                         8});
    return entries;
  }

  [[nodiscard]] std::string description() const {
    std::string text = say(texts_.histogram_description, data_.layer, subtitle());
    if (data_.levels.empty()) return text;
    std::string grid = say(texts_.grid_description, data_.cell, number(data_.levels.front().value),
                           number(data_.levels.back().value));
    for (const double p : data_.breakpoints) grid += say(texts_.breakpoint_description, number(p));
    return joined({text, grid + ".", summary()}, texts_);
  }

  const WeightHistogram& data_;
  Look look_;
  const ChartTexts& texts_;
  double low_, high_;  // of the axis
  double fullest_ = 1, fullest_level_ = 1;
  std::vector<double> filled_;  // counts that are not 0, ascending
  std::size_t used_ = 0;
  bool log_ = false;
};

}  // namespace

std::string weight_histogram(const WeightHistogram& histogram, const Look& look) {
  return HistogramChart(histogram, look).draw();
}

}  // namespace qyolo::plots
