#include "results/device_table.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

#include "results/text.h"

namespace qyolo::results {
namespace {

constexpr std::size_t kHashShown = 12;

std::string beginning(const std::string& hash) {
  return hash.empty() ? "unknown" : hash.substr(0, kHashShown) + "...";
}

// A cell's spelling without what says where it came from: an artifact's is that of the cell it was
// made with.
std::string spelling(const Json& cell) {
  Json plain = cell;
  if (plain.is_object()) {
    for (const char* key : {"label", "name", "artifact", "key"}) plain.erase(key);
  }
  return plain.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_baseline_cell(const Json& cell) {
  const Json& value = member(cell, "baseline");
  return value.is_boolean() && value.get<bool>();
}

// The label, without the word that says it came in an artifact.
std::string network_name(const Json& cell) {
  constexpr std::string_view kArtifact = "artifact ";
  std::string label = json_text(cell, "label");
  if (label.starts_with(kArtifact)) label.erase(0, kArtifact.size());
  return label;
}

// The run's rows by their cells' spelling: from the records, and from the experiment where there is
// none yet.
std::map<std::string, std::size_t> rows_by_spelling(const Run& run) {
  std::map<std::string, const Json*> by_label;
  const Json& cells = member(member(run.manifest, "experiment"), "cells");
  if (cells.is_array()) {
    for (const Json& cell : cells) by_label.emplace(json_text(cell, "label"), &cell);
  }
  std::map<std::string, std::size_t> rows;
  for (std::size_t i = 0; i < run.rows.size(); ++i) {
    const Json* record = run.newest("accuracy", run.rows[i].key);
    const Json* cell = record == nullptr ? nullptr : &member(*record, "cell");
    if (cell == nullptr || cell->is_null()) {
      const auto found =
          by_label.find(label_without_precision(run.rows[i].label, run.rows[i].baseline));
      if (found != by_label.end()) cell = found->second;
    }
    if (cell != nullptr && cell->is_object()) rows.emplace(spelling(*cell), i);
  }
  return rows;
}

// The arithmetic that the run evaluated in, from "oneDNN 2.6.3, fp32, 2 threads".
std::string arithmetic_of(const Run& run) {
  const std::string executor = json_text(run.manifest, "executor");
  for (const char* name : {"bf16", "int8"}) {
    if (executor.find(name) != std::string::npos) return name;
  }
  return "fp32";
}

// Devices of one name become "pi5", "pi5 (2)".
void tell_apart(std::vector<Device>& devices) {
  std::set<std::string> taken;
  for (Device& device : devices) {
    device.name = plain_text(device.name);
    const std::string name = device.name;
    for (int i = 2; !taken.insert(device.name).second; ++i)
      device.name = fmt::format("{} ({})", name, i);
  }
}

std::vector<DeviceGroup> groups_of(const std::vector<Device>& devices) {
  std::vector<DeviceGroup> groups;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    std::set<int> threads;
    for (const DeviceRow& row : devices[i].rows) threads.insert(row.threads);
    for (const int count : threads) {
      std::string name = devices[i].name;
      if (threads.size() > 1) name += fmt::format(", {} thread{}", count, count == 1 ? "" : "s");
      groups.push_back({i, count, std::move(name)});
    }
  }
  return groups;
}

// What a row of the table is of, in the table's order.
struct DeviceIdentity {
  enum class Kind { kUnquantized, kIntegers, kCell, kOther };
  Kind kind = Kind::kOther;
  std::size_t run_row = 0;
  std::string cell;
  int height = 0, width = 0;
  int arithmetic = 0;  // fp32, bf16, int8
  bool packed = false, coded_regions = false;
  int batch = 1;

  auto operator<=>(const DeviceIdentity&) const = default;
};

class DeviceTableBuilder {
 public:
  explicit DeviceTableBuilder(const Run& run)
      : run_(run), by_spelling_(rows_by_spelling(run)), arithmetic_(arithmetic_of(run)) {}

  DeviceTable build(std::vector<Device> devices) {
    DeviceTable table;
    table.devices = std::move(devices);
    tell_apart(table.devices);
    table.groups = groups_of(table.devices);
    std::map<DeviceIdentity, DeviceTableRow> rows;
    for (std::size_t group = 0; group < table.groups.size(); ++group) {
      const Device& device = table.devices[table.groups[group].device];
      for (std::size_t i = 0; i < device.rows.size(); ++i) {
        const DeviceRow& row = device.rows[i];
        if (row.threads != table.groups[group].threads) continue;
        const auto [at, added] = rows.try_emplace(identity_of(device, row));
        if (added) {
          at->second = described(device, row);
          at->second.measured.resize(table.groups.size());
        }
        at->second.measured[group] = i;
      }
    }
    for (auto& [identity, row] : rows) table.rows.push_back(std::move(row));
    return table;
  }

