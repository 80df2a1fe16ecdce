// Walks an experiment's cells: accuracy pass, then latency pass on a quiet process; one record per
// cell and pass. Resumes where an earlier run of the same experiment stopped.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "common/result.h"
#include "harness/cell/experiment.h"
#include "harness/evaluate/evaluation.h"
#include "harness/run/run_listener.h"

namespace qyolo::harness {

struct RunOptions {
  std::filesystem::path out;
  int threads = 0;
};

// An experiment's inputs, and the experiment as it counts on them.
struct OpenedExperiment {
  std::unique_ptr<Evaluator> evaluator;
  Experiment experiment;
};
Result<OpenedExperiment> open_experiment(const Experiment& experiment, int threads,
                                         const ExecutorFactory& factory, RunListener& listener);

struct RunSummary {
  std::size_t cells = 0;
  std::size_t skipped = 0;
  std::size_t failed = 0;
};

// Fails only where no cell can run (model, dataset, output folder); a failing cell becomes a failed
// record.
Result<RunSummary> run_experiment(const Experiment& experiment, const RunOptions& options,
                                  const ExecutorFactory& factory, RunListener& listener);

}  // namespace qyolo::harness
