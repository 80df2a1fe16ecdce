// What `qyolo bench` measured, for reading.
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "harness/bench/bench.h"
#include "metrics/statistics.h"

namespace qyolo::harness {
namespace {

std::string megabytes_text(double bytes) { return fmt::format("{:.1f}", bytes / 1e6); }

std::string row_name(const results::DeviceRow& row) {
  return row.packed ? row.precision + " packed" : row.precision;
}

void add_bench_row(const results::Device& device, const results::DeviceRow& row, bool energy,
                   std::string& text) {
  const metrics::Summary summary = metrics::summarize(row.milliseconds);
  const double rate = row.gflop / summary.median * 1e3;
  text += fmt::format(
      "| {} | {} | {} | {:.1f} | {:.1f} – {:.1f} | {:.1f} | {:.1f} | {:.2f} | {:.2f} | {} | {} | "
      "{} |",
      row_name(row), row.batch, row.threads, summary.median,
      metrics::quantile(row.milliseconds, 0.25), metrics::quantile(row.milliseconds, 0.75),
      summary.min, row.images_per_second(),
      row.images_per_second() / device.rows.front().images_per_second(), rate,
      row.peak_gflops ? fmt::format("{:.0f} %", 100 * rate / *row.peak_gflops) : "–",
      megabytes_text(static_cast<double>(row.weight_bytes)),
      row.peak_rss ? megabytes_text(static_cast<double>(*row.peak_rss)) : "–");
  if (energy)
    text += row.energy ? fmt::format(" {:.1f} |", row.energy->millijoules_per_image) : " – |";
  text += '\n';
}

std::string energy_lines(const results::Device& device) {
  const results::DeviceEnergySource& source = device.energy;
  if (!source.reason.empty()) return fmt::format("Energy: not readable here: {}.\n", source.reason);
  std::string text = fmt::format(
      "Energy: {} ({}, read every {:g} ms), {}; {} readings; idle power is not subtracted.\n",
      source.name, source.method, source.interval_ms, source.covers, [&] {
        std::int64_t readings = 0;
        for (const results::DeviceRow& row : device.rows)
          readings += row.energy ? row.energy->readings : 0;
        return readings;
      }());
  for (const results::DeviceRow& row : device.rows) {
    if (!row.energy)
      text +=
          fmt::format("Energy of {}: not readable here: {}.\n", row_name(row), row.energy_reason);
  }
  return text;
}

}  // namespace

std::string bench_case_name(const BenchCase& what) {
  return fmt::format("{}{}", engine::precision_name(what.precision), what.packed ? " packed" : "");
}

std::string bench_markdown(const results::Device& device) {
  const bool energy = std::ranges::any_of(
      device.rows, [](const results::DeviceRow& row) { return row.energy.has_value(); });
  std::string text = fmt::format(
      "| precision | batch | threads | median ms | quartiles | min | images/s | x first | GFLOP/s "
      "| of GEMM | weights MB | peak RSS MB |{}\n"
      "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|{}\n",
      energy ? " mJ/image |" : "", energy ? "--:|" : "");
  for (const results::DeviceRow& row : device.rows) add_bench_row(device, row, energy, text);
  text += "\n" + energy_lines(device);
  std::set<std::string> notes;
  for (const results::DeviceRow& row : device.rows) {
    if (!row.note.empty()) notes.insert(fmt::format("{}: {}", row.precision, row.note));
  }
  for (const std::string& note : notes) text += fmt::format("\n{}\n", note);
  for (const std::string& reason : device.unsupported)
    text += fmt::format("\nLeft out: {}\n", reason);
  return text;
}

std::string profile_markdown(const std::vector<engine::StepTime>& steps) {
  constexpr std::size_t kSlowest = 20;
  std::map<std::string, engine::StepTime> operations;
  double total = 0;
  for (const engine::StepTime& step : steps) {
    engine::StepTime& sum = operations[step.operation];
    sum.milliseconds += step.milliseconds;
    sum.gflop += step.gflop;
    ++sum.node;  // how many
    total += step.milliseconds;
  }
  const auto rate = [](const engine::StepTime& step) {
    return step.gflop > 0 ? fmt::format("{:.0f}", step.gflop / step.milliseconds * 1e3)
                          : std::string("–");
  };
  std::string text =
      "| operation | steps | ms | share | GFLOP | GFLOP/s |\n|---|--:|--:|--:|--:|--:|\n";
  for (const auto& [name, sum] : operations) {
    text += fmt::format("| {} | {} | {:.2f} | {:.1f} % | {:.2f} | {} |\n", name, sum.node,
                        sum.milliseconds, 100 * sum.milliseconds / total, sum.gflop, rate(sum));
  }
  std::vector<engine::StepTime> slowest = steps;
  std::ranges::stable_sort(slowest, std::greater{}, &engine::StepTime::milliseconds);
  slowest.resize(std::min(slowest.size(), kSlowest));
  text += "\n| layer | operation | ms | share | GFLOP/s | kernel |\n|---|---|--:|--:|--:|---|\n";
  for (const engine::StepTime& step : slowest) {
    text +=
        fmt::format("| {} | {} | {:.2f} | {:.1f} % | {} | {} |\n", step.name, step.operation,
                    step.milliseconds, 100 * step.milliseconds / total, rate(step), step.kernel);
  }
  return text;
}

}  // namespace qyolo::harness
