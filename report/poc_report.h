// report/: the proof of concept as one self-contained HTML file.
//
// PocReport is all that the report says, as plain data: who fills it in (harness/poc/poc.h) knows
// networks and files, who draws it (emit_html) knows neither. Numbers are unrounded; AP is a
// fraction, and differences of AP are network minus baseline. Texts come from users' files and
// are escaped where they are written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plots/look.h"
#include "report/stage.h"
#include "results/device_table.h"
#include "results/interval_record.h"
#include "results/judged_record.h"
#include "results/recommendation_record.h"

namespace qyolo::report {

using Difference = results::IntervalRecord;

// Where a loss lies beside what is allowed, with the interval's confidence.
enum class Standing { kWithin, kBeyond, kUndecided, kUnknown };

enum class StageState {
  kDone,
  kNotNeeded,      // the promise held before
  kNoBaseline,     // nothing to compare with
  kNoCalibration,  // no images to calibrate on
  kNotAsked,
};

// Of one convolution, in network order.
struct LayerBits {
  int bits = 0;       // of a weight; 0: floating point
  bool head = false;  // an output convolution of the detection head
};

struct Candidate {
  std::string name;     // "pwlq 4-bit filter"
  std::string details;  // "[layers 0-3 -> bits=8] breakpoint=search"; may be empty
  Stage stage = Stage::kBaseline;
  std::string failure;  // empty: evaluated
  int activation_bits = 0;
  double bytes = 0;  // all that a decoder needs
  std::optional<double> coded_bytes;
  double bits_per_weight = 0;
  double ratio_fp16 = 0, ratio_fp32 = 0;  // how many times smaller
  std::optional<double> ap, ap50;
  std::optional<Difference> delta;         // none of the baseline
  Standing standing = Standing::kUnknown;  // of all that was promised, classes included
  bool probable = false;                   // all measured losses are allowed, certain or not
  std::size_t classes_beyond = 0, classes_undecided = 0;  // of those with a tolerance
  bool uniform = false;                                   // one recipe for all layers
  std::string scheme;             // that it is drawn as (plots/scheme_style.h)
  std::vector<LayerBits> layers;  // may be empty
  // Of one that a search chose: on images that took no part in it, and how many did.
  std::optional<results::ConfirmationRecord> confirmation;
  std::int64_t chosen_on = 0;
};

struct ClassLoss {
  std::string name;
  std::int64_t objects = 0, images = 0;
  std::optional<double> baseline_ap, ap;
  std::optional<Difference> delta;
  double tolerance = 0;  // fraction
  bool binding = false;  // part of the promise; else for orientation
  Standing standing = Standing::kUnknown;
};

// At one confidence for both networks.
struct ObjectChanges {
  double confidence = 0, iou = 0;
  std::int64_t images = 0, objects = 0;
  std::int64_t missed_before = 0, missed_after = 0;
  std::int64_t false_before = 0, false_after = 0;
  std::int64_t newly_missed = 0, newly_found = 0, newly_false = 0, no_longer_false = 0;
  std::int64_t other_class = 0;  // of the newly missed
};

struct Picture {
  bool missed = false;  // else a false detection
  std::string class_name, image;
  double score = 0;
  std::optional<std::string> shown_as;
  int width = 0, height = 0;
  std::string jpeg;
};

// Milliseconds of one forward.
struct LatencyRow {
  std::string label;      // of the cell
  std::string precision;  // "FP32", "BF16", "INT8"
  bool measured = true;   // kernels of that precision; else float kernels that simulate it
  double median = 0, low = 0, high = 0;  // quartiles
  std::size_t samples = 0;
  std::optional<double> ap;  // of these weights in this arithmetic
};
struct LatencySetting {
  int batch = 1, width = 0, height = 0, threads = 0;
};

struct MemoryRow {
  enum class What { kFp32, kFp16, kChosen, kChosenCoded, kProcessPeak };  // the last: measured
  What what = What::kFp32;
  double bytes = 0;
};

struct Energy {
  std::optional<double> millijoules;  // of one FP32 forward
  std::string source, covers;         // "RAPL", "processor package: package-0"
  std::string reason;                 // why there is none
};

struct Certainty {
  int resamples = 0;
  double confidence = 0;
  std::int64_t images = 0, objects = 0;
  double effective_images = 0;
  std::optional<double> p_loss_above_tolerance;
  // About how many images more would decide; none where it is decided, or never would be.
  std::optional<std::int64_t> more_images;
};

enum class Severity { kInfo, kWarning, kError };
struct DataFinding {
  std::string check;  // "box_outside": a key of the texts
  Severity severity = Severity::kInfo;
  std::int64_t count = 0;
  std::vector<std::string> examples;
};
struct DataCheck {
  std::int64_t images = 0, objects = 0, classes = 0, calibration_images = 0;
  std::vector<DataFinding> findings;
  std::string failure;  // why it was not checked; empty
};

// What an alert threshold is to be set to, by class.
struct Guideline {
  std::string name;
  std::int64_t objects = 0;
  double confidence_before = 0;
  double recall_before = 0, false_before = 0;        // false alarms per image
  double recall_unchanged = 0, false_unchanged = 0;  // quantized, at the same confidence
  std::optional<double> confidence_after;            // none: that recall is out of reach
  double recall_after = 0, false_after = 0;
};

enum class Outcome {
  kRecommended,       // the smallest candidate that certainly keeps the promise
  kUndecided,         // none certainly does, some may
  kNone,              // all certainly break it
  kBaselineUnusable,  // there is no accuracy to lose
};

struct PocReport {
  std::string network, dataset, started, qyolo_version;
  std::int64_t images = 0;  // that were evaluated
  Outcome outcome = Outcome::kNone;
  double tolerance = 0, margin = 0;         // fractions of AP
  std::optional<double> tolerance_percent;  // as given: percent of the baseline's AP
  std::vector<Candidate> candidates;        // the baseline first
  std::optional<std::size_t> subject;       // the candidate that the details below are about
  std::vector<std::pair<Stage, StageState>> stages;
  std::vector<ClassLoss> classes;
  std::optional<ObjectChanges> changes;
  std::vector<Picture> pictures;
  std::vector<LatencyRow> latency;
  LatencySetting latency_setting;
  bool latency_doubtful = false;  // the host was disturbed while it was measured
  std::vector<MemoryRow> memory;
  Energy energy;
  results::DeviceTable devices;               // what devices measured of this network; may be empty
  std::vector<results::JudgedRecord> judged;  // the subject in other runtimes; may be empty
  std::optional<Certainty> certainty;
  DataCheck data;
  std::vector<std::pair<std::string, std::string>> environment;  // as in the manifest
  std::vector<std::pair<std::string, std::string>> commands;     // key of the texts, command
  std::vector<Guideline> guideline;

  [[nodiscard]] const Candidate& baseline() const { return candidates.front(); }
  // Of those with one recipe for all layers the smallest that keeps the promise, where the chosen
  // one has several.
  [[nodiscard]] const Candidate* simplest() const;
  [[nodiscard]] const Candidate* chosen() const {
    return subject ? &candidates[*subject] : nullptr;
  }
};

using plots::Language;

// One HTML document without references to anything outside itself. REQUIRES: a baseline.
[[nodiscard]] std::string emit_html(const PocReport& report, Language language);

// The verdict as the report has it, one or two sentences of plain text.
[[nodiscard]] std::string verdict_text(const PocReport& report, Language language);

}  // namespace qyolo::report
