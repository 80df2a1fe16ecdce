#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "plots/chart_parts.h"
#include "plots/charts.h"
#include "plots/labels.h"
#include "results/pareto.h"
#include "results/text.h"

namespace qyolo::plots {
namespace {

using results::Row;
using results::Run;

constexpr double kDominatedOpacity = 0.45;
constexpr std::size_t kMostNumbered = 150;
// Up to so many cells all have their names beside them; of more, those on the front.
constexpr std::size_t kFewCells = 12, kFewCellsNarrow = 5;
// Marks so near to each other share one label, up to so many.
constexpr double kTogether = 9;
constexpr std::size_t kMostTogether = 5;
constexpr double kNameReach = 24, kNumberReach = 42;
constexpr double kListLine = 17;

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

// "3", "3, 5", "3-6". REQUIRES: ascending.
std::string numbers_text(const std::vector<std::size_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i;
    while (end + 1 < numbers.size() && numbers[end + 1] == numbers[end] + 1) ++end;
    if (!text.empty()) text += ", ";
    text += std::to_string(numbers[i]);
    if (end > i) text += fmt::format("{}{}", end > i + 1 ? "–" : ", ", numbers[end]);
    i = end + 1;
  }
  return text;
}

class BytesChart {
 public:
  BytesChart(const Run& run, const Look& look)
      : run_(run), look_(look), texts_(texts_of(look.language)) {
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
    if (rows_.empty()) return empty_chart(kId, texts_.bytes_title, run_, look_);
    const std::string setting = setting_text(run_, texts_);
    Svg svg(look_.width, 0, kId, texts_.bytes_title, description(), look_.language);
    draw_heading(svg, look_, texts_.bytes_title, setting);
    const Frame frame = make_frame(heading_bottom(look_, texts_.bytes_title, setting) + 46);
    const results::ByteUnit size_unit = unit();
    draw_y_axis(svg, frame, ticks_of(frame.y, 7), texts_.ap_axis);
    draw_x_axis(svg, frame, ticks_of(frame.x, look_.narrow() ? 5 : 9, size_unit.bytes),
                say(frame.x.kind() == Scale::Kind::kLog2 ? texts_.bytes_x_log : texts_.bytes_x,
                    size_unit.name));
    LabelPlacer placer(frame.area);
    draw_baseline(svg, frame, run_);
    draw_front(svg, frame, placer);
    draw_error_bars(svg, frame, placer);
    draw_marks(svg, frame, placer);
    const std::vector<const Row*> listed = draw_labels(svg, frame, placer);
    double y = frame.area.bottom + 68;
    if (look_.narrow()) {
      std::vector<LegendEntry> entries;
      for (const LegendSection& section : legend())
        entries.insert(entries.end(), section.entries.begin(), section.entries.end());
      draw_legend_row(svg, {look_.margin(), y}, look_.inner(), entries);
      y += kLegendRow * static_cast<double>(legend_rows(look_.inner(), entries)) + 8;
    } else {
      draw_legend(svg,
                  {frame.area.right + 24, frame.area.top - 8, look_.width - 16, frame.area.bottom},
                  legend());
    }
    if (!listed.empty()) y = draw_list(svg, listed, y);
    const std::size_t shown = rows_.front()->baseline ? 0 : rows_.size();
    for (const std::string& note :
         {joined({listed.empty() ? "" : std::string(texts_.bytes_list),
                  std::string(texts_.bytes_reading), left_out_note(run_, shown, texts_)},
                 texts_),
          error_bar_note(rows_, texts_)}) {
      draw_note(svg, look_, y, note);
      y += note_height(look_, note);
    }
    svg.resize(y);
    return svg.str();
  }

 private:
  static constexpr std::string_view kId = "accuracy-against-bytes";

  [[nodiscard]] static const SchemeStyle& style(const Row& row) {
    return style_of(drawn_scheme(row));
  }
  [[nodiscard]] double largest() const {
    double bytes = 0;
    for (const Row* row : rows_) bytes = std::max(bytes, *row->true_bytes);
    return bytes;
  }
  [[nodiscard]] results::ByteUnit unit() const { return results::byte_unit(largest()); }

  [[nodiscard]] Frame make_frame(double top) const {
    const bool narrow = look_.narrow();
    const Box area = {narrow ? 44.0 : 64.0, top, look_.width - (narrow ? 14 : 190),
                      top + (narrow ? 320 : 440)};
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
      draw_error_bar(svg, *bar, style(*row).colour);
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
    svg.mark(style(row).shape, at, kRadius, style(row).colour,
             fmt::format("{}: {}, {}", results::label_of(row), ap_text(row, texts_),
                         size_text(*row.true_bytes)),
             opacity);
    placer.add_mark(at, kRadius + 1);
  }

  struct Label {
    LabelRequest request;
    PlacedLabel placed;
  };
  struct Labels {
    std::vector<Label> labels;
    std::vector<const Row*> unnamed;    // from small to large; numbers are places herein
    std::vector<Point> without_number;  // marks that found no room for their numbers
  };

