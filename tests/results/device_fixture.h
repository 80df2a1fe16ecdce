// Made-up device files for the tests of results/ and plots/.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "results/device.h"

namespace qyolo::testing {

inline const std::string kModelHash(64, 'a');

// As harness spells cells.
inline Json baseline_cell() {
  return {{"label", "FP32"}, {"baseline", true}, {"scheme", "fp32"}, {"bits", 32}};
}
inline Json affine_cell() {
  return {{"label", "affine 4-bit filter"}, {"baseline", false}, {"scheme", "affine"}, {"bits", 4},
          {"granularity", "filter"},        {"fold", "on"}};
}
inline Json integer_cell() {
  return {{"label", "symmetric 8-bit filter A8 [head -> keep]"},
          {"baseline", false},
          {"scheme", "symmetric"},
          {"bits", 8},
          {"activation_bits", 8}};
}

inline results::DeviceRow device_row(const std::string& precision, Json cell, int batch,
                                     double median) {
  results::DeviceRow row;
  row.precision = precision;
  row.cell = std::move(cell);
  row.batch = batch;
  row.threads = 4;
  row.milliseconds = {median, median - 1, median + 2};
  row.gflop = 1.5;
  row.weight_bytes = 9200000;
  row.kernels = {{"brgconv:avx512_core", 90}, {"ref:any", 2}};
  return row;
}

inline results::Device device_of(const std::string& name) {
  results::Device device;
  device.name = name;
  device.started = "2026-01-02T03:04:05+0000";
  device.model.path = "nets/small.pt";
  device.model.sha256 = device.model.checkpoint_sha256 = kModelHash;
  device.host = {{"cpu", "Example CPU"}, {"os", "Debian 13"}, {"threads", 4}};
  device.versions = {{"qyolo", "0.1.0"}, {"onednn", "oneDNN 3.7.0"}};
  device.height = 240;
  device.width = 320;
  device.rounds = 3;
  device.warmup = 1;
  device.energy.reason = "no RAPL package in /sys/class/powercap";
  device.file = name + ".json";
  device.rows.push_back(device_row("fp32", baseline_cell(), 1, 20));
  return device;
}

inline results::DeviceRow with_energy(results::DeviceRow row, double millijoules) {
  row.peak_rss = 123456789;
  row.peak_gflops = 50;
  row.energy = results::DeviceEnergy{millijoules, millijoules * 0.1, 1.5, 100, 75};
  return row;
}

}  // namespace qyolo::testing
