// What the charts of a run share.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plots/axes.h"
#include "plots/look.h"
#include "plots/scheme_style.h"
#include "plots/texts.h"
#include "plots/theme.h"
#include "results/record.h"

namespace qyolo::plots {

inline constexpr double kRadius = 5;     // of marks
inline constexpr double kFootroom = 14;  // lowest grid line to axis, so that marks at 0 stand free
inline constexpr std::string_view kBaselineDash = "6 4";

// The distinct schemes that a run's cells are drawn as, in the order of the experiment.
[[nodiscard]] std::vector<std::string> drawn_schemes(const results::Run& run);
// For legends and panels, where a name may be empty.
[[nodiscard]] std::string shown_name(const std::string& name, const ChartTexts& texts);
[[nodiscard]] LegendEntry scheme_entry(const std::string& scheme, LegendEntry::Kind kind,
                                       const ChartTexts& texts);

// "parts-yolov7-w025 on parts/val, 240 images, measured fp32", as far as it is known.
[[nodiscard]] std::string setting_text(const results::Run& run, const ChartTexts& texts);

// Lowest and highest AP in percent, intervals included. REQUIRES: all rows have an AP.
[[nodiscard]] std::pair<double, double> percent_range(const std::vector<const results::Row*>& rows,
                                                      const results::Row* baseline);
// Whole steps around the percentages, with `room` (of their extent) above.
[[nodiscard]] Scale percent_scale(double low, double high, double room, double bottom, double top);

// The dashed line of the baseline across the frame, and its legend ("fp32 74.53").
void draw_baseline(Svg& svg, const Frame& frame, const results::Run& run);
[[nodiscard]] LegendEntry baseline_entry(const results::Row& baseline);

// Error bars of AP: the baseline's AP plus the interval of the difference.
struct ErrorBar {
  Point low, high;
};
// None for a row without an interval.
[[nodiscard]] std::optional<ErrorBar> error_bar(const Frame& frame, const results::Row& row,
                                                double x_value);
void draw_error_bar(Svg& svg, const ErrorBar& bar, std::string_view colour);
// "53.5 to 56.0", in percent, or empty.
[[nodiscard]] std::string interval_text(const results::Row& row, const ChartTexts& texts);
// "AP 54.78 (53.5 to 56.0)"; the latter where there is an interval.
[[nodiscard]] std::string ap_text(const results::Row& row, const ChartTexts& texts);
// What the bars are, in a sentence; empty where no row has one.
[[nodiscard]] std::string error_bar_note(const std::vector<const results::Row*>& rows,
                                         const ChartTexts& texts);

// "2 of 45 cells not shown: 1 failed, 1 pending.", or empty.
[[nodiscard]] std::string left_out_note(const results::Run& run, std::size_t shown,
                                        const ChartTexts& texts);
// "failed": a record's status as people read it.
[[nodiscard]] std::string status_text(const std::string& status, const ChartTexts& texts);
// Sentences behind each other.
[[nodiscard]] std::string joined(const std::vector<std::string>& sentences,
                                 const ChartTexts& texts);
[[nodiscard]] std::string empty_chart(std::string_view id, std::string_view title,
                                      const results::Run& run, const Look& look);

}  // namespace qyolo::plots
