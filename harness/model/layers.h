// A checkpoint's modules -> the nodes of a graph, with a note of where each convolution's weights
// come from. Weights are read later, for the nodes that are really needed (checkpoint.cpp).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/model/graph.h"
#include "harness/model/module_record.h"

namespace qyolo::model {

// The records whose tensors make one ConvNode.
struct ConvSource {
  ModuleRecord conv;                   // nn.Conv2d
  std::optional<ModuleRecord> norm{};  // nn.BatchNorm2d behind it
  // RepConv's other branches.
  std::optional<ModuleRecord> pointwise{}, pointwise_norm{}, identity_norm{};
  // IDetect's implicit knowledge, before and behind it.
  std::optional<ModuleRecord> implicit_add{}, implicit_multiply{};
};

// A graph in the making. Node indices are those of graph.nodes.
struct Plan {
  Graph graph;
  std::vector<std::optional<ConvSource>> sources;  // one per node
};

// One child of the network's Sequential, and the nodes it takes its inputs from.
struct Layer {
  ModuleRecord record;
  int index = 0;
  std::vector<int> inputs;
};

// Appends the layer's nodes; returns the one that is its output. Fails, naming index and class, for
// a layer that is not supported.
Result<int> add_layer(Plan& plan, const Layer& layer);

// Appends a convolution that reads node `input`; its weights are not read yet, its attributes are
// checked against the shape of its weight tensor. Every convolution comes in here.
struct ConvOptions {
  std::string name;
  Activation activation = Activation::kIdentity;
  float slope = 0;
  bool head = false;
};
Result<int> add_conv(Plan& plan, const Layer& layer, ConvSource source, int input,
                     const ConvOptions& options);

}  // namespace qyolo::model
