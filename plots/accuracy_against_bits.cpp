#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "plots/chart_parts.h"
#include "plots/charts.h"
#include "results/label.h"
#include "results/reading_table.h"

namespace qyolo::plots {
namespace {

using results::Row;
using results::Run;

constexpr std::size_t kMostPanels = 16;

class BitsChart {
 public:
  explicit BitsChart(const Run& run) : run_(run), schemes_(run, &Row::scheme) {
    for (const Row& row : run.rows) {
      if (row.ap && row.bits > 0 && !row.baseline) rows_.push_back(&row);
    }
    for (const Row* row : rows_) {
      if (std::find(panels_.begin(), panels_.end(), row->granularity) == panels_.end())
        panels_.push_back(row->granularity);
    }
    if (panels_.size() > kMostPanels) panels_.resize(kMostPanels);
    columns_ = std::min<std::size_t>(panels_.size(), panels_.size() == 5 ? 3 : 4);
  }

  [[nodiscard]] std::string draw() const {
    if (rows_.empty()) return empty_chart(kId, kTitle, run_);
    const std::size_t lines = (panels_.size() + columns_ - 1) / columns_;
    const double panel_height = lines == 1 ? 330 : 230;
    const std::string bars = error_bar_note(rows_);
    const double height = kTop + static_cast<double>(lines) * (panel_height + kGapY) + 18 +
                          (bars.empty() ? 0 : kNoteLine);
    Svg svg(kWidth, height, kId, kTitle, description());
    draw_heading(svg, {kMargin, kMargin - 6}, kWidth - 2 * kMargin, kTitle,
                 results::setting_of(run_));
    draw_legend_row(svg, {kMargin, 96}, kWidth - 2 * kMargin, legend());
    std::size_t shown = 0;
    for (std::size_t i = 0; i < panels_.size(); ++i) {
      const Frame frame = make_frame(i, panel_height);
      const bool bottom = i + columns_ >= panels_.size();
      draw_y_axis(svg, frame, ticks_of(frame.y, 6), i == 0 ? "AP, %" : "", i % columns_ == 0);
      draw_x_axis(svg, frame, bit_ticks(), bottom ? "Bits per code" : "");
      svg.text({frame.area.centre().x, frame.area.top - 12},
               fit_text(shown_name(panels_[i]), frame.area.width() - 2 * kAxisTitle, 13, true),
               {13, kInk, Anchor::kMiddle, true});
      shown += draw_panel(svg, frame, panels_[i]);
    }
    if (!bars.empty())
      svg.text({kMargin, height - 14}, fit_text(bars, kWidth - 2 * kMargin, 11), {11, kMuted});
    if (const std::string note = left_out_note(run_, shown); !note.empty()) {
      svg.text({kMargin, height - 14 - (bars.empty() ? 0 : kNoteLine)}, note + '.', {11, kMuted});
    }
    return svg.str();
  }

 private:
  static constexpr double kTop = 142;
  static constexpr double kGapY = 62;
  static constexpr double kAxisTitle = 40;  // width of "AP, %", beside the first panel's title
  static constexpr std::string_view kId = "accuracy-against-bits";
  static constexpr std::string_view kTitle = "Accuracy against bits";

  [[nodiscard]] Frame make_frame(std::size_t panel, double panel_height) const {
    constexpr double kLeft = 64, kGap = 26;
    const auto columns = static_cast<double>(columns_);
    const double width = (kWidth - kLeft - kMargin - (columns - 1) * kGap) / columns;
    const double left = kLeft + static_cast<double>(panel % columns_) * (width + kGap);
    const double top = kTop + static_cast<double>(panel / columns_) * (panel_height + kGapY);
    const Box area = {left, top, left + width, top + panel_height};
    int fewest = 64, most = 1;
    for (const Row* row : rows_) {
      fewest = std::min(fewest, row->bits);
      most = std::max(most, row->bits);
    }
    const auto [low, high] = percent_range(rows_, run_.baseline());
    return {area, Scale(Scale::Kind::kLinear, fewest - 0.5, most + 0.5, area.left, area.right),
            percent_scale(low, high, 0.03, area.bottom - kFootroom, area.top)};
  }

  [[nodiscard]] std::vector<Tick> bit_ticks() const {
    std::map<int, bool> bits;
    for (const Row* row : rows_) bits[row->bits] = true;
    std::vector<Tick> ticks;
    for (const auto& [count, present] : bits)
      ticks.push_back({static_cast<double>(count), std::to_string(count)});
    return ticks;
  }

  // How many cells it drew.
  std::size_t draw_panel(Svg& svg, const Frame& frame, const std::string& granularity) const {
    draw_baseline(svg, frame, run_);
    std::size_t shown = 0;
    for (std::size_t i = 0; i < schemes_.names().size(); ++i) {
      std::map<int, double> best;  // by bits
      std::vector<const Row*> members;
      for (const Row* row : rows_) {
        if (row->granularity != granularity || row->scheme != schemes_.names()[i]) continue;
        members.push_back(row);
        best[row->bits] = std::max(best[row->bits], *row->ap * 100);
      }
      std::vector<Point> line;
      for (const auto& [bits, percent] : best) line.push_back(frame.at(bits, percent));
      if (line.size() > 1) svg.polyline(line, {series_colour(i), 2});
      for (const Row* row : members) {
        if (const auto bar = error_bar(frame, *row, row->bits))
          draw_error_bar(svg, *bar, series_colour(i));
      }
      for (const Row* row : members) {
        svg.mark(series_shape(i), frame.at(row->bits, *row->ap * 100), kRadius - 0.5,
                 series_colour(i), fmt::format("{}: {}", results::label_of(*row), ap_text(*row)));
      }
      shown += members.size();
    }
    return shown;
  }

  [[nodiscard]] std::vector<LegendEntry> legend() const {
    std::vector<LegendEntry> entries;
    for (std::size_t i = 0; i < schemes_.names().size(); ++i) {
      entries.push_back({LegendEntry::Kind::kMarkedLine, shown_name(schemes_.names()[i]),
                         series_colour(i), series_shape(i)});
    }
    if (const Row* baseline = run_.baseline()) entries.push_back(baseline_entry(*baseline));
    return entries;
  }

  [[nodiscard]] std::string description() const {
    std::string text = fmt::format(
        "COCO AP in percent against bits per code, one panel for each of {} granularities, "
        "one line per scheme. {}.",
        panels_.size(), results::setting_of(run_));
    if (const Row* baseline = run_.baseline())
      text += fmt::format(" Baseline {}.", baseline_entry(*baseline).text);
    if (const std::string bars = error_bar_note(rows_); !bars.empty()) text += ' ' + bars;
    return text;
  }

  const Run& run_;
  Series schemes_;
  std::vector<const Row*> rows_;
  std::vector<std::string> panels_;
  std::size_t columns_ = 1;
};

}  // namespace

std::string accuracy_against_bits(const Run& run) { return BitsChart(run).draw(); }

}  // namespace qyolo::plots
