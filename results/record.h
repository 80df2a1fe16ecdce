// results/: what a run leaves behind (manifest.json, records.jsonl) and the tables made from it.
// Tables and plots see records only.
//
// A record: one line of JSON per finished cell and pass.
//   {"schema": 1, "kind": "accuracy" | "latency", "key": "...", "status": "ok" | "failed" |
//   "skipped" |
//    "unsupported", "error": "...", "cell": {"label", "scheme", "bits", "granularity", "baseline"},
//    accuracy:  "images", "detections", "metrics": {"AP", "AP50", "AP75", "APs", "APm", "APl",
//    "AR1", "AR10",
//               "AR100", "ARs", "ARm", "ARl"}, "per_class": [{"category_id", "name", "AP",
//               "AP50"}], "weight_error": {"sqnr_db", "mse", "layers": [{"name", "weights",
//               "groups", "sqnr_db", "mse"}]}, "memory": {"payload_bytes", "scale_bytes",
//               "zero_point_bytes", "breakpoint_bytes", "region_bytes", "unquantized_bytes",
//               "true_bytes", "paper_bytes", "bits_per_weight", "ratio_fp16_paper",
//               "ratio_fp16_true", "ratio_fp32_true"}, "seconds": {...}
//    latency:   "latency": {"execution": "fp32" | "simulated" | "measured int8", "unit": "ms",
//    "batch", "height",
//               "width", "threads", "samples": [...], "median", "p95", "p99", "mean", "stddev",
//               "min", "max"}}
// Numbers are unrounded; "sqnr_db" is null where the weights are exact.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace qyolo::results {

inline constexpr int kSchema = 1;

// A run folder open for writing. Records are appended and flushed to the disk one by one.
class RecordStore {
 public:
  // Creates the folder if need be; an unwritable one is an error. Existing records are kept, a
  // half-written last line is cut off with a warning.
  static Result<RecordStore> open(const std::filesystem::path& folder);

  [[nodiscard]] const std::vector<Json>& records() const { return records_; }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  // Whether a record of that kind and key with status "ok" is there.
  [[nodiscard]] bool finished(std::string_view kind, std::string_view key) const;
  Status append(const OrderedJson& record);
  Status write_manifest(const OrderedJson& manifest);

 private:
  std::filesystem::path folder_;
  std::vector<Json> records_;
  std::vector<std::string> warnings_;
  std::ofstream log_;
};

// One row of every table: the newest records of a cell, both passes joined.
struct Row {
  std::string key, label, scheme, granularity, status, error, execution;
  int bits = 0;  // 0: floating point
  bool baseline = false;
  std::optional<double> ap, ap50, ap75, ap_small, ap_medium, ap_large;
  std::optional<double> delta_ap, delta_ap50;  // against the run's baseline, in AP (0..1)
  std::optional<double> sqnr_db, mse, bits_per_weight;
  std::optional<double> ratio_fp16_paper, ratio_fp16_true, ratio_fp32_true;
  std::optional<double> payload_bytes, scale_bytes, zero_point_bytes, breakpoint_bytes,
      region_bytes, unquantized_bytes, true_bytes, paper_bytes;
  std::optional<double> latency_median_ms, latency_p95_ms, latency_p99_ms;
};

struct Run {
  std::filesystem::path folder;
  Json manifest;
  std::vector<Row> rows;      // in the order of the experiment's cells, failed ones included
  std::vector<Json> records;  // all, as read
  std::vector<std::string> warnings;
};

// Reads a run folder. Malformed records are skipped with a warning; a folder without a manifest is
// an error.
Result<Run> read_run(const std::filesystem::path& folder);

}  // namespace qyolo::results