  // Names where they have room, numbers elsewhere; the cells that have a number, in its order.
  // Numbers go before names: where one finds no room, the nearest name gives way, and where none
  // is left, numbers stand a little further off.
  std::vector<const Row*> draw_labels(Svg& svg, const Frame& frame, LabelPlacer& placer) const {
    constexpr int kAttempts = 12;
    svg.open("labels");
    draw_baseline_label(svg, frame, placer);
    std::vector<const Row*> named = to_be_named();
    Labels labels;
    double reach = kNumberReach;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      labels = place_labels(frame, placer, named, reach);
      if (labels.without_number.empty()) break;
      if (named.empty() || 2 * attempt >= kAttempts) reach += 4;
      for (const Point mark : labels.without_number) {
        if (named.empty()) break;
        named.erase(std::ranges::min_element(named, {}, [&](const Row* row) {
          const Point at = place(frame, *row);
          return std::hypot(at.x - mark.x, at.y - mark.y);
        }));
      }
    }
    for (const Label& label : labels.labels) {
      if (const auto& leader = label.placed.leader)
        svg.line(leader->first, leader->second, {kAxis, 0.8});
      svg.text(label.placed.at, label.request.text, label.request.style);
    }
    svg.close();
    return labels.unnamed;
  }

  [[nodiscard]] std::vector<const Row*> to_be_named() const {
    const bool all = rows_.size() <= (look_.narrow() ? kFewCellsNarrow : kFewCells);
    if (all) return rows_;
    return look_.narrow() ? std::vector<const Row*>() : front_;
  }

  [[nodiscard]] Labels place_labels(const Frame& frame, LabelPlacer placer,
                                    const std::vector<const Row*>& named, double reach) const {
    Labels labels;
    std::vector<LabelRequest> requests;
    for (const Row* row : named) {
      requests.push_back({place(frame, *row),
                          kRadius,
                          short_name(*row),
                          TextStyle{11.5, kInk, Anchor::kStart, false, true},
                          kNameReach,
                          {-1, -0.9},
                          {}});
    }
    std::set<const Row*> placed_rows;
    const auto placed = placer.place_all(requests);
    for (std::size_t i = 0; i < placed.size(); ++i) {
      if (!placed[i]) continue;
      labels.labels.push_back({requests[i], *placed[i]});
      placed_rows.insert(named[i]);
    }
    for (const Row* row : rows_)
      if (!placed_rows.contains(row)) labels.unnamed.push_back(row);
    std::ranges::stable_sort(labels.unnamed, {},
                             [](const Row* row) { return std::pair(*row->true_bytes, -*row->ap); });
    const std::vector<LabelRequest> numbers = number_requests(frame, labels.unnamed, reach);
    const auto beside = placer.place_all(numbers);
    for (std::size_t i = 0; i < beside.size(); ++i) {
      if (beside[i]) labels.labels.push_back({numbers[i], *beside[i]});
      if (!beside[i]) labels.without_number.push_back(numbers[i].mark);
    }
    return labels;
  }

  // Marks on top of each other share a label.
  [[nodiscard]] std::vector<LabelRequest> number_requests(const Frame& frame,
                                                          const std::vector<const Row*>& rows,
                                                          double reach) const {
    std::vector<LabelRequest> requests;
    std::vector<bool> done(rows.size());
    for (std::size_t i = 0; i < std::min(rows.size(), kMostNumbered); ++i) {
      if (done[i]) continue;
      LabelRequest request;
      request.mark = place(frame, *rows[i]);
      request.radius = kRadius;
      request.style = {10, kInk, Anchor::kStart, false, true};
      request.reach = reach;
      request.preferred = {1, 0.6};
      std::vector<std::size_t> numbers = {i + 1};
      for (std::size_t j = i + 1;
           j < std::min(rows.size(), kMostNumbered) && numbers.size() < kMostTogether; ++j) {
        const Point other = place(frame, *rows[j]);
        if (done[j] || std::hypot(other.x - request.mark.x, other.y - request.mark.y) > kTogether)
          continue;
        done[j] = true;
        numbers.push_back(j + 1);
        request.together.push_back(other);
      }
      request.text = numbers_text(numbers);
      requests.push_back(std::move(request));
    }
    return requests;
  }

  [[nodiscard]] std::string list_text(const Row& row) const {
    return fmt::format("AP {:.2f}, {}", *row.ap * 100, size_text(*row.true_bytes));
  }

