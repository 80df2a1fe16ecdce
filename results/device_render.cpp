// Devices' measurements as Markdown, LaTeX, CSV and JSON.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "results/device_table.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

using Measure = std::optional<double> (*)(const DeviceRow&);

std::string absent_text() { return std::string(kAbsent); }

std::optional<double> peak_megabytes(const DeviceRow& row) {
  if (!row.peak_rss) return std::nullopt;
  return static_cast<double>(*row.peak_rss) / 1e6;
}

std::optional<double> millijoules(const DeviceRow& row) {
  if (!row.energy) return std::nullopt;
  return row.energy->millijoules_per_image;
}

TextColumn row_column(std::string header, bool number, const DeviceTable& table,
                      std::string (*print)(const DeviceTableRow&)) {
  TextColumn column{std::move(header), number, {}};
  for (const DeviceTableRow& row : table.rows) column.cells.push_back({print(row)});
  return column;
}

// As many decimals as its largest number needs.
TextColumn group_column(std::string header, const DeviceTable& table, std::size_t group,
                        Measure measure) {
  TextColumn column{std::move(header), true, {}};
  column.group = table.groups[group].name;
  std::vector<std::optional<double>> values;
  double largest = 0;
  for (const DeviceTableRow& row : table.rows) {
    const DeviceRow* one = table.at(row, group);
    values.push_back(one == nullptr ? std::nullopt : measure(*one));
    largest = std::max(largest, values.back().value_or(0));
  }
  const int decimals = largest < 10 ? 2 : largest < 1000 ? 1 : 0;
  for (const auto& value : values)
    column.cells.push_back({value ? fixed(*value, decimals) : absent_text()});
  return column;
}

std::string joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

// "pi5: Raspberry Pi 5, 4 threads, Debian 13, qyolo 0.2.0, oneDNN 3.7; 2026-11-29; terminal.json."
std::string device_note(const DeviceTable& table, std::size_t index) {
  const Device& device = table.devices[index];
  std::vector<std::string> parts;
  if (const std::string machine = device.machine(); !machine.empty()) parts.push_back(machine);
  std::set<int> threads;
  for (const DeviceGroup& group : table.groups) {
    if (group.device == index) threads.insert(group.threads);
  }
  parts.push_back(fmt::format("{} thread{}", fmt::join(threads, " and "),
                              threads == std::set<int>{1} ? "" : "s"));
  if (std::string system = json_text(device.host, "os"); !system.empty())
    parts.push_back(std::move(system));
  if (const std::string version = json_text(device.versions, "qyolo"); !version.empty())
    parts.push_back("qyolo " + version);
  if (std::string version = json_text(device.versions, "onednn"); !version.empty())
    parts.push_back(std::move(version));
  return fmt::format("{}: {}; measured {}, medians of {} forwards ({}).", device.name,
                     joined(parts), device.started.substr(0, device.started.find('T')),
                     device.rounds, device.file.filename().string());
}

std::string energy_note(const Device& device) {
  const DeviceEnergySource& source = device.energy;
  if (!source.reason.empty())
    return fmt::format("Energy of {}: not readable here: {}.", device.name, source.reason);
  const auto failed = std::ranges::find_if(
      device.rows, [](const DeviceRow& row) { return !row.energy && !row.energy_reason.empty(); });
  std::string note = fmt::format("Energy of {}: {}, {}; {}", device.name, source.name,
                                 source.method, source.covers);
  if (source.interval_ms > 0) note += fmt::format("; read every {:g} ms", source.interval_ms);
  if (failed != device.rows.end())
    note += fmt::format("; not readable in every row: {}", failed->energy_reason);
  return note + ". What the machine takes when idle is not subtracted.";
}

// What is to be known of how its rows were computed, each thing once.
std::vector<std::string> row_notes(const Device& device) {
  std::vector<std::string> notes;
  for (const DeviceRow& row : device.rows) {
    if (row.note.empty()) continue;
    std::string note = fmt::format("{}, {}: {}.", device.name, row.precision, row.note);
    if (std::ranges::find(notes, note) == notes.end()) notes.push_back(std::move(note));
  }
  return notes;
}

