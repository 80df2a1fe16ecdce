// Latency and energy of a proof of concept.
#include <algorithm>
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

report::Energy measure_energy(Evaluator& evaluator, const Cell& baseline) {
  auto energy = energy_of_forward(evaluator, baseline);
  if (energy.ok()) return std::move(energy).value();
  return {{}, "", "", energy.error().message};
}

}  // namespace qyolo::harness
