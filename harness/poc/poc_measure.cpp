// Latency and energy of a proof of concept.
#include <algorithm>

#include "harness/host/energy.h"
#include "harness/poc/poc_parts.h"
#include "harness/run/cell_record.h"
#include "metrics/statistics.h"

namespace qyolo::harness {
namespace {

Result<report::Energy> energy_of_forward(Evaluator& evaluator, const Cell& baseline) {
  QYOLO_TRY(EnergyMeter meter, EnergyMeter::open());
  QYOLO_CHECK_OK(evaluator.prepare(baseline));
  QYOLO_TRY(const ForwardEnergy spent,
            energy_of_forwards(meter, [&] { return evaluator.time_forward(); }));
  return report::Energy{spent.reading.joules * 1e3 / spent.forwards, meter.source().name,
                        meter.source().covers, ""};
}

}  // namespace

Status measure_latency(Evaluator& evaluator, results::RecordStore& store,
                       const LatencyOptions& options, std::span<const LatencyCell> cells,
                       RunListener& listener) {
  const bool complete = std::ranges::all_of(
      cells, [&](const LatencyCell& one) { return store.finished("latency", one.key); });
  if (options.rounds == 0 || complete) return {};
  listener.on_pass("latency", cells.size(), 0);
  std::vector<std::vector<double>> samples(cells.size());
  const std::size_t total = cells.size() * static_cast<std::size_t>(options.rounds);
  std::size_t done = 0;
  for (int round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      QYOLO_CHECK_OK(evaluator.prepare(cells[i].cell));
      for (int j = 0; j < options.warmup; ++j) {
        QYOLO_TRY([[maybe_unused]] const double untimed, evaluator.time_forward());
      }
      QYOLO_TRY(const double milliseconds, evaluator.time_forward());
      samples[i].push_back(milliseconds);
      listener.on_progress(++done, total);
    }
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    QYOLO_CHECK_OK(
        store.append(latency_record(cells[i].key, cells[i].cell, evaluator, samples[i])));
  }
  return {};
}

void add_latency(const Json& record, const LatencyCell& cell, report::PocReport& report) {
  if (!record.contains("latency") || !record["latency"].is_object()) return;
  const Json& latency = record["latency"];
  std::vector<double> samples;
  if (latency.contains("samples") && latency["samples"].is_array()) {
    for (const Json& sample : latency["samples"]) {
      if (sample.is_number()) samples.push_back(sample.get<double>());
    }
  }
  if (samples.empty()) return;
  report::LatencyRow row;
  row.label = cell.name;
  row.precision = "FP32";
  row.measured = !cell.cell.quantized();
  row.median = metrics::quantile(samples, 0.5);
  row.low = metrics::quantile(samples, 0.25);
  row.high = metrics::quantile(samples, 0.75);
  row.samples = samples.size();
  report.latency.push_back(std::move(row));
  const auto integer = [&](const char* key, int& out) {
    if (latency.contains(key) && latency[key].is_number_integer()) out = latency[key].get<int>();
  };
  integer("batch", report.latency_setting.batch);
  integer("width", report.latency_setting.width);
  integer("height", report.latency_setting.height);
  integer("threads", report.latency_setting.threads);
}

report::Energy measure_energy(Evaluator& evaluator, const Cell& baseline) {
  auto energy = energy_of_forward(evaluator, baseline);
  if (energy.ok()) return std::move(energy).value();
  return {{}, "", "", energy.error().message};
}

}  // namespace qyolo::harness
