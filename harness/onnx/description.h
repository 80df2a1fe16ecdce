// What an ONNX file of ours says about itself: the JSON text under "qyolo" in its metadata. It
// decides the whole graph (graph_plan.h): a reader makes the graph that it expects from it, and
// compares.
//   {"format": 1, "qyolo": "0.1.0", "checkpoint_sha256": "...",
//    "cell": {...},                  as Cell::as_json() gives it
//    "options": {...},               as onnx_options_json() gives it
//    "graph": {...},                 see artifact/graph_json.h
//    "weights": ["int8", "float32", "int4 zero_points half_bias", ...],   one per convolution
//    "activations": {"input": [scale, zero_point] or null,
//                    "groups": [{"nodes": [0, 1], "range": [low, high],
//                                "scale": 0.02, "zero_point": 10}, ...],
//                    "before": [[node, scale, zero_point], ...]}}         of cells that have them
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/artifact/calibrated_activations.h"
#include "harness/cell/cell.h"
#include "harness/model/graph.h"
#include "harness/onnx/options.h"
#include "harness/onnx/weight_form.h"

namespace qyolo::harness {

struct OnnxActivations {
  CalibratedActivations calibrated;
  // Convolutions whose output is quantized before the activation function, too: ONNX Runtime has
  // integer convolutions only between codes. By node.
  std::map<int, quant::ActivationParameters> before;
};

struct OnnxDescription {
  std::string qyolo_version;
  std::string checkpoint_sha256;
  Cell cell;
  OnnxOptions options;
  model::Graph graph;               // without its floats
  std::vector<WeightForm> weights;  // one per graph.conv_nodes()
  std::optional<OnnxActivations> activations;
};

[[nodiscard]] OrderedJson onnx_description_json(const OnnxDescription& description);

// Fails unless graph, cell, forms and activations fit together.
Result<OnnxDescription> read_onnx_description(const Json& json, const std::string& place);

}  // namespace qyolo::harness
