// All that charts say, one table per language. Placeholders are fmt's, by number. Names of cells,
// schemes and granularities are those of the tables in every language.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "plots/look.h"

namespace qyolo::plots {

using NamedText = std::pair<std::string_view, std::string_view>;

struct ChartTexts {
  Language language = Language::kEnglish;

  // Small words.
  std::string_view range;  // low, high
  std::string_view list_separator, sentence_space;
  std::string_view other, hybrid, more;  // number
  std::string_view images;               // number
  std::string_view measured;             // precision
  std::string_view simulated;
  std::string_view error_bars;                  // "95 % "
  std::string_view left_out, left_out_because;  // number, of how many; why
  std::string_view count_of_status;             // number, status
  std::span<const NamedText> statuses;
  std::string_view empty_chart;
  std::string_view baseline_is;  // "fp32 74.53"
  std::string_view scheme, pareto_front;

  // Accuracy against size.
  std::string_view bytes_title, bytes_x, bytes_x_log;  // unit
  std::string_view ap_axis;
  std::string_view bytes_reading, bytes_list;
  std::string_view bytes_description;  // networks, setting
  std::string_view front_description;

  // Accuracy against bits.
  std::string_view bits_title, bits_axis, bits_description;  // granularities, setting

  // Heat map.
  std::string_view heat_title, heat_subtitle;  // setting, baseline
  std::string_view heat_scale;
  std::string_view heat_note, heat_note_tolerance;  // what is allowed
  std::string_view heat_note_margin;                // the same, tolerance, margin
  std::string_view not_in_run, no_ap;
  std::string_view heat_tooltip;      // label, AP, loss
  std::string_view heat_description;  // baseline, cells, setting, best, its loss, worst, its loss

  // SQNR of layers.
  std::string_view sqnr_title, sqnr_subtitle, sqnr_default;  // network, scheme, bits
  std::string_view layers_in_order, layers_named;            // every how many
  std::string_view over_all_weights, lowest_in, layers_exact;
  std::string_view larger_kernels, pointwise, exact;
  std::string_view sqnr_gaps, sqnr_layers_left_out, sqnr_cells_left_out;
  std::string_view sqnr_exact_layer, sqnr_layer_weights;  // weights, groups
  std::string_view sqnr_description;                      // layers, network, scheme, bits

  // Sensitivity.
  std::string_view sensitivity_title;
  std::string_view sensitivity_measured_on, on_data;  // model and data, cell, images; data
  std::string_view sensitivity_alone, sensitivity_but_this;
  std::string_view sensitivity_ap, sensitivity_head_error, sensitivity_kl, log_scale;
  std::string_view sensitivity_top;  // shown, all, what the others are below
  std::string_view sensitivity_order, sensitivity_not_positive;
  std::string_view sensitivity_tooltip, sensitivity_description;

  // Weight histogram.
  std::string_view histogram_title, whole_layer, histogram_subtitle, histogram_sqnr,
      histogram_exact;
  std::string_view levels_used, weights_per_bin, weights_per_level, weight_axis;
  std::string_view lowest_level, highest_level, weights_key, used_levels, unused_levels,
      ends_of_grid, breakpoints, clipped;
  std::string_view bin_tooltip, level_tooltip, histogram_description, grid_description,
      breakpoint_description;

  // Curves of detections.
  std::string_view pr_title, pr_description, precision_axis, recall_axis, f1_axis;
  std::string_view confidence_title, confidence_description, confidence_axis;
  std::string_view ap50_percent, lowest_ap50, best_f1_key, lowest_best_f1, best_f1_mark;
  std::string_view classes, other_classes, f1_at, curves_description, curve_description;
  std::string_view mean, baseline, all_classes, against, confusion_setting;  // of diagnosis

  // Confusion matrix.
  std::string_view confusion_title, confusion_rows, confusion_columns, background;
  std::string_view right, wrong;
  std::string_view found, missed, invented, taken_for, share;
  std::string_view confusion_note, confusion_empty, most_frequent, confusion_pair;
  std::string_view confusion_description;

  // Errors.
  std::string_view errors_title, errors_axis, errors_note, errors_count, errors_network,
      errors_of_baseline, errors_description;
  std::span<const NamedText> error_types;
  std::string_view errors_subtitle;

  // Shift of scores.
  std::string_view shift_title, shift_network_axis, shift_baseline_axis, shift_heading, shift_axis;
  std::string_view shift_median, shift_mean, shift_note, shift_note_some, shift_density_tooltip;
  std::string_view shift_range_tooltip, shift_description;
};

[[nodiscard]] const ChartTexts& english_charts();
[[nodiscard]] const ChartTexts& japanese_charts();
[[nodiscard]] const ChartTexts& texts_of(Language language);
// The text of that name, or the name.
[[nodiscard]] std::string chart_text_named(std::span<const NamedText> texts, std::string_view name);

template <class... Args>
[[nodiscard]] std::string say(std::string_view pattern, const Args&... args) {
  return fmt::format(fmt::runtime(pattern), args...);
}

}  // namespace qyolo::plots
