// Where a network's activations are quantized, when they are.
//
// A tensor (the network's input or a node's output) is quantized if something that reads it
// computes on codes: a convolution that is not kept, or any other node whose own output is
// quantized. So a kept convolution (one left in floating point) reads floating point where it is
// the only reader; where another reader needs codes, the tensor is quantized for all of them, as
// there is one such tensor in memory, and the kept convolution reads what the codes stand for. A
// kept convolution's own output is quantized if a reader needs it, as any other. Outputs of the
// head are not.
//
// Parameters:
// - Max-pool, upsampling and reorg pass those of their input through: they only choose or copy
//   values, so that they can work on codes. (Both branches of a downsampling block, max-pool and
//   strided convolution, thus read the same codes.)
// - Convolutions (after their activation function) and additions have their own.
// - With `shared`, all inputs of a concatenation use one set, found from all of their values, and
//   the concatenation passes it through; a tensor that goes to several concatenations joins them
//   into one set. Else a concatenation has its own set, to which its inputs are requantized.
// - The network's input never shares, as its codes are known: pixels. A concatenation that reads it
//   has its own set.
#pragma once

#include <functional>
#include <vector>

#include "harness/model/graph.h"

namespace qyolo::model {

inline constexpr int kNetworkInput = -1;

// Nodes whose outputs become codes of one set of parameters, in ascending order. Nodes that pass
// codes through are in no group.
struct ActivationGroup {
  std::vector<int> nodes;
  bool operator==(const ActivationGroup&) const = default;
};

struct ActivationPoints {
  bool input = false;                   // whether the network's input is quantized
  std::vector<ActivationGroup> groups;  // by their first node
};

// `keep` says which convolutions compute in floating point.
[[nodiscard]] ActivationPoints find_activation_points(
    const Graph& graph, bool shared, const std::function<bool(const ConvNode&)>& keep);

// Nodes that can be in a group, whatever is shared and kept: what calibration observes. Ascending.
[[nodiscard]] std::vector<int> observable_nodes(const Graph& graph);

// For people and records: "model.5.conv" of a convolution; else the layer and the operation, and
// the node's number, which tells the layer's nodes apart: "model.51 concat (node 80)".
[[nodiscard]] std::string node_name(const Graph& graph, int node);

}  // namespace qyolo::model
