// results/: what a run leaves behind (manifest.json, records.jsonl) and the tables made from it.
// Tables and plots see records only. docs/records.md describes every key of both files.
//
// Numbers are unrounded. Metrics are fractions (0..1), null where no ground truth counts (earlier
// versions wrote -1, as pycocotools says it); "sqnr_db" is null where the weights are exact. A cell
// is identified by "key", a hash of everything that determines its accuracy; both passes share it.
// The newest record of a kind and key wins.
//
// cell_record.h writes and reads records one by one, manifest.h the manifest, device.h the files of
// `bench`.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace qyolo::results {

inline constexpr int kSchema = 1;

// A run folder open for writing. Records are appended and flushed to the disk one by one. The
// folder is locked while the object lives, so that two runs cannot mix their records. One thread at
// a time.
class RecordStore {
 public:
  // Creates the folder if need be. Existing records are kept, a half-written last line is cut off
  // with a warning, other malformed lines are skipped with one. Fails where the folder cannot be
  // written, where another run has it open, and on records of a newer schema.
  static Result<RecordStore> open(const std::filesystem::path& folder);
  // Whether open() fails because another process has it open now.
  [[nodiscard]] static bool is_open_elsewhere(const std::filesystem::path& folder);

  [[nodiscard]] const std::vector<Json>& records() const { return records_; }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  // Whether the newest record of that kind and key is complete (cell_record.h).
  [[nodiscard]] bool finished(std::string_view kind, std::string_view key) const;
  // The newest record of that kind and key, or nullptr.
  [[nodiscard]] const Json* newest(std::string_view kind, std::string_view key) const;
  // On the disk when it returns; after a failure the file is as before. NaN and infinity are
  // written as null.
  Status append(const OrderedJson& record);
  Status write_manifest(const OrderedJson& manifest);
  // All records at once in place of those that are there: a reader sees the old or the new ones.
  // The store is closed then. `lines`: each as record_line() makes it, or a line that was there.
  Status replace(const std::string& lines) &&;

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  RecordStore() = default;
  void remember(Json record);

  std::filesystem::path folder_;
  std::unique_ptr<std::FILE, CloseFile> log_;  // holds the lock
  std::int64_t size_ = 0;                      // bytes of complete lines
  bool damaged_ = false;                       // half a line could not be taken back
  std::vector<Json> records_;
  std::vector<std::string> warnings_;
  std::map<std::pair<std::string, std::string>, std::size_t> newest_;  // by kind and key
};

// A record as it stands in records.jsonl, with its end.
[[nodiscard]] std::string record_line(const OrderedJson& record);

Status write_manifest(const std::filesystem::path& folder, const OrderedJson& manifest);

// Fails where a folder has files of other programs under the names of ours.
Status check_run_folder(const std::filesystem::path& folder);

// Low and high end.
using Interval = std::pair<double, double>;

// One row of every table: the newest records of a cell, both passes joined. Absent numbers were not
// measured (or, for AP and AR, have no ground truth that counts).
struct Row {
  std::string key, scheme, granularity;
  // label.h: in full by what ran; as people read it, no two rows alike; what the experiment calls
  // it.
  std::string label, shown, name;
  std::string status;  // a record's, or "pending" where there is none yet; accuracy before latency
  std::string error;   // of the pass that `status` is about
  std::string latency_error;    // where accuracy is ok and latency is not
  std::string latency_warning;  // why the times are not to be trusted
  // What ran: "measured int8", "simulated"; "fp32" of earlier versions, which say it of latency
  // alone and leave the next two empty.
  std::string execution;
  std::string precision, engine;  // "bf16", "oneDNN 2.6.3"
  int bits = 0;                   // 0: floating point
  int activation_bits = 0;        // 0: floating point
  bool baseline = false;
  std::optional<double> images, detections;
  std::optional<double> ap, ap50, ap75, ap_small, ap_medium, ap_large;  // 0..1
  std::optional<double> ar1, ar10, ar100, ar_small, ar_medium, ar_large;
  std::optional<double> delta_ap, delta_ap50;  // against the run's baseline, in AP (0..1)
  // The record's "uncertainty" of these differences: intervals, standard errors, and how likely
  // more AP is lost than the tolerance.
  std::optional<double> delta_ap_low, delta_ap_high, delta_ap_error;
  std::optional<double> delta_ap50_low, delta_ap50_high, delta_ap50_error;
  std::optional<double> loss_above_tolerance, tolerance, margin, confidence, effective_images,
      objects;
  std::string decision, verdict;
  // The record's "certainty": of the head's scores beside the unquantized network's.
  std::optional<double> certainty_images, kl, kl_error, kl_median, kl_p999, kl_max;
  std::optional<double> top_detections, top_changed, top_changed_error;
  std::optional<double> sqnr_db, mse, bits_per_weight;
  std::optional<double> ratio_fp16_paper, ratio_fp16_true, ratio_fp32_true;
  std::optional<double> payload_bytes, scale_bytes, zero_point_bytes, breakpoint_bytes,
      region_bytes, correction_bytes, unquantized_bytes, true_bytes, coded_bytes, paper_bytes;
  std::optional<double> latency_median_ms, latency_p95_ms, latency_p99_ms;
  std::optional<double> latency_mean_ms, latency_stddev_ms, latency_min_ms, latency_max_ms;
  std::optional<double> latency_batch, latency_height, latency_width, latency_threads;

  // Where AP may lie beside the baseline's AP: that, plus the interval of the difference.
  [[nodiscard]] std::optional<Interval> ap_interval() const;
};

struct Run {
  std::filesystem::path folder;
  Json manifest;
  // From the manifest, for titles: the run's name, the checkpoint file's stem, the annotation
  // file's ("parts/val" for parts/val/annotations.json), and how many images were evaluated.
  std::string name, network, dataset;
  std::optional<double> images;
  std::vector<Row> rows;      // in the order of the experiment's cells, failed ones included
  std::vector<Json> records;  // all, as read
  std::vector<std::string> warnings;

  // The row that differences are against: the first baseline with an AP, or nullptr.
  [[nodiscard]] const Row* baseline() const;
  // The newest record of that kind and key, or nullptr.
  [[nodiscard]] const Json* newest(std::string_view kind, std::string_view key) const;
};

// Reads a run folder, also one that is being written. Malformed records are skipped with a warning
// that gives the line; a folder without a readable manifest, and a newer schema, are errors.
Result<Run> read_run(const std::filesystem::path& folder);
// The same from records in memory, as a RecordStore holds them.
Result<Run> assemble_run(Json manifest, std::vector<Json> records,
                         const std::filesystem::path& folder);
// The same from the two files' contents; `folder` names them in messages.
Result<Run> parse_run(std::string_view manifest, std::string_view records,
                      const std::filesystem::path& folder);

// The records in the content of a records.jsonl.
struct RecordLines {
  std::vector<Json> records;
  std::vector<std::size_t> lines;  // of each record, from 1
  std::vector<std::string> warnings;
  std::size_t complete = 0;  // bytes up to the end of the last line to keep
};

// `place` names the file in messages. Fails on a record of a newer schema.
Result<RecordLines> parse_records(std::string_view content, std::string_view place);

}  // namespace qyolo::results
