#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plots/chart_parts.h"
#include "plots/colour_scale.h"
#include "plots/diagnosis_charts.h"

namespace qyolo::plots {
namespace {

using Range = ScoreShifts::Range;

constexpr std::size_t kBins = 40;
constexpr std::size_t kMostClasses = 18;
constexpr std::string_view kBox = "#9ecae1", kMedian = "#08306b", kMean = "#d55e00";

class ShiftChart {
 public:
  ShiftChart(const ScoreShifts& shifts, const Look& look)
      : data_(shifts), look_(look), texts_(texts_of(look.language)), rows_(shifts.classes) {
    if (rows_.size() > kMostClasses) {
      std::ranges::stable_sort(rows_, {}, [](const Range& r) { return -std::abs(r.quantiles[2]); });
      rows_.resize(kMostClasses);
    }
    std::ranges::stable_sort(rows_, {}, [](const Range& range) { return range.quantiles[2]; });
    rows_.insert(rows_.begin(), shifts.all);
    for (const Range& range : rows_) {
      low_ = std::min({low_, range.quantiles.front(), range.mean});
      high_ = std::max({high_, range.quantiles.back(), range.mean});
    }
  }

  [[nodiscard]] std::string draw() const {
    Svg svg(look_.width, 0, "confidence-shift", texts_.shift_title, description(), look_.language);
    draw_heading(svg, look_, texts_.shift_title, data_.subtitle);
    const double head = heading_bottom(look_, texts_.shift_title, data_.subtitle);
    double y = 0;
    if (look_.narrow()) {
      const double size = look_.right() - 50;
      draw_density(svg, {50, head + 46, 50 + size, head + 46 + size});
      y = head + 46 + size + 78;
      draw_ranges(svg, look_.margin(), {150, y + 78, look_.right(), y + 78 + 34.0 * rows()}, y);
      y += 78 + 34.0 * rows();
    } else {
      draw_density(svg, {64, head + 66, 64 + kSide, head + 66 + kSide});
      draw_ranges(svg, 500, {644, head + 66, look_.right(), head + 66 + kSide}, head + 18);
      y = head + 66 + kSide;
    }
    std::string note(texts_.shift_note);
    if (data_.classes.size() + 1 > rows_.size())
      note = joined({note, say(texts_.shift_note_some, rows_.size() - 1, data_.classes.size())},
                    texts_);
    y += 70;
    draw_note(svg, look_, y, note);
    svg.resize(y + note_height(look_, note));
    return svg.str();
  }

 private:
  static constexpr double kSide = 380;

  [[nodiscard]] double rows() const { return static_cast<double>(rows_.size()); }

  static std::size_t bin_of(double score) {
    return static_cast<std::size_t>(
        std::min(std::clamp(score, 0.0, 1.0) * kBins, static_cast<double>(kBins - 1)));
  }

  void draw_density(Svg& svg, const Box& area) const {
    const Frame frame = {area, Scale(Scale::Kind::kLinear, 0, 1, area.left, area.right),
                         Scale(Scale::Kind::kLinear, 0, 1, area.bottom, area.top)};
    draw_y_axis(svg, frame, ticks_of(frame.y, 5), texts_.shift_network_axis);
    std::vector<std::int64_t> counts(kBins * kBins, 0);
    std::int64_t most = 1;
    for (const ScoreShifts::Pair& pair : data_.pairs) {
      std::int64_t& count = counts[bin_of(pair.network) * kBins + bin_of(pair.baseline)];
      most = std::max(most, ++count);
    }
    svg.open("density");
    const auto edge = [](std::size_t i) { return static_cast<double>(i) / kBins; };
    for (std::size_t y = 0; y < kBins; ++y) {
      for (std::size_t x = 0; x < kBins; ++x) {
        const std::int64_t count = counts[y * kBins + x];
        if (count == 0) continue;
        const Point corner = frame.at(edge(x), edge(y + 1)), other = frame.at(edge(x + 1), edge(y));
        const double share =
            std::log1p(static_cast<double>(count)) / std::log1p(static_cast<double>(most));
        svg.rectangle(
            {corner.x, corner.y, other.x - 0.6, other.y - 0.6}, gain_colour(0.25 + 0.75 * share),
            say(texts_.shift_density_tooltip, edge(x), edge(x + 1), edge(y), edge(y + 1), count));
      }
    }
    svg.close();
    svg.line({area.left, area.bottom}, {area.right, area.top}, {kInk, 1, kBaselineDash});
    draw_x_axis(svg, frame, ticks_of(frame.x, 5), texts_.shift_baseline_axis);
  }

