// Where the maps of a graph lie, and the steps that compute them. Pure: nothing is run here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/result.h"
#include "harness/engine/executor.h"
#include "harness/model/graph.h"

namespace qyolo::engine {

enum class Element { kF32, kBf16, kU8 };
[[nodiscard]] std::size_t size_of(Element element);

// What a map's elements are: floats, or codes that stand for scale (q - zero_point).
struct MapType {
  Element element = Element::kF32;
  float scale = 1;
  int zero_point = 0;
  bool operator==(const MapType&) const = default;
};

// A map, NHWC: channels [channel_offset, channel_offset + shape.channels) of pixels of `pitch`
// channels.
struct Value {
  model::MapShape shape;
  MapType type;
  int buffer = 0;
  int channel_offset = 0;
  int pitch = 0;
};

// Steps first..last are those that it is needed for; buffers that are never needed at one time may
// share memory.
struct Buffer {
  std::size_t bytes = 0;
  std::size_t offset = 0;  // in the block, a multiple of 64
  int first = -1, last = -1;
};

struct Step {
  enum class Kind {
    kNode,          // the node's operation
    kCopy,          // to another place and, if they differ, another type
    kFakeQuantize,  // in place, as the node's quantizer has it
  };
  Kind kind = Kind::kNode;
  int node = 0;  // the node that it belongs to
  std::vector<int> inputs;
  int output = 0;
};

struct Plan {
  int batch = 1;
  std::vector<Value> values;
  std::vector<Buffer> buffers;
  std::vector<Step> steps;         // in the order of the nodes
  std::vector<int> value_of_node;  // what holds a node's output
  int input = 0;                   // the network's
  std::vector<int> first_step;     // of each node, and steps.size()
  std::size_t block_bytes = 0;
};

// Types of all maps: of the nodes' outputs, and of the network's input.
struct MapTypes {
  MapType input;
  std::vector<MapType> nodes;
  MapType floats;                    // of convolutions that do not compute on codes
  std::vector<bool> integer;         // by node: a convolution on codes
  std::vector<bool> fake_quantized;  // by node: followed by Step::Kind::kFakeQuantize
};

// Everything in `floats`; `fake_quantized` from the quantizers. Outputs of the head are FP32.
[[nodiscard]] MapTypes float_types(const model::Graph& graph, Element floats,
                                   const std::vector<model::ActivationQuantizer>& quantizers);
// Codes where a quantizer says so; `integer` says which convolutions compute on codes. Fails where
// one of these has no codes to read, and for codes of other than 8 bits.
Result<MapTypes> integer_types(const model::Graph& graph, std::vector<bool> integer,
                               const std::vector<model::ActivationQuantizer>& quantizers);

// `keep_all`: every node's output stays in memory, in a buffer of its own.
// `input` is the network's. REQUIRES: shapes of infer_shapes().
[[nodiscard]] Plan make_plan(const model::Graph& graph, const std::vector<model::MapShape>& shapes,
                             const model::MapShape& input, int batch, const MapTypes& types,
                             bool keep_all);

}  // namespace qyolo::engine
