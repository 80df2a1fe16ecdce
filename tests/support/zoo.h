// The official graphs with random weights (data/zoo of the shared reference data): an input, and
// what the official code, fused, makes of it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "harness/engine/executor.h"
#include "harness/model/graph.h"
#include "harness/model/postprocess.h"
#include "tests/support/npy.h"
#include "tests/support/paths.h"

namespace qyolo::testing {

inline const std::vector<std::string>& zoo_networks() {
  static const std::vector<std::string> names = {
      "deploy-yolov7",    "deploy-yolov7x",       "deploy-yolov7-tiny", "deploy-yolov7-tiny-silu",
      "deploy-yolov7-w6", "deploy-yolov7-e6",     "deploy-yolov7-d6",   "deploy-yolov7-e6e",
      "training-yolov7",  "training-yolov7-tiny", "training-yolov7-w6"};
  return names;
}

inline std::string zoo_test_name(const ::testing::TestParamInfo<std::string>& test) {
  std::string name = test.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

struct ZooNetwork {
  model::Graph graph;
  Npy input;     // [batch, 3, height, width], 0..1
  Npy expected;  // [batch, rows, 5 + classes], decoded
};

// REQUIRES: data/zoo is there (QYOLO_NEEDS_SHARED), and `name` is one of zoo_networks().
inline ZooNetwork read_zoo(const std::string& name) {
  const auto folder = shared_dir() / "data/zoo";
  ZooNetwork network{model::load_checkpoint(folder / (name + ".pt")).value(), {}, {}};
  network.input = read_npy(
      folder / (network.graph.max_stride == 64 ? "input-256x128.npy" : "input-256x192.npy"));
  network.expected = read_npy(folder / (name + ".out.npy"));
  return network;
}

inline Result<std::vector<model::HeadOutput>> forward(model::Executor& executor, const Npy& input) {
  return executor.forward(std::span<const float>(input.values), static_cast<int>(input.shape[0]),
                          static_cast<int>(input.shape[2]), static_cast<int>(input.shape[3]));
}

inline std::vector<float> zoo_rows(const ZooNetwork& network,
                                   const std::vector<model::HeadOutput>& outputs) {
  std::vector<float> rows;
  for (int image = 0; image < static_cast<int>(network.input.shape[0]); ++image) {
    const auto decoded = model::decode_rows(network.graph, outputs, image);
    rows.insert(rows.end(), decoded.begin(), decoded.end());
  }
  return rows;
}

// Largest difference between two decoded outputs, over the range of the expected values: the
// largest such share of box centres, box sizes, objectness and class scores. Infinite where sizes
// differ or a value is no number.
inline double zoo_difference(const ZooNetwork& network, const std::vector<float>& rows,
                             const std::vector<float>& expected) {
  if (rows.size() != expected.size()) return INFINITY;
  const std::size_t columns = network.graph.class_names.size() + 5;
  constexpr std::size_t kKinds = 4;
  double difference[kKinds] = {}, low[kKinds] = {}, high[kKinds] = {};
  std::ranges::fill(low, INFINITY);
  std::ranges::fill(high, -INFINITY);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t column = i % columns;
    const std::size_t kind = column < 4 ? column / 2 : column == 4 ? 2 : 3;
    const double value = expected[i], one = std::abs(double{rows[i]} - value);
    if (!std::isfinite(one)) return INFINITY;
    difference[kind] = std::max(difference[kind], one);
    low[kind] = std::min(low[kind], value);
    high[kind] = std::max(high[kind], value);
  }
  double worst = 0;
  for (std::size_t kind = 0; kind < kKinds; ++kind)
    worst = std::max(worst, difference[kind] / (high[kind] - low[kind]));
  return worst;
}

// What the executor's outputs decode to, against what is expected.
inline double zoo_difference(const ZooNetwork& network,
                             const std::vector<model::HeadOutput>& outputs) {
  return zoo_difference(network, zoo_rows(network, outputs), network.expected.values);
}

// Between two executors' outputs.
inline double zoo_distance(const ZooNetwork& network, const std::vector<model::HeadOutput>& a,
                           const std::vector<model::HeadOutput>& b) {
  return zoo_difference(network, zoo_rows(network, a), zoo_rows(network, b));
}

}  // namespace qyolo::testing