  // Names stand between `names` and the area's left; keys from `top` on.
  void draw_ranges(Svg& svg, double names, const Box& area, double top) const {
    const double extent = std::max(high_ - low_, 0.02);
    const Frame frame = {area,
                         Scale(Scale::Kind::kLinear, low_ - 0.04 * extent, high_ + 0.04 * extent,
                               area.left, area.right),
                         Scale(Scale::Kind::kLinear, 0, 1, area.bottom, area.top)};
    svg.text({names, area.top - 14}, fit_text(texts_.shift_heading, area.right - names, 12.5),
             {12.5, kInk});
    draw_legend_row(
        svg, {names, top}, area.right - names,
        {{LegendEntry::Kind::kLine, "5–95 %", kMedian, {}, {}, 1.2},
         {LegendEntry::Kind::kLine, "25–75 %", kBox, {}, {}, 9},
         {LegendEntry::Kind::kLine, std::string(texts_.shift_median), kMedian, {}, {}, 3},
         {LegendEntry::Kind::kMark, std::string(texts_.shift_mean), kMean, Shape::kDiamond}});
    for (const Tick& tick : ticks_of(frame.x, 5))
      svg.line({frame.x(tick.value), area.top}, {frame.x(tick.value), area.bottom}, {kGrid, 1});
    svg.line({frame.x(0), area.top}, {frame.x(0), area.bottom}, {kInk, 1, kBaselineDash});
    const double row = std::min(area.height() / rows(), 34.0);
    svg.open("ranges");
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Range& range = rows_[i];
      if (range.pairs == 0) continue;
      const double y = area.top + (static_cast<double>(i) + 0.5) * row,
                   half = std::min(row * 0.3, 8.0);
      const auto x = [&](std::size_t q) { return frame.x(range.quantiles[q]); };
      svg.line({x(0), y}, {x(4), y}, {kMedian, 1.2});
      svg.rectangle({x(1), y - half, std::max(x(3), x(1) + 1), y + half}, kBox, tooltip(range));
      svg.line({x(2), y - half}, {x(2), y + half}, {kMedian, 3});
      svg.mark(Shape::kDiamond, {frame.x(range.mean), y}, 3.5, kMean);
      const std::string count = fmt::format(" ({})", range.pairs);
      svg.text(
          {area.left - 10, y + 4},
          fit_text(range.name, area.left - 10 - names - text_width(count, 11.5), 11.5, i == 0) +
              count,
          {11.5, kInk, Anchor::kEnd, i == 0});
    }
    svg.close();
    draw_x_axis(svg, frame, ticks_of(frame.x, 5), texts_.shift_axis);
  }

  [[nodiscard]] std::string tooltip(const Range& range) const {
    return say(texts_.shift_range_tooltip, range.name, range.pairs, range.mean, range.quantiles[0],
               range.quantiles[1], range.quantiles[2], range.quantiles[3], range.quantiles[4]);
  }
  [[nodiscard]] std::string description() const {
    return say(texts_.shift_description, data_.subtitle, tooltip(data_.all));
  }

  const ScoreShifts& data_;
  Look look_;
  const ChartTexts& texts_;
  std::vector<Range> rows_;
  double low_ = 0, high_ = 0;
};

}  // namespace

std::string confidence_shift_chart(const ScoreShifts& shifts, const Look& look) {
  return ShiftChart(shifts, look).draw();
}

}  // namespace qyolo::plots
