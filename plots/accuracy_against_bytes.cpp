#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plots/chart_parts.h"
#include "plots/charts.h"
#include "plots/labels.h"
#include "results/pareto.h"
#include "results/reading_table.h"
#include "results/text.h"

namespace qyolo::plots {
namespace {

using results::Row;
using results::Run;

constexpr double kDominatedOpacity = 0.45;
constexpr std::size_t kMostBitLabels = 200;
constexpr std::size_t kMostFrontLabels = 30;

std::string size_text(double bytes) {
  const results::ByteUnit unit = results::byte_unit(bytes);
  return fmt::format("{:.{}f} {}", bytes / unit.bytes, unit.decimals, unit.name);
}

Scale bytes_scale(double low, double high, double left, double right) {
  const bool wide = high > 3 * low;
  if (wide) {
    const double pad = std::pow(high / low, 0.05);
    return {Scale::Kind::kLog2, low / pad, high * pad, left, right};
  }
  const double pad = std::max(0.06 * (high - low), 0.02 * high);
  return {Scale::Kind::kLinear, std::max(low - pad, 0.0), high + pad, left, right};
}

class BytesChart {
 public:
  explicit BytesChart(const Run& run)
      : run_(run), schemes_(run, &Row::scheme), granularities_(run, &Row::granularity) {
    const auto drawable = [](const Row& row) { return row.ap && row.true_bytes > 0; };
    for (const Row& row : run.rows) {
      if (drawable(row) && !row.baseline) rows_.push_back(&row);
    }
    if (const Row* baseline = run.baseline();
        rows_.empty() && baseline != nullptr && drawable(*baseline)) {
      rows_.push_back(baseline);
    }
    for (const std::size_t i : results::pareto_front(run.rows)) {
      if (std::find(rows_.begin(), rows_.end(), &run.rows[i]) != rows_.end())
        front_.push_back(&run.rows[i]);
    }
  }

  [[nodiscard]] std::string draw() const {
    if (rows_.empty()) return empty_chart(kId, kTitle, run_);
    const std::string bars = error_bar_note(rows_);
    const double height = kHeight + (bars.empty() ? 0 : kNoteLine);
    Svg svg(kWidth, height, kId, kTitle, description());
    draw_heading(svg, {kMargin, kMargin - 6}, kWidth - 2 * kMargin, kTitle,
                 results::setting_of(run_));
    const Frame frame = make_frame();
    const results::ByteUnit size_unit = unit();
    draw_y_axis(svg, frame, ticks_of(frame.y, 7), "AP, %");
    draw_x_axis(svg, frame, ticks_of(frame.x, 9, size_unit.bytes),
                fmt::format("True size, {}{}: everything that a decoder needs", size_unit.name,
                            frame.x.kind() == Scale::Kind::kLog2 ? ", log scale" : ""));
    LabelPlacer placer(frame.area);
    draw_baseline(svg, frame, run_);
    draw_front(svg, frame, placer);
    if (!bars.empty()) draw_error_bars(svg, frame, placer);
    draw_marks(svg, frame, placer);
    draw_labels(svg, frame, placer);
    draw_legend(svg, {frame.area.right + 24, frame.area.top - 8, kWidth - 16, frame.area.bottom},
                legend());
    const std::size_t shown = rows_.front()->baseline ? 0 : rows_.size();
    const std::string note = left_out_note(run_, shown);
    const std::string reading =
        "Number in a label: bits; pale marks: another cell is at most as large and at least as "
        "accurate." +
        (note.empty() ? "" : " " + note + '.');
    svg.text({kMargin, kHeight - 14}, fit_text(reading, kWidth - 2 * kMargin, 11), {11, kMuted});
    if (!bars.empty())
      svg.text({kMargin, height - 14}, fit_text(bars, kWidth - 2 * kMargin, 11), {11, kMuted});
    return svg.str();
  }

 private:
  static constexpr double kHeight = 620;
  static constexpr std::string_view kId = "accuracy-against-bytes";
  static constexpr std::string_view kTitle = "Accuracy against true size";

