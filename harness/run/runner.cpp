#include "harness/run/runner.h"

#include <vector>

#include "harness/host/host.h"
#include "harness/run/run_manifest.h"
#include "harness/run/session.h"

namespace qyolo::harness {
namespace {

Status accuracy_pass(const std::vector<Cell>& cells, Session& session, RunListener& listener,
                     RunSummary& summary) {
  std::size_t measured = 0;
  for (const Cell& cell : cells) measured += session.measured(cell) ? 1 : 0;
  summary.skipped = measured;
  listener.on_pass("accuracy", cells.size(), measured);
  if (measured == cells.size()) return {};
  std::size_t first = 0;
  if (!cells.front().quantized()) {
    QYOLO_CHECK_OK(session.set_baseline(first++, cells.front()));
    summary.failed += session.measured(cells.front()) ? 0 : 1;
  }
  for (std::size_t i = first; i < cells.size(); ++i) {
    QYOLO_TRY(const bool ok, session.measure_cell(i, cells[i]));
    summary.failed += ok ? 0 : 1;
  }
  return {};
}

Status latency_pass(const std::vector<Cell>& cells, Session& session) {
  std::vector<Cell> measured;
  for (const Cell& cell : cells) {
    if (session.record_of(cell)) measured.push_back(cell);
  }
  return session.time_cells(measured);
}

}  // namespace

Result<OpenedExperiment> open_experiment(const Experiment& experiment, int threads,
                                         const ExecutorFactory& factory, RunListener& listener) {
  OpenedExperiment opened;
  QYOLO_TRY(opened.evaluator, Evaluator::open(evaluator_config(experiment, threads), factory));
  for (const std::string& warning : opened.evaluator->truth().warnings)
    listener.on_warning(warning);
  opened.experiment = experiment;
  opened.experiment.evaluation = opened.evaluator->options();
  for (Cell& cell : opened.experiment.cells) cell = opened.evaluator->resolve(cell);
  return opened;
}

Result<RunSummary> run_experiment(const Experiment& experiment, const RunOptions& options,
                                  const ExecutorFactory& factory, RunListener& listener) {
  QYOLO_TRY(results::RecordStore store, results::RecordStore::open(options.out));
  for (const std::string& warning : store.warnings()) listener.on_warning(warning);
  QYOLO_TRY(const OpenedExperiment opened,
            open_experiment(experiment, options.threads, factory, listener));
  const Experiment& resolved = opened.experiment;
  Session session(resolved, {options.out}, *opened.evaluator, store, listener);
  results::Manifest manifest =
      describe_run(resolved, *opened.evaluator, resolved.cells, timestamp());
  // What several processes have done, or are doing, can still be merged.
  if (const auto before = manifest_in(options.out); before.ok() && same_work(*before, manifest))
    manifest.tasks = before->tasks;
  QYOLO_CHECK_OK(store.write_manifest(results::manifest_json(manifest)));
  RunSummary summary;
  summary.cells = resolved.cells.size();
  QYOLO_CHECK_OK(accuracy_pass(resolved.cells, session, listener, summary));
  QYOLO_CHECK_OK(latency_pass(resolved.cells, session));
  return summary;
}

}  // namespace qyolo::harness
