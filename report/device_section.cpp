// What devices measured, side by side.
#include <algorithm>
#include <set>

#include "report/html_kit.h"
#include "results/text.h"

namespace qyolo::report {
namespace {

using results::Device;
using results::DeviceRow;
using results::DeviceTable;
using results::DeviceTableRow;

std::string detail_html(std::string_view text) {
  return fmt::format("<span class=\"details\">{}</span>", escaped(text));
}

std::string short_number(double value) {
  return results::fixed(value, value < 10 ? 2 : value < 100 ? 1 : 0);
}

// "FP32" with what its weights are, and its AP below.
std::string device_network_html(const DeviceTableRow& row, const Texts& texts, bool inputs_differ) {
  const bool renamed = row.unquantized && row.precision != "fp32";
  std::string html =
      name_html(renamed ? say(texts.device_unquantized, row.arithmetic_text()) : row.network);
  const std::size_t weights = !row.packed ? 0 : row.coded_regions ? 2 : 1;
  html += detail_html(
      say(texts.device_weights[weights], megabytes(static_cast<double>(row.weight_bytes))));
  if (inputs_differ) html += detail_html(say(texts.device_input, row.width, row.height));
  if (row.ap) html += detail_html(say(texts.device_ap, ap_percent(row.ap)));
  return html;
}

Cell measured_cell(const DeviceRow* row, const Texts& texts) {
  if (row == nullptr) return number_cell(std::string(texts.absent));
  const double median = row->median_ms();
  std::string html = escaped(say(texts.device_median, results::fixed(median, median < 10 ? 2 : 1)));
  html += detail_html(say(texts.device_rate, short_number(row->images_per_second())));
  if (row->peak_rss)
    html += detail_html(say(texts.device_peak, megabytes(static_cast<double>(*row->peak_rss))));
  if (row->energy)
    html += detail_html(say(texts.device_energy, short_number(row->energy->millijoules_per_image)));
  // One thing beside its label where rows become cards.
  return number_cell("<span>" + html + "</span>", median);
}

std::string about_html(const DeviceTable& table, std::size_t index, const Texts& texts) {
  const Device& device = table.devices[index];
  std::set<int> counts;
  for (const results::DeviceGroup& group : table.groups) {
    if (group.device == index) counts.insert(group.threads);
  }
  std::string threads;
  for (const int count : counts) threads += (threads.empty() ? "" : " / ") + std::to_string(count);
  std::string html =
      escaped(say(texts.device_about, device.machine(), threads, device.software(),
                  device.started.substr(0, device.started.find('T')), device.rounds));
  const results::DeviceEnergySource& energy = device.energy;
  if (energy.reason.empty()) {
    const std::string_view how =
        energy.method == "counter" ? texts.device_counter : texts.device_sampled;
    html += detail_html(say(texts.device_source, energy.name,
                            say(how, fmt::format("{:g}", energy.interval_ms)), energy.covers));
  } else {
    html += detail_html(say(texts.device_no_energy, energy.reason));
  }
  std::set<std::string> notes;
  for (const DeviceRow& row : device.rows) {
    if (!row.note.empty() && notes.insert(row.precision + row.note).second)
      html += detail_html(fmt::format("{}: {}", row.precision, row.note));
  }
  for (const std::string& reason : device.unsupported)
    html += detail_html(say(texts.device_left_out, reason));
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", name_html(device.name), html);
}

}  // namespace

std::string devices_section(const PocReport& report, const Texts& texts) {
  const DeviceTable& devices = report.devices;
  if (devices.rows.empty()) return {};
  Table table("cards", std::string(texts.devices));
  table.column(texts.column_network);
  table.column(texts.column_precision);
  table.column(texts.column_batch, true);
  for (const results::DeviceGroup& group : devices.groups) table.column(group.name, true);
  const auto& first = devices.rows.front();
  const bool inputs_differ = std::ranges::any_of(devices.rows, [&](const DeviceTableRow& row) {
    return row.width != first.width || row.height != first.height;
  });
  for (const DeviceTableRow& row : devices.rows) {
    std::vector<Cell> cells = {text_cell(device_network_html(row, texts, inputs_differ), "lead"),
                               text_cell(escaped(row.arithmetic_text())),
                               number_cell(std::to_string(row.batch), row.batch)};
    for (std::size_t group = 0; group < devices.groups.size(); ++group)
      cells.push_back(measured_cell(devices.at(row, group), texts));
    table.row(std::move(cells));
  }
  std::string html = paragraph(escaped(texts.devices_note), "note");
  if (std::ranges::any_of(devices.rows, [](const auto& row) { return !row.calibration.empty(); }))
    html += paragraph(escaped(texts.devices_int8), "note");
  html += table.html() + "<dl class=\"pairs\">\n";
  for (std::size_t i = 0; i < devices.devices.size(); ++i) html += about_html(devices, i, texts);
  return html + "</dl>\n";
}

}  // namespace qyolo::report
