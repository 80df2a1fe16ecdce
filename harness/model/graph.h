// The network as a plain graph: nodes in execution order, convolutions with their fused weights as
// floats. Built from the checkpoint's object tree, so custom widths, classes, anchors and
// activations load as they are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "common/result.h"

namespace qyolo::model {

enum class Activation { kIdentity, kSiLU, kLeakyReLU, kReLU };

struct ConvNode {
  // Weights [filters, channels / groups, kernel_h, kernel_w]; bias [filters]. BN (and RepConv
  // branches, implicit knowledge) are folded in.
  int filters = 0, channels = 0, kernel_h = 1, kernel_w = 1;
  int stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1, groups = 1;
  std::vector<float> weight;
  std::vector<float> bias;
  Activation activation = Activation::kIdentity;
  float slope = 0;         // leaky ReLU
  std::string name;        // the checkpoint's path: "model.0.conv", "model.105.m.1"
  std::string layer_type;  // the checkpoint's class: "Conv", "RepConv", "SPPCSPC", "Detect" ...
  int layer_index = 0;     // i of the module it belongs to
  bool head = false;       // an output convolution of the detection head
};
struct MaxPoolNode {
  int kernel = 2, stride = 2, padding = 0;
};
struct ConcatNode {};  // along channels
struct AddNode {};
struct UpsampleNode {
  int scale = 2;
};                    // nearest
struct ReorgNode {};  // space to depth: rows, then columns

struct Node {
  std::variant<ConvNode, MaxPoolNode, ConcatNode, AddNode, UpsampleNode, ReorgNode> op;
  std::vector<int> inputs;  // earlier nodes' indices; -1: the network's input
  int layer_index = 0;      // i of the module it belongs to

  [[nodiscard]] const ConvNode* conv() const { return std::get_if<ConvNode>(&op); }
};

// The node without its floats.
[[nodiscard]] Node without_weights(const Node& node);

// One output level of the head: raw values [anchors * (5 + classes), ny, nx] of a conv node.
struct HeadLevel {
  int node = 0;
  double stride = 0;                          // pixels
  std::vector<std::array<float, 2>> anchors;  // [na] width, height in pixels
};

// Only what the detections need: layers that feed nothing but training's auxiliary outputs are left
// out of `nodes` (and counted in what the file stores).
struct Graph {
  std::vector<Node> nodes;
  std::vector<HeadLevel> head;
  std::vector<std::string> class_names;
  int max_stride = 32;
  std::string source;     // "ema" or "model": which of the two was used
  std::string head_type;  // Detect, IDetect, IAuxDetect

  // What the file stores, before fusing (the paper's memory baseline): the values of the chosen
  // model that are floating point, and how many of them are conv weights.
  std::int64_t stored_values = 0;
  std::int64_t stored_conv_weights = 0;
  // One per conv weight tensor as stored, in the file's order, aux heads and unmerged branches
  // included: the module's path ("model.102.rbr_dense.0"), the shape [n, c, kh, kw], and the layer
  // it belongs to as in ConvNode.
  struct StoredConv {
    std::string name;
    std::int64_t n = 0, c = 0, kh = 0, kw = 0;
    std::string layer_type{};
    int layer_index = 0;
  };
  std::vector<StoredConv> stored_convs;

  [[nodiscard]] std::vector<int> conv_nodes() const;  // indices of the convolutions, in order
  // REQUIRES: one of conv_nodes().
  [[nodiscard]] const ConvNode& conv(int node) const;
  [[nodiscard]] ConvNode& conv(int node);
  [[nodiscard]] std::int64_t conv_weights() const;  // after fusing
  [[nodiscard]] std::int64_t biases() const;
};

// Size of a feature map of one image.
struct MapShape {
  int channels = 0, height = 0, width = 0;
  [[nodiscard]] std::int64_t size() const { return std::int64_t{channels} * height * width; }
  bool operator==(const MapShape&) const = default;
};

// The output of every node for an input of 3 x height x width. Fails, naming the layer, where
// channels or sizes do not fit together, where a map grows out of proportion to the input, or where
// height or width is not a positive multiple of max_stride. Executors call it before they run.
Result<std::vector<MapShape>> infer_shapes(const Graph& graph, int height, int width);

// Reads an official-format checkpoint and builds the fused graph. Refuses anything malformed,
// hostile, unsupported (naming layer and class), not finite, or without a graph, in one sentence.
// A loaded graph has passed infer_shapes, its head fits its anchors, strides and class names, and
// its names are valid UTF-8.
Result<Graph> load_checkpoint(const std::filesystem::path& path);
// The same from memory; `name` names the source in errors.
Result<Graph> load_checkpoint(std::span<const std::byte> bytes, std::string name);

}  // namespace qyolo::model
