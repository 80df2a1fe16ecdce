// What a packed artifact says about itself: the JSON text in its metadata.
//   {"format": 1, "qyolo": "0.1.0", "checkpoint_sha256": "...",
//    "cell": {...},                    as Cell::as_json() gives it
//    "regions": "raw",                 or "entropy": see quant::RegionCoding
//    "graph": {...},                   see artifact/graph_json.h
//    "convs": [{"dense": {"name": "model.0.conv", "recipe": {"scheme": "pwlq", "bits": 4, ...},
//                         "bias": true}}, ...],
//    "sha256": {"model.0.conv.codes": "...", ...}}
// There is one entry of "convs" per convolution of the graph, in its order. A kept tensor has the
// recipe null. In the unfused layout ("fold": "off" in the cell) an entry has all that is folded
// into the convolution: "dense", perhaps "pointwise" like it, each with "norm": {"name", "eps",
// "gamma", "beta"}, perhaps "identity" like a norm, and "implicit": true with implicit knowledge.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/cell/cell.h"
#include "harness/model/graph.h"
#include "harness/quant/packing.h"

namespace qyolo::harness {

struct NormPlan {
  std::string name;
  double eps = 0;
  bool gamma = false, beta = false;  // whether it has them
};

// A weight tensor and what belongs to it.
struct LayerPlan {
  std::string name;
  quant::Shape shape;                   // as the graph's convolution has it
  std::optional<quant::Recipe> recipe;  // nullopt: kept
  bool bias = false;
  std::optional<NormPlan> norm;
};

struct ConvPlan {
  LayerPlan dense;
  std::optional<LayerPlan> pointwise;
  std::optional<NormPlan> identity;
  bool implicit = false;
};

struct ArtifactDescription {
  std::string qyolo_version;
  std::string checkpoint_sha256;
  Cell cell;
  quant::RegionCoding regions = quant::RegionCoding::kRaw;
  model::Graph graph;  // without its floats
  std::vector<ConvPlan> convs;
  std::map<std::string, std::string, std::less<>> sha256;  // of each tensor
};

[[nodiscard]] OrderedJson description_json(const ArtifactDescription& description);

// Fails unless graph, cell, and convolutions fit together, so that a network with tensors of the
// shapes that follow can be folded.
Result<ArtifactDescription> read_description(const Json& json, const std::string& place);

}  // namespace qyolo::harness
