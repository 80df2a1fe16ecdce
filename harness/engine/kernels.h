// What a forward does beside convolutions, on maps of any type and pitch. Threaded by OpenMP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include "harness/engine/fake_quantize.h"
#include "harness/engine/plan.h"
#include "harness/model/graph.h"

namespace qyolo::engine {

// A map in memory: `batch` images of height x width pixels; pixels are `pitch` elements apart.
struct Map {
  void* data = nullptr;
  int batch = 0, height = 0, width = 0, channels = 0, pitch = 0;
  MapType type;
};

// To another place, and where the types differ, to another type.
void copy(const Map& from, const Map& to);
// REQUIRES for these three: maps of one type.
void max_pool(const Map& from, const Map& to, int kernel, int stride, int padding);
void upsample(const Map& from, const Map& to, int scale);
void reorg(const Map& from, const Map& to);
void add(const Map& a, const Map& b, const Map& to);
// Whichever of these the node is, from its inputs' maps from(0), from(1); false: none of them.
template <class From>
bool run_node(const model::Node& node, const From& from, const Map& to) {
  if (const auto* pool = std::get_if<model::MaxPoolNode>(&node.op)) {
    max_pool(from(0), to, pool->kernel, pool->stride, pool->padding);
  } else if (const auto* up = std::get_if<model::UpsampleNode>(&node.op)) {
    upsample(from(0), to, up->scale);
  } else if (std::holds_alternative<model::AddNode>(node.op)) {
    add(from(0), from(1), to);
  } else if (std::holds_alternative<model::ReorgNode>(node.op)) {
    reorg(from(0), to);
  } else {
    return false;
  }
  return true;
}
// REQUIRES: FP32, pixels without gaps.
void fake_quantize(const Map& map, const model::FakeQuantization& quantization);

// The network's input, [batch, 3, height, width], as a map: bytes / 255, floats, or bytes as codes.
void load_input(std::span<const std::uint8_t> rgb, const Map& to);
void load_input(std::span<const float> values, const Map& to);
// A map as floats [batch, channels, height, width]. REQUIRES: FP32.
void store_output(const Map& from, std::span<float> values);

// bfloat16, rounded half to even.
[[nodiscard]] std::uint16_t to_bf16(float value);
[[nodiscard]] float from_bf16(std::uint16_t bits);

}  // namespace qyolo::engine
