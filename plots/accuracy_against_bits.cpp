#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "plots/chart_parts.h"
#include "plots/charts.h"
#include "results/label.h"

namespace qyolo::plots {
namespace {

using results::Row;
using results::Run;

constexpr std::size_t kMostPanels = 16;

class BitsChart {
 public:
  BitsChart(const Run& run, const Look& look)
      : run_(run), look_(look), texts_(texts_of(look.language)), schemes_(drawn_schemes(run)) {
    for (const Row& row : run.rows) {
      if (row.ap && row.bits > 0 && !row.baseline) rows_.push_back(&row);
    }
    for (const Row* row : rows_) {
      if (std::find(panels_.begin(), panels_.end(), row->granularity) == panels_.end())
        panels_.push_back(row->granularity);
    }
    if (panels_.size() > kMostPanels) panels_.resize(kMostPanels);
    const std::size_t most = look.narrow() ? 2 : panels_.size() == 5 ? 3 : 4;
    columns_ = std::min<std::size_t>(panels_.size(), most);
    top_ = heading_bottom(look, texts_.bits_title, setting_text(run, texts_)) + 56 +
           kLegendRow * static_cast<double>(legend_rows(look.inner(), legend()));
  }

  [[nodiscard]] std::string draw() const {
    if (rows_.empty()) return empty_chart(kId, texts_.bits_title, run_, look_);
    const std::size_t lines = (panels_.size() + columns_ - 1) / columns_;
    const double panel_height = lines == 1 ? 330 : 230;
    Svg svg(look_.width, 0, kId, texts_.bits_title, description(), look_.language);
    const std::string setting = setting_text(run_, texts_);
    draw_heading(svg, look_, texts_.bits_title, setting);
    draw_legend_row(svg, {look_.margin(), heading_bottom(look_, texts_.bits_title, setting) + 30},
                    look_.inner(), legend());
    std::size_t shown = 0;
    for (std::size_t i = 0; i < panels_.size(); ++i) {
      const Frame frame = make_frame(i, panel_height);
      const bool bottom = i + columns_ >= panels_.size();
      draw_y_axis(svg, frame, ticks_of(frame.y, 6), i == 0 ? texts_.ap_axis : "",
                  i % columns_ == 0);
      draw_x_axis(svg, frame, bit_ticks(), bottom ? texts_.bits_axis : "");
      const double beside = text_width(texts_.ap_axis, 12.5) + 4;  // the first panel's title
      svg.text({frame.area.centre().x, frame.area.top - 12},
               fit_text(shown_name(panels_[i], texts_), frame.area.width() - 2 * beside, 13, true),
               {13, kInk, Anchor::kMiddle, true});
      shown += draw_panel(svg, frame, panels_[i]);
    }
    double y = make_frame(panels_.size() - 1, panel_height).area.bottom + 66;
    for (const std::string& note :
         {left_out_note(run_, shown, texts_), error_bar_note(rows_, texts_)}) {
      draw_note(svg, look_, y, note);
      y += note_height(look_, note);
    }
    svg.resize(y);
    return svg.str();
  }

 private:
  static constexpr double kGapY = 62;
  static constexpr std::string_view kId = "accuracy-against-bits";

  [[nodiscard]] Frame make_frame(std::size_t panel, double panel_height) const {
    const double left_of_all = look_.narrow() ? 44 : 64, gap = look_.narrow() ? 16 : 26;
    const auto columns = static_cast<double>(columns_);
    const double width = (look_.right() - left_of_all - (columns - 1) * gap) / columns;
    const double left = left_of_all + static_cast<double>(panel % columns_) * (width + gap);
    const double top = top_ + static_cast<double>(panel / columns_) * (panel_height + kGapY);
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
    for (const std::string& scheme : schemes_) {
      const SchemeStyle& style = style_of(scheme);
      std::map<int, double> best;  // by bits
      std::vector<const Row*> members;
      for (const Row* row : rows_) {
        if (row->granularity != granularity || drawn_scheme(*row) != scheme) continue;
        members.push_back(row);
        best[row->bits] = std::max(best[row->bits], *row->ap * 100);
      }
      std::vector<Point> line;
      for (const auto& [bits, percent] : best) line.push_back(frame.at(bits, percent));
      if (line.size() > 1) svg.polyline(line, {style.colour, 2});
      for (const Row* row : members) {
        if (const auto bar = error_bar(frame, *row, row->bits))
          draw_error_bar(svg, *bar, style.colour);
      }
      for (const Row* row : members) {
        svg.mark(style.shape, frame.at(row->bits, *row->ap * 100), kRadius - 0.5, style.colour,
                 fmt::format("{}: {}", results::label_of(*row), ap_text(*row, texts_)));
      }
      shown += members.size();
    }
    return shown;
  }

  [[nodiscard]] std::vector<LegendEntry> legend() const {
    std::vector<LegendEntry> entries;
    for (const std::string& scheme : schemes_)
      entries.push_back(scheme_entry(scheme, LegendEntry::Kind::kMarkedLine, texts_));
    if (const Row* baseline = run_.baseline()) entries.push_back(baseline_entry(*baseline));
    return entries;
  }

  [[nodiscard]] std::string description() const {
    std::string text = say(texts_.bits_description, panels_.size(), setting_text(run_, texts_));
    std::string baseline;
    if (const Row* row = run_.baseline())
      baseline = say(texts_.baseline_is, baseline_entry(*row).text);
    return joined({text, baseline, error_bar_note(rows_, texts_)}, texts_);
  }

  const Run& run_;
  Look look_;
  const ChartTexts& texts_;
  std::vector<std::string> schemes_;
  std::vector<const Row*> rows_;
  std::vector<std::string> panels_;
  std::size_t columns_ = 1;
  double top_ = 0;  // of the panels
};

}  // namespace

std::string accuracy_against_bits(const Run& run, const Look& look) {
  return BitsChart(run, look).draw();
}

}  // namespace qyolo::plots
