// Latency and energy of a proof of concept.
#include <array>

#include "common/file.h"
#include "common/sha256.h"
#include "harness/host/energy.h"
#include "harness/host/host.h"
#include "harness/host/host_watch.h"
#include "harness/host/interleaved.h"
#include "harness/poc/poc_parts.h"
#include "harness/run/cell_record.h"
#include "metrics/statistics.h"
#include "results/label.h"
#include "results/renderers.h"

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

// Everything that decides what the numbers are of.
std::string what_is_timed(const PocOptions& options, std::span<const TimedCell> cells,
                          const Evaluator& evaluator, const results::TimingRecord& record) {
  OrderedJson asked = {{"host", record.host},
                       {"executor", evaluator.executor_description()},
                       {"threads", record.threads},
                       {"input", {record.batch, record.height, record.width}},
                       {"latency", options.latency.as_json()},
                       {"low_precisions", static_cast<bool>(options.low_precisions)},
                       {"AP", true},
                       {"cells", OrderedJson::array()}};
  for (const TimedCell& one : cells) asked["cells"].push_back(one.key);
  return sha256_hex(asked.dump()).substr(0, 16);
}

std::optional<double> ap_of(const LowPrecisionNetwork& network, RunListener& listener) {
  if (!network.evaluate) return std::nullopt;
  const auto ap = network.evaluate();
  if (ap.ok()) return *ap;
  listener.on_warning(fmt::format("AP of {}: {}", network.name, ap.error().message));
  return std::nullopt;
}

// What an earlier session timed of the same.
std::optional<results::TimingRecord> kept_timing(const std::filesystem::path& file,
                                                 const std::string& asked) {
  const auto json = read_json(file);
  if (!json.ok()) return std::nullopt;
  auto read = results::read_timing(*json, file.string());
  if (!read.ok() || read->asked != asked || read->networks.empty()) return std::nullopt;
  for (const results::TimedNetworkRecord& one : read->networks)
    if (one.milliseconds.empty()) return std::nullopt;
  return std::move(read).value();
}

}  // namespace

Result<std::optional<results::TimingRecord>> timed_together(const PocOptions& options,
                                                            std::span<const TimedCell> cells,
                                                            Evaluator& evaluator,
                                                            results::RecordStore& store,
                                                            RunListener& listener) {
  if (options.latency.rounds == 0) return std::optional<results::TimingRecord>();
  const LatencyInput input = evaluator.latency_input();
  results::TimingRecord record;
  record.host = describe_host().cpu;
  record.height = input.height;
  record.width = input.width;
  record.threads = evaluator.threads();
  record.asked = what_is_timed(options, cells, evaluator, record);
  const std::filesystem::path file = options.out / "latency.json";
  if (auto kept = kept_timing(file, record.asked)) {
    listener.on_pass("latency", kept->networks.size(), kept->networks.size());
    return std::optional(std::move(*kept));
  }
  std::vector<LowPrecisionNetwork> others;
  if (options.low_precisions) {
    auto opened = options.low_precisions({static_cast<int>(record.batch), input.width, input.height,
                                          static_cast<int>(record.threads)});
    if (opened.ok()) {
      others = std::move(opened).value();
    } else {
      listener.on_warning(opened.error().message);
    }
  }
  const std::size_t count = cells.size() + others.size();
  listener.on_pass("latency", count, 0);
  const TimedCases timed{
      count,
      [&](std::size_t i) { return i < cells.size() ? evaluator.prepare(cells[i].cell) : Status(); },
      [&](std::size_t i) {
        return i < cells.size() ? evaluator.time_forward()
                                : others[i - cells.size()].time_forward();
      }};
  const HostWatch watch;
  QYOLO_TRY(auto samples, time_interleaved(timed, {options.latency.rounds, options.latency.warmup},
                                           [&](std::size_t done, std::size_t total) {
                                             listener.on_progress(done, total);
                                           }));
  record.warning = watch.warning(samples);
  if (!record.warning.empty()) listener.on_warning("latency: " + record.warning);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    results::LatencyRecord of_cell =
        latency_record(cells[i].key, cells[i].cell, evaluator, samples[i]);
    of_cell.warning = record.warning;
    QYOLO_CHECK_OK(store.append(results::latency_json(of_cell)));
    record.networks.push_back({cells[i].name, evaluator.precision_of(cells[i].cell),
                               evaluator.simulates(cells[i].cell), std::move(samples[i]),
                               cells[i].ap});
  }
  for (std::size_t i = 0; i < others.size(); ++i) {
    record.networks.push_back({others[i].name, others[i].precision, false,
                               std::move(samples[cells.size() + i]), ap_of(others[i], listener)});
  }
  QYOLO_CHECK_OK(write_file(file, results::document_text(results::timing_json(record))));
  return std::optional(std::move(record));
}

void add_latency(const results::TimingRecord& record, report::PocReport& report) {
  for (const results::TimedNetworkRecord& one : record.networks) {
    report.latency.push_back(
        {one.network, results::precision_name(one.precision), !one.simulated,
         metrics::quantile(one.milliseconds, 0.5), metrics::quantile(one.milliseconds, 0.25),
         metrics::quantile(one.milliseconds, 0.75), one.milliseconds.size(), one.ap});
  }
  report.latency_doubtful = !record.warning.empty();
  report.latency_setting = {static_cast<int>(record.batch), static_cast<int>(record.width),
                            static_cast<int>(record.height), static_cast<int>(record.threads)};
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
  summary.judged = report.judged;
  summary.report = file.string();
  return summary;
}

report::Energy measure_energy(Evaluator& evaluator, const Cell& baseline) {
  auto energy = energy_of_forward(evaluator, baseline);
  if (energy.ok()) return std::move(energy).value();
  return {{}, "", "", energy.error().message};
}

}  // namespace qyolo::harness
