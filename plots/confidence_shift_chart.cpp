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
  explicit ShiftChart(const ScoreShifts& shifts) : data_(shifts), rows_(shifts.classes) {
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
    Svg svg(kWidth, kHeight, "confidence-shift", kTitle, description());
    draw_heading(svg, {kMargin, kMargin - 6}, kWidth - 2 * kMargin, kTitle, data_.subtitle);
    draw_density(svg);
    draw_ranges(svg);
    std::string note =
        "Objects that both networks find at IoU 0.5. Left: how many have which scores.";
    if (data_.classes.size() + 1 > rows_.size()) {
      note += fmt::format(" Right: the {} of {} classes with the largest median shifts.",
                          rows_.size() - 1, data_.classes.size());
    }
    svg.text({kMargin, kHeight - 12}, fit_text(note, kWidth - 2 * kMargin, 11), {11, kMuted});
    return svg.str();
  }

 private:
  static constexpr std::string_view kTitle = "Confidence of the same objects";
  static constexpr double kHeight = 600, kTop = 132, kBottom = 512;

  static std::size_t bin_of(double score) {
    return static_cast<std::size_t>(
        std::min(std::clamp(score, 0.0, 1.0) * kBins, static_cast<double>(kBins - 1)));
  }

  void draw_density(Svg& svg) const {
    const Box area = {64, kTop, 64 + (kBottom - kTop), kBottom};
    const Frame frame = {area, Scale(Scale::Kind::kLinear, 0, 1, area.left, area.right),
                         Scale(Scale::Kind::kLinear, 0, 1, area.bottom, area.top)};
    draw_y_axis(svg, frame, ticks_of(frame.y, 5), "Score of the network");
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
        svg.rectangle({corner.x, corner.y, other.x - 0.6, other.y - 0.6},
                      gain_colour(0.25 + 0.75 * share),
                      fmt::format("baseline {:g} to {:g}, network {:g} to {:g}: {}", edge(x),
                                  edge(x + 1), edge(y), edge(y + 1), count));
      }
    }
    svg.close();
    svg.line({area.left, area.bottom}, {area.right, area.top}, {kInk, 1, kBaselineDash});
    draw_x_axis(svg, frame, ticks_of(frame.x, 5), "Score of the baseline");
  }

  void draw_ranges(Svg& svg) const {
    constexpr double kNames = 500, kLeft = 644;
    const double extent = std::max(high_ - low_, 0.02);
    const Box area = {kLeft, kTop, kWidth - kMargin, kBottom};
    const Frame frame = {area,
                         Scale(Scale::Kind::kLinear, low_ - 0.04 * extent, high_ + 0.04 * extent,
                               area.left, area.right),
                         Scale(Scale::Kind::kLinear, 0, 1, area.bottom, area.top)};
    svg.text({kNames, kTop - 14}, "Shift: network minus baseline", {12.5, kInk});
    draw_legend_row(svg, {kNames, 84}, kWidth - kMargin - kNames,
                    {{LegendEntry::Kind::kLine, "5 to 95 %", kMedian, {}, {}, 1.2},
                     {LegendEntry::Kind::kLine, "25 to 75 %", kBox, {}, {}, 9},
                     {LegendEntry::Kind::kLine, "median", kMedian, {}, {}, 3},
                     {LegendEntry::Kind::kMark, "mean", kMean, Shape::kDiamond}});
    for (const Tick& tick : ticks_of(frame.x, 5))
      svg.line({frame.x(tick.value), area.top}, {frame.x(tick.value), area.bottom}, {kGrid, 1});
    svg.line({frame.x(0), area.top}, {frame.x(0), area.bottom}, {kInk, 1, kBaselineDash});
    const double row = std::min((kBottom - kTop) / static_cast<double>(rows_.size()), 34.0);
    svg.open("ranges");
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Range& range = rows_[i];
      if (range.pairs == 0) continue;
      const double y = kTop + (static_cast<double>(i) + 0.5) * row, half = std::min(row * 0.3, 8.0);
      const auto x = [&](std::size_t q) { return frame.x(range.quantiles[q]); };
      svg.line({x(0), y}, {x(4), y}, {kMedian, 1.2});
      svg.rectangle({x(1), y - half, std::max(x(3), x(1) + 1), y + half}, kBox, tooltip(range));
      svg.line({x(2), y - half}, {x(2), y + half}, {kMedian, 3});
      svg.mark(Shape::kDiamond, {frame.x(range.mean), y}, 3.5, kMean);
      const std::string count = fmt::format(" ({})", range.pairs);
      svg.text(
          {kLeft - 10, y + 4},
          fit_text(range.name, kLeft - 10 - kNames - text_width(count, 11.5), 11.5, i == 0) + count,
          {11.5, kInk, Anchor::kEnd, i == 0});
    }
    svg.close();
    draw_x_axis(svg, frame, ticks_of(frame.x, 5), "Shift of the score");
  }

  [[nodiscard]] static std::string tooltip(const Range& range) {
    return fmt::format(
        "{}: {} objects, mean {:+.3f}; 5 % {:+.3f}, 25 % {:+.3f}, median {:+.3f}, "
        "75 % {:+.3f}, 95 % {:+.3f}",
        range.name, range.pairs, range.mean, range.quantiles[0], range.quantiles[1],
        range.quantiles[2], range.quantiles[3], range.quantiles[4]);
  }
  [[nodiscard]] std::string description() const {
    return fmt::format("Scores of two networks for the objects that both find, {}. {}.",
                       data_.subtitle, tooltip(data_.all));
  }

  const ScoreShifts& data_;
  std::vector<Range> rows_;
  double low_ = 0, high_ = 0;
};

}  // namespace

std::string confidence_shift_chart(const ScoreShifts& shifts) { return ShiftChart(shifts).draw(); }

}  // namespace qyolo::plots