std::string input_of(const DeviceTableRow& row) {
  return fmt::format("{} × {}", row.width, row.height);
}

// --- CSV and JSON ---

std::string number_field(double value) { return fmt::format("{}", value); }

// What rows of one kind share in names of columns.
using Combination = std::tuple<std::size_t, std::string, bool, bool, int, int, int>;

std::vector<Combination> combinations(const DeviceTable& table) {
  std::set<Combination> found;
  for (const DeviceTableRow& row : table.rows) {
    if (row.key.empty()) continue;
    for (std::size_t group = 0; group < table.groups.size(); ++group) {
      if (row.measured[group]) {
        found.emplace(group, row.precision, row.packed, row.coded_regions, row.batch, row.height,
                      row.width);
      }
    }
  }
  return {found.begin(), found.end()};
}

constexpr std::array<std::string_view, 4> kMeasures = {"median_ms", "images_per_second",
                                                       "peak_rss_bytes", "energy_mj_per_image"};

std::array<std::string, 4> measures_of(const DeviceRow* row) {
  if (row == nullptr) return {};
  return {number_field(row->median_ms()), number_field(row->images_per_second()),
          row->peak_rss ? std::to_string(*row->peak_rss) : "",
          row->energy ? number_field(row->energy->millijoules_per_image) : ""};
}

}  // namespace

ReadingTable devices_table(const DeviceTable& table) {
  ReadingTable out;
  if (table.rows.empty()) return out;
  const auto add = [&](std::string header, bool number,
                       std::string (*print)(const DeviceTableRow&)) {
    out.columns.push_back(row_column(std::move(header), number, table, print));
  };
  const auto& rows = table.rows;
  add("Network", false, [](const DeviceTableRow& row) { return row.network; });
  if (std::ranges::any_of(rows, [](const DeviceTableRow& row) { return row.ap.has_value(); })) {
    add("AP", true,
        [](const DeviceTableRow& row) { return row.ap ? fixed(*row.ap * 100, 2) : absent_text(); });
  }
  add("Arithmetic", false, [](const DeviceTableRow& row) { return row.arithmetic_text(); });
  if (std::ranges::any_of(rows, &DeviceTableRow::packed))
    add("Weights", false, [](const DeviceTableRow& row) { return row.weights_text(); });
  add("Weights, MB", true, [](const DeviceTableRow& row) {
    return fixed(static_cast<double>(row.weight_bytes) / 1e6, 2);
  });
  const auto input = input_of(rows.front());
  const bool one_input =
      std::ranges::all_of(rows, [&](const DeviceTableRow& row) { return input_of(row) == input; });
  if (!one_input) add("Input", true, &input_of);
  add("Batch", true, [](const DeviceTableRow& row) { return std::to_string(row.batch); });
  for (std::size_t group = 0; group < table.groups.size(); ++group) {
    const auto add_measure = [&](const char* header, Measure measure) {
      out.columns.push_back(group_column(header, table, group, measure));
    };
    add_measure("ms", [](const DeviceRow& row) { return std::optional(row.median_ms()); });
    add_measure("images/s",
                [](const DeviceRow& row) { return std::optional(row.images_per_second()); });
    if (table.has_memory(group)) add_measure("peak MB", &peak_megabytes);
    if (table.has_energy(group)) add_measure("mJ/image", &millijoules);
  }
  std::string note =
      "Measured on the devices themselves: ms, the median of one forward of the whole batch "
      "(network only, without decoding and non-maximum suppression)";
  if (one_input) note += fmt::format(" of {} pixels", input);
  out.notes.push_back(note + "; peak MB, resident memory of a process that does nothing else.");
  out.notes.push_back(
      "AP is this run's, where it evaluated these weights in this arithmetic; packed weights are "
      "decoded in every forward, plain ones once.");
  if (std::ranges::any_of(rows, [](const auto& row) { return !row.calibration.empty(); })) {
    out.notes.push_back(
        "INT8: measured integer kernels; activation ranges come from a synthetic image, which is "
        "enough for time and memory and says nothing about accuracy.");
  }
  for (std::size_t i = 0; i < table.devices.size(); ++i) {
    out.notes.push_back(device_note(table, i));
    out.notes.push_back(energy_note(table.devices[i]));
    for (std::string& of_rows : row_notes(table.devices[i]))
      out.notes.push_back(std::move(of_rows));
    for (const std::string& reason : table.devices[i].unsupported)
      out.notes.push_back(fmt::format("{} left out {}.", table.devices[i].name, reason));
  }
  return out;
}