  [[nodiscard]] std::string_view colour(const Row& row) const {
    return row.baseline ? kInk : series_colour(schemes_.index(row.scheme));
  }
  [[nodiscard]] Shape shape(const Row& row) const {
    return row.baseline ? Shape::kCircle : series_shape(granularities_.index(row.granularity));
  }
  [[nodiscard]] double largest() const {
    double bytes = 0;
    for (const Row* row : rows_) bytes = std::max(bytes, *row->true_bytes);
    return bytes;
  }
  [[nodiscard]] results::ByteUnit unit() const { return results::byte_unit(largest()); }

  [[nodiscard]] Frame make_frame() const {
    const Box area = {64, 112, kWidth - 190, kHeight - 82};
    double smallest = largest();
    for (const Row* row : rows_) smallest = std::min(smallest, *row->true_bytes);
    const auto [low, high] = percent_range(rows_, run_.baseline());
    return {area, bytes_scale(smallest, largest(), area.left, area.right),
            percent_scale(low, high, 0.15, area.bottom - kFootroom, area.top)};
  }

  [[nodiscard]] static Point place(const Frame& frame, const Row& row) {
    return frame.at(*row.true_bytes, *row.ap * 100);
  }

  // The best AP at or below each size.
  void draw_front(Svg& svg, const Frame& frame, LabelPlacer& placer) const {
    if (front_.empty()) return;
    std::vector<Point> steps;
    for (const Row* row : front_) {
      const Point at = place(frame, *row);
      if (!steps.empty()) steps.push_back({at.x, steps.back().y});
      steps.push_back(at);
    }
    steps.push_back({frame.area.right, steps.back().y});
    svg.open("pareto-front");
    svg.polyline(steps, {kAxis, 1.6});
    svg.close();
    for (std::size_t i = 1; i < steps.size(); ++i) placer.avoid(steps[i - 1], steps[i]);
  }

  void draw_error_bars(Svg& svg, const Frame& frame, LabelPlacer& placer) const {
    svg.open("error-bars");
    for (const Row* row : rows_) {
      const auto bar = error_bar(frame, *row, *row->true_bytes);
      if (!bar) continue;
      draw_error_bar(svg, *bar, colour(*row));
      placer.avoid(bar->low, bar->high);
    }
    svg.close();
  }

  void draw_marks(Svg& svg, const Frame& frame, LabelPlacer& placer) const {
    svg.open("marks");
    for (const bool on_front : {false, true}) {
      for (const Row* row : rows_) {
        if (is_on_front(*row) != on_front) continue;
        draw_mark(svg, frame, placer, *row, on_front ? 1 : kDominatedOpacity);
      }
    }
    const Row* baseline = run_.baseline();
    if (baseline != nullptr && baseline->true_bytes >= frame.x.low() &&
        baseline->true_bytes <= frame.x.high()) {
      draw_mark(svg, frame, placer, *baseline, 1);
    }
    svg.close();
  }

  void draw_mark(Svg& svg, const Frame& frame, LabelPlacer& placer, const Row& row,
                 double opacity) const {
    const Point at = place(frame, row);
    svg.mark(
        shape(row), at, kRadius, colour(row),
        fmt::format("{}: {}, {}", results::label_of(row), ap_text(row), size_text(*row.true_bytes)),
        opacity);
    placer.add_mark(at, kRadius + 1);
  }

