// A graph without its floats, as JSON and back.
//   {"source": "ema", "head_type": "IDetect", "max_stride": 32, "class_names": ["bolt", ...],
//    "nodes": [{"op": "conv", "layer": 0, "inputs": [-1], "name": "model.0.conv", "type": "Conv",
//               "filters": 8, "channels": 3, "kernel": [3, 3], "stride": [1, 1], "padding": [1, 1],
//               "dilation": [1, 1], "groups": 1, "activation": "silu", "slope": 0.0,
//               "head": false},
//              {"op": "max_pool", "layer": 3, "inputs": [4], "kernel": 2, "stride": 2,
//               "padding": 0}, {"op": "concat", ...}, {"op": "add", ...},
//              {"op": "upsample", ..., "scale": 2}, {"op": "reorg", ...}],
//    "head": [{"node": 91, "stride": 8, "anchors": [[12, 16], ...]}, ...],
//    "stored": {"values": 37674505, "convs": [["model.0.conv", 32, 3, 3, 3, "Conv", 0], ...]}}
#pragma once

#include <string>

#include "common/json.h"
#include "common/result.h"
#include "harness/model/graph.h"

namespace qyolo::artifact {

[[nodiscard]] OrderedJson graph_to_json(const model::Graph& graph);

// Fails, naming the place, unless the graph has all that load_checkpoint() promises of one. The
// weights and biases of its convolutions are empty. `place` names the document in errors.
Result<model::Graph> graph_from_json(const Json& json, const std::string& place);

}  // namespace qyolo::artifact
