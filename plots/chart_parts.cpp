#include "plots/chart_parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "results/reading_table.h"
#include "results/text.h"

namespace qyolo::plots {

using results::Row;
using results::Run;

constexpr double kErrorBarOpacity = 0.7;

std::vector<std::string> drawn_schemes(const Run& run) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const Row& row : run.rows) {
    if (row.baseline) continue;
    if (std::string name = drawn_scheme(row); seen.insert(name).second)
      names.push_back(std::move(name));
  }
  return names;
}

std::string shown_name(const std::string& name, const ChartTexts& texts) {
  if (name == kHybrid) return std::string(texts.hybrid);
  return name.empty() ? std::string(texts.other) : name;
}

LegendEntry scheme_entry(const std::string& scheme, LegendEntry::Kind kind,
                         const ChartTexts& texts) {
  const SchemeStyle& style = style_of(scheme);
  return {kind, shown_name(scheme, texts), style.colour, style.shape};
}

std::string setting_text(const Run& run, const ChartTexts& texts) {
  if (texts.language == Language::kEnglish) return results::setting_of(run);
  std::vector<std::string> parts;
  for (const std::string& part : {run.network, run.dataset})
    if (!part.empty()) parts.push_back(part);
  if (const std::string images = results::image_count_of(run); !images.empty())
    parts.push_back(say(texts.images, images));
  std::string ran;
  for (const Row& row : run.rows) {
    if (row.precision.empty() || row.execution.empty()) continue;
    const std::string one = row.execution.starts_with("measured ")
                                ? say(texts.measured, results::precision_name(row.precision))
                                : std::string(texts.simulated);
    if (ran.find(one) == std::string::npos)
      ran += std::string(ran.empty() ? "" : texts.list_separator) + one;
  }
  if (!ran.empty()) parts.push_back(ran);
  return fmt::format("{}", fmt::join(parts, texts.list_separator));
}

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

std::string interval_text(const Row& row, const ChartTexts& texts) {
  const auto interval = row.ap_interval();
  if (!interval) return "";
  return say(texts.range, results::fixed(interval->first * 100, 1),
             results::fixed(interval->second * 100, 1));
}

std::string ap_text(const Row& row, const ChartTexts& texts) {
  std::string text = fmt::format("AP {:.2f}", *row.ap * 100);
  if (const std::string interval = interval_text(row, texts); !interval.empty())
    text += fmt::format(" ({})", interval);
  return text;
}

std::string error_bar_note(const std::vector<const Row*>& rows, const ChartTexts& texts) {
  const auto found =
      std::ranges::find_if(rows, [](const Row* row) { return row->ap_interval().has_value(); });
  if (found == rows.end()) return "";
  return say(texts.error_bars,
             (*found)->confidence ? results::percent_text(*(*found)->confidence) + ' ' : "");
}

std::string status_text(const std::string& status, const ChartTexts& texts) {
  for (const auto& [name, text] : texts.statuses)
    if (name == status) return std::string(text);
  return status;
}

std::string joined(const std::vector<std::string>& sentences, const ChartTexts& texts) {
  std::string text;
  for (const std::string& sentence : sentences) {
    if (sentence.empty()) continue;
    if (!text.empty()) text += texts.sentence_space;
    text += sentence;
  }
  return text;
}

std::string left_out_note(const Run& run, std::size_t shown, const ChartTexts& texts) {
  std::map<std::string, std::size_t> reasons;
  std::size_t cells = 0;
  for (const Row& row : run.rows) {
    if (row.baseline) continue;
    ++cells;
    if (row.status != "ok") ++reasons[row.status];
  }
  if (shown >= cells) return "";
  std::string why;
  for (const auto& [status, count] : reasons) {
    why += fmt::format("{}{}", why.empty() ? "" : texts.list_separator,
                       say(texts.count_of_status, count, status_text(status, texts)));
  }
  return why.empty() ? say(texts.left_out, cells - shown, cells)
                     : say(texts.left_out_because, cells - shown, cells, why);
}

std::string empty_chart(std::string_view id, std::string_view title, const Run& run,
                        const Look& look) {
  constexpr double kHeight = 320;
  const ChartTexts& texts = texts_of(look.language);
  Svg svg(look.width, kHeight, id, title, texts.empty_chart, look.language);
  const std::string setting = setting_text(run, texts);
  draw_heading(svg, look, title, setting);
  const Box area = {look.margin(), heading_bottom(look, title, setting) + 34, look.right(),
                    kHeight - 40};
  for (const double y : {area.top, area.bottom})
    svg.line({area.left, y}, {area.right, y}, {kGrid, 1});
  double y = area.centre().y - 10;
  for (const std::string& line : wrap_text(texts.empty_chart, look.inner(), 14)) {
    svg.text({area.centre().x, y}, line, {14, kMuted, Anchor::kMiddle});
    y += 20;
  }
  draw_note(svg, look, kHeight - 14, left_out_note(run, 0, texts));
  return svg.str();
}

LegendEntry baseline_entry(const Row& baseline) {
  return {LegendEntry::Kind::kLine,
          fmt::format("{} {:.2f}", results::label_of(baseline), *baseline.ap * 100),
          kInk,
          style_of(kUnquantized).shape,
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
