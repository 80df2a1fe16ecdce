#include "harness/run/runner.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "common/sha256.h"
#include "harness/evaluate/uncertainty.h"
#include "harness/host/host.h"
#include "harness/run/cell_record.h"
#include "metrics/statistics.h"
#include "results/record.h"

namespace qyolo::harness {

std::string cell_key(const Evaluator& evaluator, const EvaluationOptions& options,
                     const Cell& cell) {
  OrderedJson identity;
  identity["schema"] = results::kSchema;
  identity["checkpoint"] = evaluator.checkpoint_sha256();
  identity["dataset"] = evaluator.dataset_sha256();
  identity["evaluation"] = options.as_json();
  identity["executor"] = evaluator.executor_identity();
  if (cell.calibrated()) identity["calibration"] = evaluator.calibration_sha256();
  identity["cell"] = cell.as_json();
  return sha256_hex(identity.dump()).substr(0, 16);
}

OrderedJson run_manifest(const Experiment& experiment, const Evaluator& evaluator,
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
  if (experiment.calibration) {
    json["calibration"] = {{"images", experiment.calibration->images.string()},
                           {"sha256", evaluator.calibration_sha256()}};
  }
  json["host"] = describe_host();
  json["threads"] = evaluator.threads();
  json["versions"] = describe_versions();
  json["executor"] = evaluator.executor_description();
  return json;
}

namespace {

class Run {
 public:
  Run(const Experiment& experiment, Evaluator& evaluator, results::RecordStore& store,
      RunListener& listener)
      : experiment_(experiment),
        evaluator_(evaluator),
        store_(store),
        listener_(listener),
        uncertainty_(experiment.uncertainty, evaluator.truth(), evaluator.threads()) {
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
    if (baseline_needed_again()) evaluate_baseline_again();
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (!store_.finished("accuracy", keys_[i])) QYOLO_CHECK_OK(evaluate_cell(i));
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
  Result<CellResult> evaluate(std::size_t i) {
    listener_.on_cell(i, experiment_.cells[i]);
    return evaluator_.evaluate(experiment_.cells[i], [&](std::size_t done, std::size_t total) {
      listener_.on_progress(done, total);
    });
  }

  Status evaluate_cell(std::size_t i) {
    const Cell& cell = experiment_.cells[i];
    const auto result = evaluate(i);
    if (!result.ok()) {
      ++summary_.failed;
      QYOLO_CHECK_OK(store_.append(failed_record("accuracy", keys_[i], cell, result.error())));
      listener_.on_cell_done(i, cell, false, result.error().message);
      return {};
    }
    OrderedJson record = accuracy_record(keys_[i], cell, evaluator_, *result);
    std::string summary = fmt::format("AP {:.4f}", result->evaluation.stats()[0]);
    if (!cell.quantized()) {
      set_baseline(*result);
    } else if (uncertainty_.has_baseline()) {
      auto uncertainty = uncertainty_.of(result->detections);
      if (uncertainty.ok()) {
        summary += ", " + (*uncertainty)["verdict"].get<std::string>();
        record["uncertainty"] = std::move(uncertainty).value();
      } else {
        listener_.on_warning(uncertainty.error().message);
      }
    }
    QYOLO_CHECK_OK(store_.append(record));
    listener_.on_cell_done(i, cell, true, summary);
    return {};
  }

  // Finished by an earlier run, but there are cells to compare with it. Its detections are not kept
  // in the run folder: making them again takes as long as one cell and needs no trust in a file.
  [[nodiscard]] bool baseline_needed_again() const {
    return !uncertainty_.off() && summary_.skipped < keys_.size() &&
           experiment_.cells[0].baseline && store_.finished("accuracy", keys_[0]);
  }

  void evaluate_baseline_again() {
    const auto result = evaluate(0);
    if (result.ok()) {
      set_baseline(*result);
    } else {
      listener_.on_warning("no cell is compared with the baseline: " + result.error().message);
    }
  }

  void set_baseline(const CellResult& result) {
    if (uncertainty_.off()) return;
    const Status status = uncertainty_.set_baseline(result.detections);
    if (!status.ok()) listener_.on_warning(status.error().message);
  }

  const Experiment& experiment_;
  Evaluator& evaluator_;
  results::RecordStore& store_;
  RunListener& listener_;
  std::vector<std::string> keys_;
  RunSummary summary_;
  Uncertainty uncertainty_;
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
  config.split = experiment.split;
  config.options = experiment.evaluation;
  config.calibration = experiment.calibration;
  config.threads = options.threads;
  QYOLO_TRY(const auto evaluator, Evaluator::open(config, factory));
  for (const std::string& warning : evaluator->truth().warnings) listener.on_warning(warning);
  Experiment resolved = experiment;
  resolved.evaluation = evaluator->options();
  for (Cell& cell : resolved.cells) cell = evaluator->resolve(cell);
  Run run(resolved, *evaluator, store, listener);
  QYOLO_CHECK_OK(store.write_manifest(run_manifest(resolved, *evaluator, run.keys())));
  QYOLO_CHECK_OK(run.accuracy());
  QYOLO_CHECK_OK(run.latency());
  return run.summary();
}

}  // namespace qyolo::harness
