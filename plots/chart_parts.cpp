#include "plots/chart_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "results/reading_table.h"
#include "results/text.h"

namespace qyolo::plots {

using results::Row;
using results::Run;

constexpr double kErrorBarOpacity = 0.7;

Series::Series(const Run& run, std::string Row::*name) {
  for (const Row& row : run.rows) {
    if (!row.baseline && index_.try_emplace(row.*name, names_.size()).second)
      names_.push_back(row.*name);
  }
}

std::size_t Series::index(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? names_.size() : found->second;
}

std::string shown_name(const std::string& name) { return name.empty() ? "other" : name; }

Scale percent_scale(double low, double high, double room, double bottom, double top) {
  const double extent = std::max(high - low, 1.0);
  const double step = nice_step(extent, 8);
  const double from = std::floor((low - 0.02 * extent) / step) * step;
  const double to = std::ceil((high + room * extent) / step) * step;
  return {Scale::Kind::kLinear, std::max(from, 0.0), std::min(to, 100.0), bottom, top};
}

std::pair<double, double> percent_range(const std::vector<const Row*>& rows, const Row* baseline) {
  double low = 100, high = 0;
  const auto add = [&](const Row& row) {
    low = std::min(low, *row.ap * 100);
    high = std::max(high, *row.ap * 100);
    if (const auto interval = row.ap_interval()) {
      low = std::min(low, interval->first * 100);
      high = std::max(high, interval->second * 100);
    }
  };
  for (const Row* row : rows) add(*row);
  if (baseline != nullptr) add(*baseline);
  return {low, high};
}

std::optional<ErrorBar> error_bar(const Frame& frame, const Row& row, double x_value) {
  const auto interval = row.ap_interval();
  if (!interval) return std::nullopt;
  return ErrorBar{frame.at(x_value, interval->first * 100),
                  frame.at(x_value, interval->second * 100)};
}

void draw_error_bar(Svg& svg, const ErrorBar& bar, std::string_view colour) {
  svg.line(bar.low, bar.high, {colour, 1.4, {}, kErrorBarOpacity});
}

std::string interval_text(const Row& row) {
  const auto interval = row.ap_interval();
  if (!interval) return "";
  return fmt::format("{} to {}", results::fixed(interval->first * 100, 1),
                     results::fixed(interval->second * 100, 1));
}

std::string ap_text(const Row& row) {
  std::string text = fmt::format("AP {:.2f}", *row.ap * 100);
  if (const std::string interval = interval_text(row); !interval.empty())
    text += fmt::format(" ({})", interval);
  return text;
}

std::string error_bar_note(const std::vector<const Row*>& rows) {
  const auto found =
      std::ranges::find_if(rows, [](const Row* row) { return row->ap_interval().has_value(); });
  if (found == rows.end()) return "";
  return fmt::format(
      "Vertical bars: the baseline's AP plus the {}interval of the difference to it, which is what "
      "the number of images leaves open.",
      (*found)->confidence ? results::percent_text(*(*found)->confidence) + ' ' : "");
}

std::string left_out_note(const Run& run, std::size_t shown) {
  std::map<std::string, std::size_t> reasons;
  std::size_t cells = 0;
  for (const Row& row : run.rows) {
    if (row.baseline) continue;
    ++cells;
    if (row.status != "ok") ++reasons[row.status];
  }
  if (shown >= cells) return "";
  std::string note = fmt::format("{} of {} cells not shown", cells - shown, cells);
  std::string separator = ": ";
  for (const auto& [status, count] : reasons) {
    note += fmt::format("{}{} {}", separator, count, status);
    separator = ", ";
  }
  return note;
}

std::string empty_chart(std::string_view id, std::string_view title, const Run& run) {
  constexpr double kHeight = 320;
  const std::string message = "No cell of this run has the numbers for this chart yet.";
  Svg svg(kWidth, kHeight, id, title, message);
  draw_heading(svg, {kMargin, kMargin - 6}, kWidth - 2 * kMargin, title, results::setting_of(run));
  const Box area = {kMargin, 100, kWidth - kMargin, kHeight - 40};
  for (const double y : {area.top, area.bottom})
    svg.line({area.left, y}, {area.right, y}, {kGrid, 1});
  svg.text({area.centre().x, area.centre().y}, message, {14, kMuted, Anchor::kMiddle});
  std::string note = left_out_note(run, 0);
  if (!note.empty()) svg.text({kMargin, kHeight - 14}, note + '.', {11, kMuted});
  return svg.str();
}

LegendEntry baseline_entry(const Row& baseline) {
  return {LegendEntry::Kind::kLine,
          fmt::format("{} {:.2f}", results::label_of(baseline), *baseline.ap * 100),
          kInk,
          Shape::kCircle,
          kBaselineDash,
          1.2};
}

void draw_baseline(Svg& svg, const Frame& frame, const Run& run) {
  const Row* baseline = run.baseline();
  if (baseline == nullptr) return;
  const double y = frame.y(*baseline->ap * 100);
  svg.line({frame.area.left, y}, {frame.area.right, y}, {kInk, 1.2, kBaselineDash});
}

}  // namespace qyolo::plots
