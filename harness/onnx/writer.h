// Writes a network as an ONNX file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/cell/cell.h"
#include "harness/model/graph.h"
#include "harness/onnx/description.h"
#include "harness/onnx/options.h"
#include "harness/quant/quantize.h"

namespace qyolo::harness {

// Views; what they are of must outlive it.
struct OnnxConv {
  std::span<const float> weight, bias;            // as evaluated
  const quant::QuantizedTensor* codes = nullptr;  // that decode to the weight; null: there are none
};
struct OnnxNetwork {
  const model::Graph& graph;
  const Cell& cell;
  std::string checkpoint_sha256;
  std::vector<OnnxConv> convs;  // one per graph.conv_nodes()
  std::optional<OnnxActivations> activations;
};

struct OnnxReport {
  int opset = 0;
  std::size_t nodes = 0;
  std::map<std::string, int> tensors;  // how many weight tensors lie in what: "int8", "float32"
  // What is not as the container would have it, and of how many weight tensors.
  std::map<std::string, int> changes;
  // Bytes of the file, and of its tensors by what they are.
  std::int64_t file = 0, codes = 0, scales = 0, zero_points = 0, weights = 0, biases = 0,
               constants = 0;
  [[nodiscard]] std::int64_t rest() const {
    return file - codes - scales - zero_points - weights - biases - constants;
  }
};

// Replaces what is there, at once. Fails on networks whose file would have more than 2 GiB.
// REQUIRES: activations where the cell quantizes them.
Result<OnnxReport> write_onnx(const std::filesystem::path& path, const OnnxNetwork& network,
                              const OnnxOptions& options);

}  // namespace qyolo::harness
