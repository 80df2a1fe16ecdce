// The records of a cell: what the accuracy and the latency pass measured, or why they could not.
// One description of each serves writing and reading; docs/records.md names every key, and
// tests/results/cell_record_test.cpp holds the three against each other.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/coco_types.h"
#include "common/json.h"
#include "common/result.h"
#include "metrics/bootstrap.h"
#include "metrics/coco_map.h"
#include "metrics/memory.h"
#include "results/metrics_json.h"

namespace qyolo::results {

inline constexpr std::string_view kAccuracy = "accuracy";
inline constexpr std::string_view kLatency = "latency";

// What really ran.
struct Execution {
  bool simulated = false;          // quantized values in floating-point kernels
  std::string precision = "fp32";  // of the arithmetic: "fp32", "bf16", "fp16", "int8"
  std::string engine;              // "oneDNN 2.6.3"

  // "measured int8"; "simulated", or in another precision than FP32 "simulated bf16".
  [[nodiscard]] std::string text() const;
};

// What both passes say of a cell.
struct CellIdentity {
  std::string key;
  OrderedJson cell;  // as the cell writes itself
  Execution execution;
};

struct ClassMetrics {
  Json category_id;  // as the annotations write it
  std::string name;
  std::optional<double> ap, ap50;  // none: no ground truth
};

struct LayerErrorRecord {
  std::string name;
  std::array<std::int64_t, 4> shape{};  // [n, c, kh, kw]
  std::int64_t weights = 0, groups = 0;
  std::string recipe;
  std::optional<double> sqnr_db;  // none: exact
  double mse = 0;
};

struct ActivationScale {
  double scale = 1;
  std::int64_t zero_point = 0;
};
struct ActivationGroupRecord {
  std::vector<std::string> tensors;
  double low = 0, high = 0;
  ActivationScale parameters;
};
struct ActivationsRecord {
  std::int64_t calibration_images = 0;
  std::string calibration_sha256;
  std::optional<ActivationScale> input;
  std::vector<ActivationGroupRecord> groups;
};

struct SecondsRecord {
  double quantize = 0, load = 0, forward = 0, postprocess = 0, metric = 0, total = 0;
};

// The paired comparison with the baseline, and the names of its classes.
struct UncertaintyRecord {
  metrics::PairedDifference difference;  // the ids of its classes count in this process only
  std::vector<Json> category_ids;        // of each class, as the annotations write it
  std::vector<std::string> class_names;
};

// How far the head's scores are from the unquantized network's (harness/evaluate/head_certainty.h).
struct CertaintyRecord {
  std::int64_t images = 0;
  struct Divergence {
    double mean = 0, standard_error = 0, median = 0, p999 = 0, max = 0;  // nats per image
  } kl;
  std::int64_t top = 0;  // detections of the head that one of the two is sure of
  double changed = 0, changed_standard_error = 0;  // share of them
};

struct AccuracyRecord {
  CellIdentity identity;
  std::int64_t images = 0, detections = 0;
  std::string limit;  // "60:1" (by seed 1), "first:60" (common/image_limit.h); empty: all images
  // Of detections/KEY.json, where these are kept; empty: they are not.
  std::string detections_sha256;
  std::array<std::optional<double>, kMetricNames.size()> metrics;
  std::vector<ClassMetrics> per_class;
  std::optional<double> sqnr_db;  // of all quantized weights; none: exact
  double mse = 0;
  std::vector<LayerErrorRecord> layers;
  OrderedJson memory;  // memory_json(), and coded_bytes
  std::optional<ActivationsRecord> activations;
  SecondsRecord seconds;
  std::optional<UncertaintyRecord> uncertainty;
  std::optional<CertaintyRecord> certainty;

  [[nodiscard]] std::optional<double> ap() const { return metrics[0]; }
};

struct LatencyRecord {
  CellIdentity identity;
  std::string executor;  // the engine, its precision and threads, and what is unusual about it
  std::int64_t batch = 1, height = 0, width = 0, threads = 0;
  std::vector<double> milliseconds;  // one per timed forward
  std::string warning;  // why the times are not to be trusted; empty: nothing is known against them
};

[[nodiscard]] OrderedJson accuracy_json(const AccuracyRecord& record);
// REQUIRES: at least one sample.
[[nodiscard]] OrderedJson latency_json(const LatencyRecord& record);
// `kind`: kAccuracy or kLatency.
[[nodiscard]] OrderedJson failed_json(std::string_view kind, const CellIdentity& identity,
                                      const Error& failure);
// One evaluation outside a run: the accuracy record without its bookkeeping, the metrics on top.
[[nodiscard]] OrderedJson evaluation_json(const AccuracyRecord& record,
                                          const std::string& executor);

// The inverse, also of records of earlier versions: what these have not is empty, and -1 is no
// value. Fails, with the place, on a record of another kind or status, without its numbers, and
// where a value is not of its type.
Result<AccuracyRecord> read_accuracy(const Json& record, const std::string& place);
Result<LatencyRecord> read_latency(const Json& record, const std::string& place);

// Whether the record is of that kind, "ok", and holds what the kind is about: metrics, or samples.
[[nodiscard]] bool is_complete(const Json& record, std::string_view kind);

// Of either kind, also as earlier versions wrote it; empty where it is not known.
[[nodiscard]] std::string execution_text(const Json& record);
// Earlier versions say "fp32" for what is "measured fp32" now.
[[nodiscard]] bool same_execution(std::string_view a, std::string_view b);

// Metrics of an evaluation for a record.
void set_metrics(const metrics::CocoEvaluation& evaluation, const GroundTruth& truth,
                 AccuracyRecord& record);

}  // namespace qyolo::results
