#include "harness/run/session.h"

#include <algorithm>
#include <utility>

#include "common/sha256.h"
#include "harness/host/host.h"
#include "harness/host/host_watch.h"
#include "harness/host/interleaved.h"
#include "harness/quant/calibrated.h"
#include "harness/run/cell_record.h"
#include "harness/run/run_manifest.h"

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
  if (cell.rounds_by_inputs()) identity["rounding"] = quant::kCalibratedRoundingVersion;
  identity["cell"] = cell.as_json();
  return sha256_hex(identity.dump()).substr(0, 16);
}

Session::Session(const Experiment& experiment, const SessionOptions& options, Evaluator& evaluator,
                 results::RecordStore& store, RunListener& listener)
    : experiment_(experiment),
      options_(options),
      evaluator_(evaluator),
      store_(store),
      listener_(listener),
      comparison_(experiment.uncertainty, evaluator.truth(), evaluator.threads(), options.folder,
                  listener),
      started_(timestamp()) {}

std::string Session::key_of(const Cell& cell) const {
  return cell_key(evaluator_, experiment_.evaluation, cell);
}

std::optional<results::AccuracyRecord> Session::record_of(const Cell& cell) const {
  const Json* record = store_.newest(results::kAccuracy, key_of(cell));
  if (record == nullptr) return std::nullopt;
  auto read = results::read_accuracy(*record, "the record of " + cell.label());
  return read.ok() ? std::optional(std::move(read).value()) : std::nullopt;
}

bool Session::compared_as_wanted(const results::AccuracyRecord& record, const Cell& cell) const {
  if (!cell.quantized() || comparison_.off()) return true;
  if (record.uncertainty) return comparison_.is_as_wanted(record);
  return !baseline_is_new_;
}

bool Session::measured(const Cell& cell) const {
  const auto record = record_of(cell);
  return record && compared_as_wanted(*record, cell);
}

Result<CellResult> Session::evaluate(std::size_t index, const Cell& cell) {
  listener_.on_cell(index, cell);
  return evaluator_.evaluate(
      cell, [&](std::size_t done, std::size_t total) { listener_.on_progress(done, total); });
}

Status Session::record_result(std::size_t index, const Cell& cell, const CellResult& result) {
  const std::string key = key_of(cell);
  results::AccuracyRecord record = accuracy_record(key, cell, evaluator_, result);
  std::string summary = fmt::format("AP {:.2f}", 100 * result.evaluation.stats()[0]);
  if (!cell.quantized() || options_.keep_all)
    QYOLO_CHECK_OK(comparison_.keep(result.detections, record));
  if (cell.quantized() && comparison_.has_baseline()) {
    if (const std::string verdict = comparison_.compare(result.detections, record);
        !verdict.empty())
      summary += ", " + verdict;
  }
  QYOLO_CHECK_OK(store_.append(results::accuracy_json(record)));
  listener_.on_cell_done(index, cell, true, summary);
  if (!cell.quantized()) {
    baseline_key_ = key;
    baseline_detections_ = result.detections;
  }
  return {};
}

Result<bool> Session::measure_cell(std::size_t index, const Cell& cell) {
  auto record = record_of(cell);
  if (record && compared_as_wanted(*record, cell)) return true;
  if (record && !comparison_.has_baseline()) return true;  // nothing to compare it with
  if (record) {
    if (const auto detections = comparison_.kept(*record)) {
      const std::string verdict = comparison_.compare(*detections, *record);
      QYOLO_CHECK_OK(store_.append(results::accuracy_json(*record)));
      listener_.on_cell_done(index, cell, true, verdict);
      return true;
    }
  }
  const auto result = evaluate(index, cell);
  if (result.ok()) {
    QYOLO_CHECK_OK(record_result(index, cell, *result));
    return true;
  }
  // What an earlier session measured stays.
  if (record) {
    listener_.on_warning(
        fmt::format("{} is not compared again: {}", cell.label(), result.error().message));
    return true;
  }
  const results::CellIdentity identity = identity_of(key_of(cell), cell, evaluator_);
  QYOLO_CHECK_OK(store_.append(results::failed_json(results::kAccuracy, identity, result.error())));
  listener_.on_cell_done(index, cell, false, result.error().message);
  return false;
}

Result<std::vector<Detection>> Session::detections_of(std::size_t index, const Cell& cell) {
  if (const std::string key = key_of(cell); !baseline_key_.empty() && key == baseline_key_)
    return baseline_detections_;
  if (const auto record = record_of(cell)) {
    if (auto kept = comparison_.kept(*record)) return std::move(*kept);
  }
  QYOLO_TRY(CellResult result, evaluate(index, cell));
  QYOLO_CHECK_OK(record_result(index, cell, result));
  return std::move(result.detections);
}

Status Session::set_baseline(std::size_t index, const Cell& cell) {
  baseline_is_new_ = !record_of(cell);
  if (!comparison_.off()) evaluator_.compare_heads();
  QYOLO_TRY(const bool measured, measure_cell(index, cell));
  if (!measured || comparison_.off()) return {};
  auto detections = detections_of(index, cell);
  if (!detections.ok()) {
    listener_.on_warning("no cell is compared with the baseline: " + detections.error().message);
    return {};
  }
  baseline_key_ = key_of(cell);
  baseline_detections_ = std::move(detections).value();
  comparison_.set_baseline(baseline_detections_);
  return {};
}

Status Session::time_cells(std::span<const Cell> cells) {
  const LatencyOptions& options = experiment_.latency;
  if (options.rounds == 0 || cells.empty()) return {};
  std::vector<std::string> keys;
  for (const Cell& cell : cells) keys.push_back(key_of(cell));
  const bool complete = std::ranges::all_of(
      keys, [&](const std::string& key) { return store_.finished(results::kLatency, key); });
  listener_.on_pass("latency", cells.size(), complete ? cells.size() : 0);
  if (complete) return {};
  const TimedCases timed{cells.size(), [&](std::size_t i) { return evaluator_.prepare(cells[i]); },
                         [&](std::size_t) { return evaluator_.time_forward(); }};
  const HostWatch watch;
  QYOLO_TRY(const auto samples, time_interleaved(timed, {options.rounds, options.warmup},
                                                 [&](std::size_t done, std::size_t total) {
                                                   listener_.on_progress(done, total);
                                                 }));
  const std::string doubt = watch.warning(samples);
  if (!doubt.empty()) listener_.on_warning("latency: " + doubt);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    results::LatencyRecord record = latency_record(keys[i], cells[i], evaluator_, samples[i]);
    record.warning = doubt;
    QYOLO_CHECK_OK(store_.append(results::latency_json(record)));
  }
  return {};
}

OrderedJson Session::manifest(std::span<const Cell> cells) const {
  return results::manifest_json(describe_run(experiment_, evaluator_, cells, started_));
}

}  // namespace qyolo::harness
