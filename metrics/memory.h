// What a quantized network weighs: bits of every part, from the layout, in two accountings.
//
//   paper  what the study counts: codes and group parameters, over the stored FP16 checkpoint;
//   PWLQ's region
//          bits are not counted (arXiv 2407.04943, abstract: 3.92x affine, 3.86x PWLQ).
//   true   everything that a decoder needs, region bits included.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace qyolo::metrics {

// How one weight tensor is stored. bits == 0 means: kept in floating point with `float_bits` per
// value.
struct LayerStorage {
  std::int64_t weights = 0;
  std::int64_t groups = 0;
  int bits = 0;         // per code
  int float_bits = 16;  // per weight, if bits == 0
  int scales_per_group = 0;
  int zero_points_per_group = 0;
  int breakpoints_per_group = 0;
  int scale_bits = 32;  // of a scale and of a breakpoint
  int zero_point_bits = 32;
  int region_bits = 0;  // per weight: 1 for piecewise-linear schemes, raw
};

struct MemoryReport {
  // In bits.
  std::int64_t payload = 0;  // codes
  std::int64_t scales = 0;
  std::int64_t zero_points = 0;
  std::int64_t breakpoints = 0;
  std::int64_t regions = 0;
  std::int64_t unquantized = 0;  // biases and kept layers, FP16

  std::int64_t quantized_weights = 0;
  std::int64_t kept_weights = 0;

  // Baselines in bits: the network as evaluated (weights + biases), and, for the paper's ratio,
  // every value of the checkpoint as stored (unfused, FP16).
  std::int64_t fp16 = 0;
  std::int64_t fp32 = 0;
  std::int64_t stored_fp16 = 0;

  [[nodiscard]] std::int64_t true_bits() const;   // all parts
  [[nodiscard]] std::int64_t true_bytes() const;  // rounded up
  [[nodiscard]] double bits_per_weight()
      const;  // parts of quantized weights / their number; FP width if none
  [[nodiscard]] double ratio_fp16_true() const;
  [[nodiscard]] double ratio_fp32_true() const;
  [[nodiscard]] double ratio_fp16_paper() const;
};

// `other_values`: parameters that are not weights of these layers (biases), stored in FP16.
// `stored_values`: float values of the checkpoint as stored, and `stored_conv_weights` those of
// them that are conv weights; the paper's accounting quantizes these.
[[nodiscard]] MemoryReport account_memory(std::span<const LayerStorage> layers,
                                          std::int64_t other_values, std::int64_t stored_values);

}  // namespace qyolo::metrics
