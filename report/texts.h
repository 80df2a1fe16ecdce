// All that the report says, one table per language. Placeholders are fmt's, by number, so that each
// language may order them as it must.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "report/poc_report.h"

namespace qyolo::report {

using Named = std::pair<std::string_view, std::string_view>;

struct Texts {
  std::string_view html_lang;
  std::string_view title;     // network
  std::string_view subtitle;  // dataset, images, date
  std::string_view contents;

  // Units and small words.
  std::string_view points;    // number
  std::string_view percent;   // number
  std::string_view interval;  // low, high
  std::string_view per_100;   // number
  std::string_view absent;
  std::string_view list_more;  // number

  // A recipe in plain words.
  std::array<std::string_view, 11> count_words;  // "no", "one", ... "ten"
  std::string_view full_stop, plain_separator;
  std::string_view plain_bits, plain_float;                              // bits
  std::string_view plain_weights;                                        // bits of most layers
  std::string_view plain_first_one, plain_first, plain_head, plain_and;  // number; both
  std::string_view plain_other_one, plain_others;                        // number
  std::string_view plain_in, plain_in_float;                             // layers, bits
  std::string_view plain_mixed;      // fewest bits, most, how many layers have which
  std::string_view plain_in_layers;  // bits, layers
  std::string_view plain_activations;

  // Verdict.
  std::string_view verdict;
  std::array<std::string_view, 4> headline;  // by Outcome
  std::string_view recommended;    // name, times smaller than FP16, size, loss phrase, percent
  std::string_view recommended_2;  // confidence, worst loss, allowed, tolerance, margin
  std::string_view undecided;      // images, name, loss phrase, interval
  std::string_view undecided_2;    // allowed, tolerance, margin
  std::string_view undecided_classes, list_separator;  // names
  std::string_view simplest;        // name, size, times FP16, loss phrase, percent
  std::string_view confirmed;       // images, others, loss phrase, interval
  std::string_view not_confirmed;   // images
  std::string_view undecided_more;  // about how many images
  std::string_view none;            // number tried, allowed, tolerance, margin
  std::string_view none_2;          // name, loss phrase, interval
  std::string_view unusable;        // AP, lowest usable
  std::string_view unusable_2;
  std::string_view loses;  // points
  std::string_view gains;  // points
  std::string_view loses_nothing;
  std::string_view certain_gain;               // confidence, points
  std::string_view few_images;                 // images
  std::string_view few_objects;                // classes
  std::string_view data_errors;                // kinds
  std::string_view tile_size, tile_size_note;  // times FP16, times FP32, percents
  std::string_view tile_ap, tile_ap_note;      // before, interval
  // All of 100 images, as the tile's number.
  std::string_view tile_missed, tile_missed_note;  // before, after
  std::string_view tile_false, tile_false_note;    // before, after

  // Networks.
  std::string_view networks, networks_note;  // allowed loss
  std::string_view sort_hint;
  std::string_view column_network, column_stage, column_size, column_bits, column_ratio, column_ap,
      column_delta, column_standing;
  std::string_view coded;                    // size
  std::array<std::string_view, 4> standing;  // by Standing
  std::string_view is_baseline, is_chosen, is_closest, failed;
  std::string_view simulated_activations;
  std::string_view confirmed_short;  // images, points, interval
  std::array<std::string_view, kStages> stage;
  std::array<std::string_view, 5> stage_state;  // by StageState
  std::string_view roadmap;

  // Chart.
  std::string_view chart, chart_note;
  std::string_view chart_description;  // networks, baseline AP
  std::string_view chart_point;        // name, size, AP, interval
  std::string_view chart_below, line_front, hybrid;
  std::string_view axis_size, axis_ap, line_baseline, line_allowed;

  // Classes.
  std::string_view classes, classes_binding, classes_orientation;  // tolerance
  std::string_view column_class, column_objects, column_before, column_after, column_tolerance,
      column_interval;
  std::string_view interval_label;  // class, points, low, high, tolerance

  // Objects.
  std::string_view objects, objects_note;  // confidence, IoU, images, objects
  std::string_view objects_none;
  std::string_view column_count, row_missed, row_false, row_newly_missed, row_newly_found,
      row_newly_false, row_no_longer_false;
  std::string_view fp32, quantized;
  std::string_view other_class;  // number
  std::string_view pictures_missed, pictures_false;
  std::string_view picture_missed;                         // class, score
  std::string_view picture_flipped;                        // class, score, shown as
  std::string_view picture_false;                          // class, score
  std::string_view picture_alt_missed, picture_alt_false;  // class, image

  // Latency, memory, energy.
  std::string_view latency, latency_note;  // width, height, batch, threads
  std::string_view latency_none, latency_missing;
  std::string_view latency_doubtful;
  std::string_view latency_ap, latency_ap_absent;  // a note; why a row has none
  std::string_view column_precision, column_kind, column_median, column_spread, column_samples;
  std::string_view measured, simulated_note;
  std::string_view memory, memory_note, column_weights, computed;
  std::array<std::string_view, 5> memory_row;            // by MemoryRow::What
  std::string_view energy, energy_value, energy_absent;  // mJ, source, what it covers; reason

  // Devices.
  std::string_view devices, devices_note, devices_int8;
  std::string_view column_batch;
  std::array<std::string_view, 3> device_weights;  // plain, packed, packed with coded regions
  std::string_view device_unquantized;             // arithmetic
  std::string_view device_input;                   // width, height
  std::string_view device_ap, device_median, device_rate, device_peak, device_energy;  // number
  std::string_view device_about;                       // machine, threads, software, date, forwards
  std::string_view device_source;                      // source, how it is read, what it covers
  std::string_view device_counter, device_sampled;     // milliseconds between readings
  std::string_view device_no_energy, device_left_out;  // reason

  // Other runtimes.
  std::string_view judged, judged_note;
  std::string_view column_runtime, column_ap_there, column_ap_here, column_integers,
      column_median_there, column_median_here;

  // Certainty.
  std::string_view sure, sure_method;  // resamples, images, objects, confidence
  std::string_view sure_effective;     // images
  std::string_view sure_interval;      // name, low, high
  std::string_view sure_share;         // percent, tolerance
  std::string_view sure_more;          // images
  std::string_view sure_decided, sure_close, sure_none;

  // Data.
  std::string_view data, data_summary;  // images, objects, classes
  std::string_view data_calibration;    // images
  std::string_view data_clean, data_failed;
  std::array<std::string_view, 3> severity;
  std::string_view column_finding, column_severity, column_examples;
  std::span<const Named> checks;

  // Environment and commands.
  std::string_view environment;
  std::span<const Named> environment_keys;
  std::string_view commands;
  std::span<const Named> command_keys;

  // Guideline.
  std::string_view guideline, guideline_note;  // confidence
  std::string_view guideline_none, guideline_reach;
  std::string_view column_recall_before, column_recall_same, column_threshold, column_alarms,
      column_alarms_after, unreachable;  // recall
  std::string_view footer;               // version
};

[[nodiscard]] const Texts& english();
[[nodiscard]] const Texts& japanese();
[[nodiscard]] const Texts& texts_of(Language language);

// The text of that name, or the name.
[[nodiscard]] std::string_view text_named(std::span<const Named> texts, std::string_view name);

}  // namespace qyolo::report
