// A small run for the tests of results/ and plots/.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "results/record.h"

namespace qyolo::testing {

struct Cell {
  std::string scheme;
  int bits = 0;
  std::string granularity;
  bool baseline = false;

  [[nodiscard]] std::string label() const {
    return bits == 0 ? scheme : fmt::format("{} {}-bit {}", scheme, bits, granularity);
  }
  [[nodiscard]] std::string key() const {
    return bits == 0 ? "k-" + scheme : fmt::format("k-{}-{}-{}", scheme, bits, granularity);
  }
  [[nodiscard]] OrderedJson json() const {
    return {{"key", key()}, {"label", label()},           {"scheme", scheme},
            {"bits", bits}, {"granularity", granularity}, {"baseline", baseline}};
  }
};

inline OrderedJson manifest_of(const std::vector<Cell>& cells) {
  OrderedJson manifest = {
      {"schema", 1},
      {"name", "demo"},
      {"checkpoint", {{"path", "nets/small.pt"}, {"sha256", "0123456789abcdef"}}},
      {"dataset", {{"annotations", "data/parts/val/annotations.json"}, {"image_count", 240}}},
      {"host", {{"cpu", "Example CPU"}, {"threads", 2}}},
      {"versions", {{"qyolo", "0.1.0"}, {"git", "fedcba9876543210"}}},
      {"started", "2025-01-02T03:04:05Z"}};
  manifest["cells"] = OrderedJson::array();
  for (const Cell& cell : cells) manifest["cells"].push_back(cell.json());
  return manifest;
}

inline OrderedJson accuracy_record(const Cell& cell, double ap, double true_bytes) {
  return {{"schema", 1},
          {"kind", "accuracy"},
          {"key", cell.key()},
          {"status", "ok"},
          {"cell", cell.json()},
          {"images", 240},
          {"detections", 1000},
          {"metrics",
           {{"AP", ap},
            {"AP50", 0.9},
            {"AP75", 0.8},
            {"APs", 0.25},
            {"APm", 0.5},
            {"APl", -1},
            {"AR1", 0.5}}},
          {"weight_error", {{"sqnr_db", nullptr}, {"mse", 0.5}}},
          {"memory",
           {{"payload_bytes", true_bytes - 1000},
            {"scale_bytes", 400},
            {"zero_point_bytes", 400},
            {"breakpoint_bytes", 0},
            {"region_bytes", 0},
            {"unquantized_bytes", 200},
            {"true_bytes", true_bytes},
            {"paper_bytes", true_bytes},
            {"bits_per_weight", 4.25},
            {"ratio_fp16_paper", 3.9258},
            {"ratio_fp16_true", 3.75},
            {"ratio_fp32_true", 7.5}}}};
}

// Of a cell whose AP is `base` + `delta`; with a tolerance of 1 point. What it says of itself is
// another rule's.
inline OrderedJson uncertain_record(const Cell& cell, double base, double delta, double low,
                                    double high, double true_bytes) {
  OrderedJson record = accuracy_record(cell, base + delta, true_bytes);
  record["uncertainty"] = {
      {"resamples", 1000},
      {"confidence", 0.95},
      {"delta_AP",
       {{"value", delta}, {"low", low}, {"high", high}, {"standard_error", (high - low) / 4}}},
      {"delta_AP50", {{"value", 0}, {"low", -0.3}, {"high", 0.3}, {"standard_error", 0.15}}},
      {"p_loss_above_tolerance", 0.5},
      {"tolerance", 0.01},
      {"images", 240},
      {"effective_images", 120.5},
      {"objects", 700},
      {"decision", "undecided"},
      {"verdict", "says what another rule said"}};
  return record;
}

inline OrderedJson latency_record(const Cell& cell, double median, std::string_view execution) {
  return {{"schema", 1},
          {"kind", "latency"},
          {"key", cell.key()},
          {"status", "ok"},
          {"latency",
           {{"execution", execution},
            {"unit", "ms"},
            {"batch", 1},
            {"height", 320},
            {"width", 320},
            {"threads", 2},
            {"median", median},
            {"p95", median + 1},
            {"p99", median + 2}}}};
}

inline OrderedJson failed_record(const Cell& cell, std::string_view reason) {
  return {{"schema", 1},        {"kind", "accuracy"}, {"key", cell.key()},
          {"status", "failed"}, {"error", reason},    {"cell", cell.json()}};
}

inline std::string lines_of(const std::vector<OrderedJson>& records) {
  std::string text;
  for (const OrderedJson& record : records) text += record.dump() + '\n';
  return text;
}

inline results::Run run_of(const OrderedJson& manifest, const std::vector<OrderedJson>& records) {
  auto run = results::parse_run(manifest.dump(), lines_of(records), "run");
  if (run.ok()) return std::move(run).value();
  ADD_FAILURE() << run.error().message;
  return {};
}

inline const Cell kFp32{"fp32", 0, "", true};
inline const Cell kAffine{"affine", 4, "filter"};
inline const Cell kPwlq{"pwlq", 4, "filter"};

}  // namespace qyolo::testing
