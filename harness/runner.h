// Walks an experiment's cells: accuracy pass, then latency pass on a quiet process; one record per
// cell and pass. Resumes where an earlier run of the same experiment stopped.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/evaluation.h"
#include "harness/experiment.h"

namespace qyolo::harness {

struct RunOptions {
  std::filesystem::path out;
  int threads = 0;
};

// Told what happens; the command line shows it.
class RunListener {
 public:
  virtual ~RunListener() = default;
  virtual void on_warning(const std::string& text) = 0;
  // "accuracy" or "latency"; `skipped` cells were finished by an earlier run.
  virtual void on_pass(const std::string& pass, std::size_t cells, std::size_t skipped) = 0;
  virtual void on_cell(std::size_t index, const Cell& cell) = 0;
  virtual void on_progress(std::size_t done, std::size_t total) = 0;
  // `summary`: "AP 0.5478" or the reason for a failure.
  virtual void on_cell_done(std::size_t index, const Cell& cell, bool ok,
                            const std::string& summary) = 0;
};

struct RunSummary {
  std::size_t cells = 0;
  std::size_t skipped = 0;
  std::size_t failed = 0;
};

// Fails only where no cell can run (model, dataset, output folder); a failing cell becomes a failed
// record.
Result<RunSummary> run_experiment(const Experiment& experiment, const RunOptions& options,
                                  const ExecutorFactory& factory, RunListener& listener);

// Everything that determines a cell's accuracy numbers, hashed: the "key" of its records.
[[nodiscard]] std::string cell_key(const Evaluator& evaluator, const EvaluationOptions& options,
                                   const Cell& cell);
// A run folder's manifest (results/record.h). REQUIRES: one key per cell of the experiment.
[[nodiscard]] OrderedJson run_manifest(const Experiment& experiment, const Evaluator& evaluator,
                                       const std::vector<std::string>& keys);

}  // namespace qyolo::harness