std::string devices_csv(const DeviceTable& table) {
  std::string out =
      "device,file,key,network,AP,precision,weights,regions,calibration,batch,height,width,threads,"
      "weight_bytes,samples,median_ms,images_per_second,peak_rss_bytes,energy_mj_per_image,"
      "energy_source,energy_reason\n";
  for (const DeviceTableRow& row : table.rows) {
    for (std::size_t group = 0; group < table.groups.size(); ++group) {
      const DeviceRow* one = table.at(row, group);
      if (one == nullptr) continue;
      const Device& device = table.devices[table.groups[group].device];
      const std::string& reason =
          device.energy.reason.empty() ? one->energy_reason : device.energy.reason;
      std::vector<std::string> fields = {csv_field(device.name),
                                         csv_field(device.file.string()),
                                         csv_field(row.key),
                                         csv_field(row.network),
                                         row.ap ? number_field(*row.ap) : "",
                                         row.precision,
                                         row.packed ? "packed" : "plain",
                                         !row.packed         ? ""
                                         : row.coded_regions ? "entropy"
                                                             : "raw",
                                         csv_field(row.calibration),
                                         std::to_string(row.batch),
                                         std::to_string(row.height),
                                         std::to_string(row.width),
                                         std::to_string(one->threads),
                                         std::to_string(one->weight_bytes),
                                         std::to_string(one->milliseconds.size())};
      for (std::string& field : measures_of(one)) fields.push_back(std::move(field));
      fields.push_back(csv_field(device.energy.name));
      fields.push_back(csv_field(reason));
      out += fmt::format("{}\n", fmt::join(fields, ","));
    }
  }
  return out;
}

OrderedJson devices_json(const DeviceTable& table) {
  OrderedJson devices = OrderedJson::array();
  for (const Device& device : table.devices) {
    OrderedJson json = device_json(device);
    json["file"] = device.file.string();
    devices.push_back(std::move(json));
  }
  for (const DeviceTableRow& row : table.rows) {
    for (std::size_t group = 0; group < table.groups.size(); ++group) {
      if (!row.measured[group]) continue;
      OrderedJson& json = devices[table.groups[group].device]["rows"][*row.measured[group]];
      json["network"] = row.network;
      json["key"] = row.key.empty() ? OrderedJson() : OrderedJson(row.key);
      json["AP"] = row.ap ? OrderedJson(*row.ap) : OrderedJson();
    }
  }
  return devices;
}

std::vector<std::string> device_columns(const DeviceTable& table) {
  std::vector<std::string> names;
  for (const auto& [group, precision, packed, coded, batch, height, width] : combinations(table)) {
    const std::string prefix =
        fmt::format("{}.{}.{}.batch{}.{}x{}.threads{}",
                    table.devices[table.groups[group].device].name, precision,
                    !packed ? "plain"
                    : coded ? "packed_coded"
                            : "packed",
                    batch, width, height, table.groups[group].threads);
    for (const std::string_view measure : kMeasures)
      names.push_back(csv_field(fmt::format("{}.{}", prefix, measure)));
  }
  return names;
}

std::vector<std::string> device_fields(const DeviceTable& table, const std::string& key) {
  std::vector<std::string> fields;
  for (const Combination& wanted : combinations(table)) {
    const DeviceRow* found = nullptr;
    for (const DeviceTableRow& row : table.rows) {
      const std::size_t group = std::get<0>(wanted);
      const Combination one(group, row.precision, row.packed, row.coded_regions, row.batch,
                            row.height, row.width);
      if (row.key == key && one == wanted) found = table.at(row, group);
    }
    for (std::string& field : measures_of(found)) fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace qyolo::results
