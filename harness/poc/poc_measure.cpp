// Latency and energy of a proof of concept.
#include <algorithm>
#include <array>
#include <cctype>

#include "harness/host/energy.h"
#include "harness/poc/poc_parts.h"
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

results::PocNetwork network_of(const report::Candidate& one) {
  results::PocNetwork network{one.name, one.details, one.bytes, one.ap, one.delta, {}, {}};
  if (one.confirmation) {
    network.confirmed_on = one.confirmation->images;
    network.confirmed_delta_ap = one.confirmation->delta_ap;
  }
  return network;
}

}  // namespace

void add_latency(const results::LatencyRecord& record, const std::string& name,
                 report::PocReport& report) {
  const results::Execution& execution = record.identity.execution;
  report::LatencyRow row;
  row.label = name;
  row.precision = execution.precision;
  std::ranges::transform(row.precision, row.precision.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  row.measured = !execution.simulated;
  row.median = metrics::quantile(record.milliseconds, 0.5);
  row.low = metrics::quantile(record.milliseconds, 0.25);
  row.high = metrics::quantile(record.milliseconds, 0.75);
  row.samples = record.milliseconds.size();
  report.latency.push_back(std::move(row));
  report.latency_setting = {static_cast<int>(record.batch), static_cast<int>(record.width),
                            static_cast<int>(record.height), static_cast<int>(record.threads)};
}

void add_low_precisions(const results::Device& device, report::PocReport& report) {
  for (const results::DeviceRow& row : device.rows) {
    const bool integers = !row.calibration.empty();
    report.latency.push_back({integers ? "symmetric 8-bit filter A8, head FP32" : "FP32",
                              integers ? "INT8" : "BF16", true, row.median_ms(),
                              metrics::quantile(row.milliseconds, 0.25),
                              metrics::quantile(row.milliseconds, 0.75), row.milliseconds.size()});
  }
}

results::PocSummary summary_of(const report::PocReport& report, report::Language language,
                               const std::filesystem::path& file) {
  constexpr std::array kOutcomes = {"recommended", "undecided", "none", "baseline_unusable"};
  results::PocSummary summary;
  summary.outcome = kOutcomes[static_cast<std::size_t>(report.outcome)];
  summary.verdict = report::verdict_text(report, language);
  summary.tolerance = report.tolerance;
  summary.margin = report.margin;
  summary.evaluated = static_cast<std::int64_t>(report.candidates.size());
  summary.baseline_ap = report.baseline().ap.value_or(-1);
  if (const report::Candidate* one = report.chosen()) summary.network = network_of(*one);
  if (const report::Candidate* one = report.simplest()) summary.simplest = network_of(*one);
  if (report.certainty) summary.more_images = report.certainty->more_images;
  if (!report.devices.devices.empty()) summary.devices = results::devices_json(report.devices);
  summary.report = file.string();
  return summary;
}

report::Energy measure_energy(Evaluator& evaluator, const Cell& baseline) {
  auto energy = energy_of_forward(evaluator, baseline);
  if (energy.ok()) return std::move(energy).value();
  return {{}, "", "", energy.error().message};
}

}  // namespace qyolo::harness