  void draw_labels(Svg& svg, const Frame& frame, LabelPlacer& placer) const {
    svg.open("labels");
    draw_baseline_label(svg, frame, placer);
    std::vector<LabelRequest> names, bits;
    for (std::size_t i = 0; i < std::min(front_.size(), kMostFrontLabels); ++i) {
      names.push_back({place(frame, *front_[i]),
                       kRadius,
                       short_name(*front_[i]),
                       TextStyle{11.5, kInk, Anchor::kStart, false, true},
                       90,
                       {-1, -0.9}});
    }
    for (std::size_t i = 0; i < std::min(rows_.size(), kMostBitLabels); ++i) {
      if (is_on_front(*rows_[i]) || rows_[i]->bits == 0) continue;
      bits.push_back({place(frame, *rows_[i]),
                      kRadius,
                      std::to_string(rows_[i]->bits),
                      TextStyle{10, kMuted, Anchor::kStart, false, true},
                      5,
                      {1, 0.6}});
    }
    for (const std::vector<LabelRequest>& requests : {names, bits}) {
      const auto placed = placer.place_all(requests);
      for (std::size_t i = 0; i < placed.size(); ++i) {
        if (!placed[i]) continue;
        if (const auto& leader = placed[i]->leader)
          svg.line(leader->first, leader->second, {kAxis, 0.8});
        svg.text(placed[i]->at, requests[i].text, requests[i].style);
      }
    }
    svg.close();
  }

  void draw_baseline_label(Svg& svg, const Frame& frame, LabelPlacer& placer) const {
    const Row* baseline = run_.baseline();
    if (baseline == nullptr) return;
    const double y = frame.y(*baseline->ap * 100);
    const std::string text = baseline_entry(*baseline).text;
    const TextStyle style{12, kInk, Anchor::kStart, true};
    for (const double text_y : {y - 6, y + 15}) {
      const Point at = {frame.area.left + 6, text_y};
      if (!placer.claim(text_box(at, text, style))) continue;
      svg.text(at, text, style);
      break;
    }
    placer.avoid({frame.area.left, y}, {frame.area.right, y});
  }

  [[nodiscard]] bool is_on_front(const Row& row) const {
    return std::find(front_.begin(), front_.end(), &row) != front_.end();
  }

  // "affine 4 filter": colour, shape and the note below say the rest.
  [[nodiscard]] std::string short_name(const Row& row) const {
    std::string name = results::label_of(row);
    if (name == results::cell_name(row) && row.bits > 0 && !row.scheme.empty())
      name = fmt::format("{} {} {}", row.scheme, row.bits, row.granularity);
    return fit_text(name, 180, 11.5);
  }

  [[nodiscard]] std::vector<LegendSection> legend() const {
    LegendSection schemes{"Scheme", {}}, granularities{"Granularity", {}}, lines;
    for (std::size_t i = 0; i < schemes_.names().size(); ++i) {
      schemes.entries.push_back(
          {LegendEntry::Kind::kMark, shown_name(schemes_.names()[i]), series_colour(i)});
    }
    for (std::size_t i = 0; i < granularities_.names().size(); ++i) {
      granularities.entries.push_back({LegendEntry::Kind::kMark,
                                       shown_name(granularities_.names()[i]), kMuted,
                                       series_shape(i)});
    }
    if (!front_.empty()) lines.entries.push_back({LegendEntry::Kind::kLine, "Pareto front", kAxis});
    if (const Row* baseline = run_.baseline()) lines.entries.push_back(baseline_entry(*baseline));
    return {schemes, granularities, lines};
  }

  [[nodiscard]] std::string description() const {
    std::string text = fmt::format("COCO AP in percent against true size for {} networks. {}.",
                                   rows_.size(), results::setting_of(run_));
    if (const Row* baseline = run_.baseline())
      text += fmt::format(" Baseline {}.", baseline_entry(*baseline).text);
    if (!front_.empty()) text += " Pareto front from small to large:";
    for (std::size_t i = 0; i < std::min(front_.size(), kMostFrontLabels); ++i) {
      const Row& row = *front_[i];
      const std::string interval = interval_text(row);
      text += fmt::format("{} {} ({}, AP {:.2f}{}{})", i == 0 ? "" : ",", results::label_of(row),
                          size_text(*row.true_bytes), *row.ap * 100, interval.empty() ? "" : ", ",
                          interval);
    }
    text += '.';
    if (const std::string bars = error_bar_note(rows_); !bars.empty()) text += ' ' + bars;
    return text;
  }

  const Run& run_;
  Series schemes_, granularities_;
  std::vector<const Row*> rows_, front_;
};

}  // namespace

std::string accuracy_against_bytes(const Run& run) { return BytesChart(run).draw(); }

}  // namespace qyolo::plots
