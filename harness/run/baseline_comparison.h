// A cell's detections beside the baseline's: what the comparison says goes into the cell's record,
// and detections that are wanted again stay in the run folder.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "harness/cell/experiment.h"
#include "harness/evaluate/uncertainty.h"
#include "harness/run/run_listener.h"
#include "results/cell_record.h"

namespace qyolo::harness {

// The references must outlive it.
class BaselineComparison {
 public:
  // `folder`: the run's.
  BaselineComparison(const UncertaintyOptions& options, const GroundTruth& truth, int threads,
                     std::filesystem::path folder, RunListener& listener);

  // No comparison is wanted.
  [[nodiscard]] bool off() const { return uncertainty_.off(); }
  [[nodiscard]] bool has_baseline() const { return uncertainty_.has_baseline(); }
  // Whether the record's comparison was made with the resamples, seed and tolerance wanted now.
  [[nodiscard]] bool is_as_wanted(const results::AccuracyRecord& record) const;
  // Whether nothing is left to do about a cell that has this record: it is compared as wanted, or,
  // of the baseline, its detections are there for others to be compared with.
  [[nodiscard]] bool is_finished(const results::AccuracyRecord& record, bool quantized) const;

  // Says so where that cannot be.
  void set_baseline(std::span<const Detection> detections);
  // Adds what the comparison says to the record; its verdict, or nothing and a warning where it
  // fails.
  std::string compare(std::span<const Detection> detections, results::AccuracyRecord& record) const;

  // Writes detections/KEY.json, and the file's hash into the record.
  Status keep(std::span<const Detection> detections, results::AccuracyRecord& record) const;
  // Nothing unless the file is the record's.
  [[nodiscard]] std::optional<std::vector<Detection>> kept(
      const results::AccuracyRecord& record) const;

 private:
  [[nodiscard]] std::filesystem::path file_of(const results::AccuracyRecord& record) const;

  const GroundTruth& truth_;
  std::filesystem::path folder_;
  RunListener& listener_;
  Uncertainty uncertainty_;
};

}  // namespace qyolo::harness
