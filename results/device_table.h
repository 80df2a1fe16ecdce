// What devices measured (results/device.h), beside the accuracy of a run: which of the run's cells
// each measurement belongs to, and all of them in one table.
//
// A measurement belongs to a cell where its weights are exactly that cell's: the model that the
// device ran is the run's checkpoint or an artifact made from it, told by SHA-256, and the cell is
// spelled alike. BF16 and INT8 of a checkpoint belong to no cell, and are shown by their own names.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "results/device.h"
#include "results/reading_table.h"
#include "results/record.h"

namespace qyolo::results {

// The columns of a device at one number of threads.
struct DeviceGroup {
  std::size_t device = 0;  // of DeviceTable::devices
  int threads = 1;
  std::string name;  // "pi5"; "pi5, 4 threads" where the device was measured with several
};

struct DeviceTableRow {
  std::string network;    // "FP32", "pwlq 4-bit filter", "unquantized, in BF16"
  std::string precision;  // "fp32", "bf16", "int8"
  bool unquantized = false;
  bool packed = false, coded_regions = false;
  std::string calibration;
  int batch = 1, height = 0, width = 0;
  std::int64_t weight_bytes = 0;
  std::string key;           // of the run's cell with these weights; empty: it has none
  std::optional<double> ap;  // the run's, where it evaluated these weights in this arithmetic
  // By group: which of its device's rows; none where the device did not run it.
  std::vector<std::optional<std::size_t>> measured;

  [[nodiscard]] std::string weights_text() const;     // "plain", "packed", "packed, coded regions"
  [[nodiscard]] std::string arithmetic_text() const;  // "FP32"
};

struct DeviceTable {
  std::vector<Device> devices;  // each with a name of its own
  std::vector<DeviceGroup> groups;
  std::vector<DeviceTableRow> rows;  // the unquantized network, integers, the run's cells, others

  // nullptr where it was not run. REQUIRES: one of `rows`, and an index into `groups`.
  [[nodiscard]] const DeviceRow* at(const DeviceTableRow& row, std::size_t group) const;
  [[nodiscard]] bool has_energy(std::size_t group) const;
  [[nodiscard]] bool has_memory(std::size_t group) const;
};

Result<std::vector<Device>> read_devices(std::span<const std::filesystem::path> files);

// Fails with both files and the beginnings of both hashes unless the device ran the checkpoint with
// this SHA-256, or an artifact made from it. `checkpoint` is the run's file, for the message.
Status check_model(const Device& device, const std::string& sha256,
                   const std::filesystem::path& checkpoint);

// Fails where a device ran another model.
Result<DeviceTable> device_table(const Run& run, std::vector<Device> devices);

// For reading, a group of columns per device: milliseconds and images per second, peak memory and
// energy where it has them. Notes say what each device is, and where its energies come from.
[[nodiscard]] ReadingTable devices_table(const DeviceTable& table);

// One line per measurement: what ran, the run's cell (or an empty field), and the numbers.
[[nodiscard]] std::string devices_csv(const DeviceTable& table);

// The device files with "name" and, in each row, "key" and "network".
[[nodiscard]] OrderedJson devices_json(const DeviceTable& table);

// For a table with one row per cell: columns of each device, precision, way of keeping weights and
// batch that any cell was measured with, and a cell's fields, empty where it was not.
[[nodiscard]] std::vector<std::string> device_columns(const DeviceTable& table);
[[nodiscard]] std::vector<std::string> device_fields(const DeviceTable& table,
                                                     const std::string& key);

}  // namespace qyolo::results
