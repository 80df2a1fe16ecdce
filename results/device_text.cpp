// What `bench` measured, for reading.
#include <algorithm>
#include <set>

#include "metrics/statistics.h"
#include "results/device.h"

namespace qyolo::results {
namespace {

std::string megabytes_text(double bytes) { return fmt::format("{:.1f}", bytes / 1e6); }

std::string measured_name(const DeviceRow& row) {
  return row.packed ? row.precision + " packed" : row.precision;
}

void add_bench_row(const Device& device, const DeviceRow& row, bool energy, std::string& text) {
  const metrics::Summary summary = metrics::summarize(row.milliseconds);
  const double rate = row.gflop / summary.median * 1e3;
  text += fmt::format(
      "| {} | {} | {} | {:.1f} | {:.1f} – {:.1f} | {:.1f} | {:.1f} | {:.2f} | {:.2f} | {} | {} | "
      "{} |",
      measured_name(row), row.batch, row.threads, summary.median,
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

std::string energy_lines(const Device& device) {
  const DeviceEnergySource& source = device.energy;
  if (!source.reason.empty()) return fmt::format("Energy: not readable here: {}.\n", source.reason);
  std::string text = fmt::format(
      "Energy: {} ({}, read every {:g} ms), {}; {} readings; idle power is not subtracted.\n",
      source.name, source.method, source.interval_ms, source.covers, [&] {
        std::int64_t readings = 0;
        for (const DeviceRow& row : device.rows) readings += row.energy ? row.energy->readings : 0;
        return readings;
      }());
  for (const DeviceRow& row : device.rows) {
    if (!row.energy)
      text += fmt::format("Energy of {}: not readable here: {}.\n", measured_name(row),
                          row.energy_reason);
  }
  return text;
}

}  // namespace

std::string device_markdown(const Device& device) {
  const bool energy =
      std::ranges::any_of(device.rows, [](const DeviceRow& row) { return row.energy.has_value(); });
  std::string text = fmt::format(
      "| precision | batch | threads | median ms | quartiles | min | images/s | x first | GFLOP/s "
      "| of GEMM | weights MB | peak RSS MB |{}\n"
      "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|{}\n",
      energy ? " mJ/image |" : "", energy ? "--:|" : "");
  for (const DeviceRow& row : device.rows) add_bench_row(device, row, energy, text);
  text += "\n" + energy_lines(device);
  std::set<std::string> notes;
  for (const DeviceRow& row : device.rows) {
    if (!row.note.empty()) notes.insert(fmt::format("{}: {}", row.precision, row.note));
  }
  for (const std::string& note : notes) text += fmt::format("\n{}\n", note);
  for (const std::string& reason : device.unsupported)
    text += fmt::format("\nLeft out: {}\n", reason);
  return text;
}

Renderers renderers_of(const Device& device) {
  return {
      [&device] { return device_markdown(device); }, {}, [&device] { return device_text(device); }};
}

}  // namespace qyolo::results
