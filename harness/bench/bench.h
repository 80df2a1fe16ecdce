// Latency, memory and energy of a whole network on this host, per precision, batch and number of
// threads: one forward (input conversion, network, outputs; no decoding of images, no NMS) on a
// synthetic image. What comes out is a results::Device, the file that goes to where the accuracy
// was measured.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/bench/scenarios.h"
#include "harness/cell/cell.h"
#include "harness/engine/engine.h"
#include "results/device.h"

namespace qyolo::harness {

struct BenchCase {
  engine::Precision precision = engine::Precision::kFp32;
  // Weights as packed codes of BenchOptions::packed, decoded layer by layer in every forward.
  bool packed = false;
  int batch = 1;
  int threads = 0;  // as used, never 0
};

struct BenchOptions {
  std::filesystem::path model;    // a checkpoint or an artifact
  int height = 640, width = 640;  // of the input, pixels
  int rounds = 9;                 // timed forwards per case, interleaved over the cases
  int warmup = 1;                 // untimed ones before each timed one
  Cell packed;                    // of a checkpoint's packed cases; an artifact has its own
  engine::KernelChoice convolution = engine::KernelChoice::kBest;
  std::string device;   // name of this machine; empty: its host name
  bool energy = true;   // measured in a pass of its own, where this host tells
  bool kernels = true;  // which kernels the convolutions ran on, by one more forward
};

// A network ready to run. Its weights are in memory once, as the case keeps them.
//
// kInt8 computes with symmetric 8-bit weights by filter and the head in FP32, on activations
// calibrated (minimum and maximum) on the synthetic image: for time and memory, not for accuracy.
class BenchNetwork {
 public:
  static Result<std::unique_ptr<BenchNetwork>> open(const BenchOptions& options,
                                                    const BenchCase& what);

  // Of an input of the case's size.
  Result<std::vector<model::HeadOutput>> forward(std::span<const float> input);
  Result<double> time_forward();  // milliseconds
  // Of the first `images` of the case's batch.
  Result<double> time_forward(int images);
  Result<std::vector<engine::StepTime>> profile();
  [[nodiscard]] double gflop() const { return gflop_; }  // of one forward's convolutions
  [[nodiscard]] std::string note() const { return engine_->note(); }
  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] int width() const { return width_; }
  // What the weights take: as computed for the packed cell, or in the precision's own width
  // (before oneDNN's padding).
  [[nodiscard]] std::int64_t weight_bytes() const { return weight_bytes_; }
  // The cell that the weights are of.
  [[nodiscard]] const Cell& cell() const { return cell_; }
  [[nodiscard]] bool coded_regions() const { return coded_regions_; }

 private:
  BenchCase case_;
  int height_ = 0, width_ = 0;
  std::vector<std::uint8_t> rgb_;
  std::unique_ptr<engine::Engine> engine_;
  double gflop_ = 0;
  std::int64_t weight_bytes_ = 0;
  Cell cell_;
  bool coded_regions_ = false;
};

// Called before each measurement.
using BenchProgress = std::function<void(const std::string& what)>;
// What a fresh process's peak is; nullopt: not measured.
using MeasureMemory = std::function<Result<std::optional<std::int64_t>>(const BenchCase& what)>;

// Cases that cannot run here (a precision that the host does not have, integers of an artifact) are
// left out, and named. Latencies are interleaved over the cases; then each runs for its energy.
Result<results::Device> run_bench(const BenchOptions& options, const std::vector<BenchCase>& cases,
                                  const MeasureMemory& memory, const BenchProgress& progress);

// Each scenario with each case, whose batch is of no account.
Result<results::ScenarioRecord> run_scenarios(const BenchOptions& options,
                                              const std::vector<BenchCase>& cases,
                                              const std::vector<Scenario>& scenarios,
                                              const ScenarioOptions& how,
                                              const BenchProgress& progress);

// Steps grouped by operation, and the slowest layers.
[[nodiscard]] std::string profile_markdown(const std::vector<engine::StepTime>& steps);

// "int8", "fp32 packed".
[[nodiscard]] std::string bench_case_name(const BenchCase& what);

}  // namespace qyolo::harness