  // In columns below the chart: number, mark, name, AP and size. The y below it.
  double draw_list(Svg& svg, const std::vector<const Row*>& rows, double y) const {
    constexpr double kSize = 11, kName = 42, kBetween = 12;  // kName: from the column's left
    const std::size_t count = std::min(rows.size(), kMostNumbered);
    double names = 0, numbers = 0;  // widths
    for (std::size_t i = 0; i < count; ++i) {
      names =
          std::max(names, text_width(results::label_of(*rows[i]), kSize, is_on_front(*rows[i])));
      numbers = std::max(numbers, text_width(list_text(*rows[i]), kSize));
    }
    names = std::min(names, look_.inner() - kName - kBetween - numbers);
    const double needed = kName + names + kBetween + numbers + 16;
    const double columns =
        std::clamp(std::floor((look_.inner() + 16) / needed), 1.0, static_cast<double>(count));
    const auto lines = static_cast<std::size_t>(std::ceil(static_cast<double>(count) / columns));
    const double width = std::max(needed, (look_.inner() + 16) / columns);
    svg.open("list");
    for (std::size_t i = 0; i < count; ++i) {
      const Row& row = *rows[i];
      const double left = look_.margin() + width * static_cast<double>(i / lines);
      const double line = y + kListLine * static_cast<double>(i % lines);
      const bool bold = is_on_front(row);
      svg.text({left + 18, line}, std::to_string(i + 1), {kSize, kInk, Anchor::kEnd, bold});
      svg.mark(style(row).shape, {left + 30, line - 4}, 4, style(row).colour, {},
               bold ? 1 : kDominatedOpacity);
      svg.text({left + kName, line}, fit_text(results::label_of(row), names, kSize, bold),
               {kSize, kInk, Anchor::kStart, bold});
      svg.text({left + kName + names + kBetween, line}, list_text(row), {kSize, kMuted});
    }
    svg.close();
    y += kListLine * static_cast<double>(lines);
    if (count < rows.size()) {
      svg.text({look_.margin(), y}, say(texts_.more, rows.size() - count), {kSize, kMuted});
      y += kListLine;
    }
    return y + 8;
  }

  void draw_baseline_label(Svg& svg, const Frame& frame, LabelPlacer& placer) const {
    const Row* baseline = run_.baseline();
    if (baseline == nullptr) return;
    const double y = frame.y(*baseline->ap * 100);
    placer.avoid({frame.area.left, y}, {frame.area.right, y});
    const std::string text = baseline_entry(*baseline).text;
    const TextStyle style{12, kInk, Anchor::kStart, true};
    for (const double text_y : {y - 6, y + 15}) {
      const Point at = {frame.area.left + 6, text_y};
      if (!placer.claim(text_box(at, text, style))) continue;
      svg.text(at, text, style);
      break;
    }
  }

  [[nodiscard]] bool is_on_front(const Row& row) const {
    return std::find(front_.begin(), front_.end(), &row) != front_.end();
  }

  // "affine 4 filter": colour, mark and the list say the rest.
  [[nodiscard]] std::string short_name(const Row& row) const {
    std::string name = results::label_of(row);
    if (name == results::cell_name(row) && row.bits > 0 && !row.scheme.empty())
      name = fmt::format("{} {} {}", row.scheme, row.bits, row.granularity);
    return fit_text(name, 220, 11.5);
  }

  [[nodiscard]] std::vector<LegendSection> legend() const {
    LegendSection schemes{std::string(texts_.scheme), {}}, lines;
    for (const std::string& scheme : drawn_schemes(run_))
      schemes.entries.push_back(scheme_entry(scheme, LegendEntry::Kind::kMark, texts_));
    if (!front_.empty())
      lines.entries.push_back({LegendEntry::Kind::kLine, std::string(texts_.pareto_front), kAxis});
    if (const Row* baseline = run_.baseline()) lines.entries.push_back(baseline_entry(*baseline));
    return {schemes, lines};
  }

  [[nodiscard]] std::string description() const {
    constexpr std::size_t kMostDescribed = 30;
    std::string text = say(texts_.bytes_description, rows_.size(), setting_text(run_, texts_));
    if (const Row* baseline = run_.baseline())
      text += std::string(texts_.sentence_space) +
              say(texts_.baseline_is, baseline_entry(*baseline).text);
    if (!front_.empty()) {
      std::string members;
      for (std::size_t i = 0; i < std::min(front_.size(), kMostDescribed); ++i) {
        const Row& row = *front_[i];
        const std::string interval = interval_text(row, texts_);
        members += fmt::format("{}{} ({}, AP {:.2f}{}{})", i == 0 ? "" : ", ",
                               results::label_of(row), size_text(*row.true_bytes), *row.ap * 100,
                               interval.empty() ? "" : ", ", interval);
      }
      text += std::string(texts_.sentence_space) + say(texts_.front_description, members);
    }
    return joined({text, error_bar_note(rows_, texts_)}, texts_);
  }

  const Run& run_;
  Look look_;
  const ChartTexts& texts_;
  std::vector<const Row*> rows_, front_;
};

}  // namespace

std::string accuracy_against_bytes(const Run& run, const Look& look) {
  return BytesChart(run, look).draw();
}

}  // namespace qyolo::plots
