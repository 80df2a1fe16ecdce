#include "harness/runner.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "common/sha256.h"
#include "harness/cell_record.h"
#include "harness/host.h"
#include "metrics/statistics.h"
#include "results/record.h"

namespace qyolo::harness {
namespace {

// Everything that determines a cell's accuracy numbers, hashed.
std::string cell_key(const Evaluator& evaluator, const EvaluationOptions& options,
                     const Cell& cell) {
  OrderedJson identity;
  identity["schema"] = results::kSchema;
  identity["checkpoint"] = evaluator.checkpoint_sha256();
  identity["dataset"] = evaluator.dataset_sha256();
  identity["evaluation"] = options.as_json();
  identity["executor"] = evaluator.executor_identity();
  identity["cell"] = cell.as_json();
  return sha256_hex(identity.dump()).substr(0, 16);
}

OrderedJson manifest(const Experiment& experiment, const Evaluator& evaluator,
                     const std::vector<std::string>& keys) {
  OrderedJson json;
  json["schema"] = results::kSchema;
  json["name"] = experiment.name;
  json["started"] = timestamp();
  json["experiment"] = experiment.as_json();
  json["cells"] = OrderedJson::array();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    OrderedJson cell = {{"key", keys[i]}};
    cell.update(experiment.cells[i].as_json());
    json["cells"].push_back(std::move(cell));
  }
  json["checkpoint"] = {{"path", experiment.model.string()},
                        {"sha256", evaluator.checkpoint_sha256()}};
  json["dataset"] = {{"images", experiment.images.string()},
                     {"annotations", experiment.annotations.string()},
                     {"sha256", evaluator.dataset_sha256()},
                     {"image_count", evaluator.truth().images.size()}};
  json["host"] = describe_host();
  json["threads"] = evaluator.threads();
  json["versions"] = describe_versions();
  json["executor"] = evaluator.executor_description();
  return json;
}

class Run {
 public:
  Run(const Experiment& experiment, Evaluator& evaluator, results::RecordStore& store,
      RunListener& listener)
      : experiment_(experiment), evaluator_(evaluator), store_(store), listener_(listener) {
    for (const Cell& cell : experiment.cells)
      keys_.push_back(cell_key(evaluator, experiment.evaluation, cell));
    summary_.cells = keys_.size();
  }

  [[nodiscard]] const std::vector<std::string>& keys() const { return keys_; }
  [[nodiscard]] const RunSummary& summary() const { return summary_; }

  Status accuracy() {
    for (const std::string& key : keys_)
      summary_.skipped += store_.finished("accuracy", key) ? 1 : 0;
    listener_.on_pass("accuracy", keys_.size(), summary_.skipped);
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (store_.finished("accuracy", keys_[i])) continue;
      const Cell& cell = experiment_.cells[i];
      listener_.on_cell(i, cell);
      const auto result = evaluator_.evaluate(
          cell, [&](std::size_t done, std::size_t total) { listener_.on_progress(done, total); });
      QYOLO_CHECK_OK(
          store_.append(result.ok() ? accuracy_record(keys_[i], cell, evaluator_, *result)
                                    : failed_record("accuracy", keys_[i], cell, result.error())));
      if (!result.ok()) ++summary_.failed;
      listener_.on_cell_done(i, cell, result.ok(),
                             result.ok() ? fmt::format("AP {:.4f}", result->evaluation.stats()[0])
                                         : result.error().message);
    }
    return {};
  }

  // Interleaved: every round visits every cell once, so that drift of the host hits all cells
  // alike. All cells are timed again if any is missing, because only times of one pass compare.
  Status latency() {
    std::vector<std::size_t> cells;
    bool complete = true;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (!store_.finished("accuracy", keys_[i])) continue;
      cells.push_back(i);
      complete = complete && store_.finished("latency", keys_[i]);
    }
    const LatencyOptions& options = experiment_.latency;
    if (options.rounds == 0 || cells.empty()) return {};
    listener_.on_pass("latency", cells.size(), complete ? cells.size() : 0);
    if (complete) return {};
    std::vector<std::vector<double>> samples(keys_.size());
    const std::size_t total = cells.size() * static_cast<std::size_t>(options.rounds);
    std::size_t done = 0;
    for (int round = 0; round < options.rounds; ++round) {
      for (const std::size_t i : cells) {
        QYOLO_CHECK_OK(evaluator_.prepare(experiment_.cells[i]));
        for (int j = 0; j < options.warmup; ++j) {
          QYOLO_TRY([[maybe_unused]] const double untimed, evaluator_.time_forward());
        }
        QYOLO_TRY(const double milliseconds, evaluator_.time_forward());
        samples[i].push_back(milliseconds);
        listener_.on_progress(++done, total);
      }
      std::rotate(cells.begin(), cells.begin() + 1,
                  cells.end());  // no cell always follows the same one
    }
    std::sort(cells.begin(), cells.end());
    for (const std::size_t i : cells) {
      QYOLO_CHECK_OK(
          store_.append(latency_record(keys_[i], experiment_.cells[i], evaluator_, samples[i])));
    }
    return {};
  }

 private:
  const Experiment& experiment_;
  Evaluator& evaluator_;
  results::RecordStore& store_;
  RunListener& listener_;
  std::vector<std::string> keys_;
  RunSummary summary_;
};

}  // namespace

Result<RunSummary> run_experiment(const Experiment& experiment, const RunOptions& options,
                                  const ExecutorFactory& factory, RunListener& listener) {
  QYOLO_TRY(results::RecordStore store, results::RecordStore::open(options.out));
  for (const std::string& warning : store.warnings()) listener.on_warning(warning);
  EvaluatorConfig config;
  config.model = experiment.model;
  config.images = experiment.images;
  config.annotations = experiment.annotations;
  config.options = experiment.evaluation;
  config.threads = options.threads;
  QYOLO_TRY(const auto evaluator, Evaluator::open(config, factory));
  for (const std::string& warning : evaluator->truth().warnings) listener.on_warning(warning);
  Experiment resolved = experiment;
  for (Cell& cell : resolved.cells) cell = evaluator->resolve(cell);
  Run run(resolved, *evaluator, store, listener);
  QYOLO_CHECK_OK(store.write_manifest(manifest(resolved, *evaluator, run.keys())));
  QYOLO_CHECK_OK(run.accuracy());
  QYOLO_CHECK_OK(run.latency());
  return run.summary();
}

}  // namespace qyolo::harness