 private:
  // Integers are symmetric 8-bit weights on a calibration of the device's own: no cell of a run.
  [[nodiscard]] std::optional<std::size_t> run_row(const DeviceRow& row) const {
    if (row.precision == "int8" || (is_baseline_cell(row.cell) && row.precision != "fp32"))
      return std::nullopt;
    const auto found = by_spelling_.find(spelling(row.cell));
    return found == by_spelling_.end() ? std::nullopt : std::optional(found->second);
  }

  [[nodiscard]] DeviceIdentity identity_of(const Device& device, const DeviceRow& row) const {
    using Kind = DeviceIdentity::Kind;
    DeviceIdentity identity;
    const auto matched = run_row(row);
    identity.kind = row.precision == "int8"      ? Kind::kIntegers
                    : is_baseline_cell(row.cell) ? Kind::kUnquantized
                    : matched                    ? Kind::kCell
                                                 : Kind::kOther;
    identity.run_row = identity.kind == Kind::kCell ? *matched : 0;
    identity.cell = spelling(row.cell);
    identity.height = device.height;
    identity.width = device.width;
    identity.arithmetic = row.precision == "fp32" ? 0 : row.precision == "bf16" ? 1 : 2;
    identity.packed = row.packed;
    identity.coded_regions = row.coded_regions;
    identity.batch = row.batch;
    return identity;
  }

  [[nodiscard]] DeviceTableRow described(const Device& device, const DeviceRow& row) const {
    DeviceTableRow out;
    out.network = network_name(row.cell);
    out.unquantized = is_baseline_cell(row.cell);
    if (out.unquantized && row.precision != "fp32")
      out.network = fmt::format("unquantized, in {}", precision_name(row.precision));
    out.precision = row.precision;
    out.packed = row.packed;
    out.coded_regions = row.coded_regions;
    out.calibration = row.calibration;
    out.batch = row.batch;
    out.height = device.height;
    out.width = device.width;
    out.weight_bytes = row.weight_bytes;
    if (const auto matched = run_row(row)) {
      out.key = run_.rows[*matched].key;
      if (row.precision == arithmetic_) out.ap = run_.rows[*matched].ap;
    }
    return out;
  }

  const Run& run_;
  std::map<std::string, std::size_t> by_spelling_;
  std::string arithmetic_;
};

}  // namespace

std::string DeviceTableRow::weights_text() const {
  return !packed ? "plain" : coded_regions ? "packed, coded regions" : "packed";
}

std::string DeviceTableRow::arithmetic_text() const { return precision_name(precision); }

const DeviceRow* DeviceTable::at(const DeviceTableRow& row, std::size_t group) const {
  const auto& index = row.measured[group];
  return index ? &devices[groups[group].device].rows[*index] : nullptr;
}

bool DeviceTable::has_energy(std::size_t group) const {
  return std::ranges::any_of(rows, [&](const DeviceTableRow& row) {
    const DeviceRow* one = at(row, group);
    return one != nullptr && one->energy.has_value();
  });
}

bool DeviceTable::has_memory(std::size_t group) const {
  return std::ranges::any_of(rows, [&](const DeviceTableRow& row) {
    const DeviceRow* one = at(row, group);
    return one != nullptr && one->peak_rss.has_value();
  });
}

Result<std::vector<Device>> read_devices(std::span<const std::filesystem::path> files) {
  std::vector<Device> devices;
  for (const std::filesystem::path& file : files) {
    QYOLO_TRY(Device device, read_device(file));
    devices.push_back(std::move(device));
  }
  return devices;
}

Status check_model(const Device& device, const std::string& sha256,
                   const std::filesystem::path& checkpoint) {
  const DeviceModel& model = device.model;
  if (!sha256.empty() && (model.sha256 == sha256 || model.checkpoint_sha256 == sha256)) return {};
  const std::string origin = model.artifact ? fmt::format(", made from a checkpoint {}",
                                                          beginning(model.checkpoint_sha256))
                                            : std::string();
  return error("{} was measured with another model: {} (SHA-256 {}{}), expected {} ({})",
               device.file.string(), model.path, beginning(model.sha256), origin,
               checkpoint.string(), beginning(sha256));
}

Result<DeviceTable> device_table(const Run& run, std::vector<Device> devices) {
  const Json& model = member(run.manifest, "checkpoint");
  for (const Device& device : devices)
    QYOLO_CHECK_OK(check_model(device, json_text(model, "sha256"), json_text(model, "path")));
  return DeviceTableBuilder(run).build(std::move(devices));
}

}  // namespace qyolo::results
