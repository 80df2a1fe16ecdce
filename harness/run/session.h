// A measuring session: cells become records in a run folder, whoever asks for them (a run walks a
// matrix, a proof of concept its roadmap).
//
// - What an earlier session finished is not measured again. A comparison with the baseline that was
//   made with other resamples, another seed or another tolerance is made again.
// - A comparison that fails is a warning; the record then has none.
// - The baseline's detections stay in detections/KEY.json, and with `keep_all` every cell's; the
//   record has the file's hash. A file that is not the record's is not used: the network runs
//   again.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/cell/experiment.h"
#include "harness/evaluate/evaluation.h"
#include "harness/run/baseline_comparison.h"
#include "harness/run/run_listener.h"
#include "results/cell_record.h"
#include "results/manifest.h"
#include "results/record.h"

namespace qyolo::harness {

struct SessionOptions {
  std::filesystem::path folder;  // the store's
  bool keep_all = false;         // detections
};

// Everything that determines a cell's accuracy numbers, hashed: the "key" of its records.
[[nodiscard]] std::string cell_key(const Evaluator& evaluator, const EvaluationOptions& options,
                                   const Cell& cell);

class Session {
 public:
  // Of `experiment` all but its cells counts. The references must outlive the object.
  Session(const Experiment& experiment, const SessionOptions& options, Evaluator& evaluator,
          results::RecordStore& store, RunListener& listener);

  [[nodiscard]] std::string key_of(const Cell& cell) const;
  // Whether an earlier session, or this one, has the cell's record, and compared as it is wanted
  // now.
  [[nodiscard]] bool measured(const Cell& cell) const;
  // The newest record, or none where there is no complete one.
  [[nodiscard]] std::optional<results::AccuracyRecord> record_of(const Cell& cell) const;

  // Whose detections cells are compared with from now on, measured where it has to be. No
  // comparisons are made where it cannot be, or the experiment wants none.
  Status set_baseline(std::size_t index, const Cell& cell);

  // The cell's accuracy record, unless it is measured already. A cell that fails becomes a failed
  // record, which is no failure here: false. `index`: its place, for the listener.
  Result<bool> measure_cell(std::size_t index, const Cell& cell);

  // As evaluated: in this session, or kept by an earlier one, or made again.
  Result<std::vector<Detection>> detections_of(std::size_t index, const Cell& cell);

  // Latency records of the cells, interleaved. All are timed again if one is missing, because only
  // times of one pass compare.
  Status time_cells(std::span<const Cell> cells);

  // The manifest of this session with these cells.
  [[nodiscard]] OrderedJson manifest(std::span<const Cell> cells) const;

 private:
  [[nodiscard]] bool compared_as_wanted(const results::AccuracyRecord& record,
                                        const Cell& cell) const;
  Result<CellResult> evaluate(std::size_t index, const Cell& cell);
  // From an evaluation to a record in the store.
  Status record_result(std::size_t index, const Cell& cell, const CellResult& result);

  const Experiment& experiment_;
  SessionOptions options_;
  Evaluator& evaluator_;
  results::RecordStore& store_;
  RunListener& listener_;
  BaselineComparison comparison_;
  bool baseline_is_new_ = false;  // measured by this session: what is not compared yet can be now
  std::string baseline_key_;
  std::vector<Detection> baseline_detections_;
  std::string started_;
};

}  // namespace qyolo::harness
