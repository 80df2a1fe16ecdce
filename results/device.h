// The device file: what `qyolo bench -o json` measured of one model on one machine, to be carried
// to where the model's accuracy was measured. docs/records.md describes every key; device.cpp
// writes and reads them, nobody else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "results/renderers.h"

namespace qyolo::results {

inline constexpr int kDeviceSchema = 1;

struct DeviceModel {
  std::string path;
  std::string sha256;  // of the file
  bool artifact = false;
  std::string checkpoint_sha256;  // what it was made from: a checkpoint's own; empty: not known
  Json cell;                      // an artifact's, as records spell cells; else null
};

// Where the energies come from, or why there are none.
struct DeviceEnergySource {
  std::string reason;  // empty: they were measured
  std::string name, method, covers;
  double interval_ms = 0;
};

struct DeviceEnergy {
  double millijoules_per_image = 0;
  double joules = 0, seconds = 0;  // of the whole pass
  std::int64_t images = 0, readings = 0;
};

struct DeviceKernel {
  std::string name;  // as oneDNN calls it
  int convolutions = 0;
};

// One case: the network in one arithmetic, with its weights kept in one way.
struct DeviceRow {
  std::string precision;       // "fp32", "bf16", "int8"
  bool packed = false;         // weights stay codes, decoded layer by layer in every forward
  bool coded_regions = false;  // of packed ones: regions entropy-coded
  Json cell;                   // whose weights these are, as records spell cells
  std::string calibration;  // of integer activations: "synthetic image", "the ONNX file"; else ""
  int batch = 1, threads = 1;
  std::vector<double> milliseconds;  // of one forward, one per round; never empty
  double gflop = 0;                  // of one forward
  std::optional<double> peak_gflops;
  std::int64_t weight_bytes = 0;
  std::optional<std::int64_t> peak_rss;  // of a process that does nothing else, bytes
  std::optional<DeviceEnergy> energy;
  std::string energy_reason;  // where this case alone has none
  std::vector<DeviceKernel> kernels;
  std::string note;  // kernels that stand in for others; mostly empty

  [[nodiscard]] double median_ms() const;
  [[nodiscard]] double images_per_second() const;
};

struct Device {
  std::string name;     // of the machine, as its owner calls it
  std::string started;  // ISO 8601
  DeviceModel model;
  Json host, versions;  // as in a manifest
  int height = 0, width = 0, rounds = 0, warmup = 0;
  DeviceEnergySource energy;
  std::vector<DeviceRow> rows;
  std::vector<std::string> unsupported;  // "bf16: this CPU has no ..."
  std::filesystem::path file;            // that it was read from; not written

  // "Raspberry Pi 5 Model B", or the CPU; empty where it is not known.
  [[nodiscard]] std::string machine() const;
  // "Debian GNU/Linux 12, qyolo 0.1.0, oneDNN 2.6.3", as far as it is known.
  [[nodiscard]] std::string software() const;
};

[[nodiscard]] OrderedJson device_json(const Device& device);
// The file's content. Invalid UTF-8 is replaced.
[[nodiscard]] std::string device_text(const Device& device);
// The rows as a table, and where the energies come from.
[[nodiscard]] std::string device_markdown(const Device& device);
[[nodiscard]] Renderers renderers_of(const Device& device);

// `place` names the file in messages. Whatever device_json() did not write is refused in one
// sentence: other kinds of files, newer schemas, numbers that no measurement gives.
Result<Device> parse_device(std::string_view text, std::string_view place);
Result<Device> read_device(const std::filesystem::path& file);

}  // namespace qyolo::results
