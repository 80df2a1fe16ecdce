// What a quantized network weighs, from the layout of its parts, in two accountings.
//
//   true   what a decoder of the evaluated (fused) network needs: codes, scales, zero-points,
//          breakpoints, region bits, and everything that stays in floating point.
//   paper  what the study counts (arXiv 2407.04943, abstract: 3.92x with affine and 3.86x with
//          PWLQ, 4 bits). It quantizes the checkpoint as stored, before batch norms are folded, and
//          counts codes and group parameters, but not region bits; every other value stays FP16.
//          Its baseline is every value of the checkpoint in FP16. That this is how the abstract's
//          pair comes about is our reading: filter by filter, with 2 (affine) or 5 (PWLQ: 2 scales,
//          2 zero-points, the breakpoint) FP32 parameters, the released YOLOv7 layout gives 3.926
//          and 3.864.
//
// In the true accounting every part of every tensor is rounded up to whole bytes, as a file stores
// it; the paper's counts bits. All sizes are in bits unless a name says bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace qyolo::metrics {

// How one weight tensor is stored. bits == 0: kept in floating point, float_bits per weight; the
// fields of quantized tensors are not looked at.
struct LayerStorage {
  std::int64_t weights = 0;
  std::int64_t groups = 0;   // sets of parameters
  int bits = 0;              // per code
  int float_bits = 16;       // per weight, if bits == 0
  int scales_per_group = 0;  // with the values of a codebook
  int tensor_scales = 0;     // FP32, of the whole tensor; part of its scales
  int zero_points_per_group = 0;
  int breakpoints_per_group = 0;
  int scale_bits = 32;  // of a scale and of a breakpoint
  int zero_point_bits = 32;
  std::int64_t correction_bits = 0;  // of the whole tensor
  int region_bits = 0;               // per weight; raw: 1 for piecewise-linear schemes, else 0
  std::optional<std::int64_t> coded_region_bytes{};  // of the whole tensor, if they are not raw
};

// Sizes of the parts of one network.
struct MemoryParts {
  std::int64_t payload = 0;  // codes
  std::int64_t scales = 0;
  std::int64_t zero_points = 0;
  std::int64_t breakpoints = 0;
  std::int64_t regions = 0;
  std::int64_t corrections = 0;  // bias correction: a gain and an offset per filter
  std::int64_t unquantized = 0;  // kept layers, biases and all other values

  [[nodiscard]] std::int64_t total() const;
};

// The parts are those of the true accounting.
struct MemoryReport : MemoryParts {
  MemoryParts paper;  // those of the paper's; regions == 0

  std::int64_t quantized_weights = 0;  // of the fused network
  std::int64_t kept_weights = 0;
  std::int64_t kept_weight_bits = 0;  // part of unquantized

  // Baselines: every value of the fused network, and of the checkpoint as stored.
  std::int64_t fp16 = 0;
  std::int64_t fp32 = 0;
  std::int64_t stored_fp16 = 0;

  [[nodiscard]] std::int64_t true_bits() const;
  [[nodiscard]] std::int64_t true_bytes() const;
  [[nodiscard]] std::int64_t paper_bits() const;
  [[nodiscard]] std::int64_t paper_bytes() const;  // rounded up

  // Of the quantized weights: all that is stored for them, over their number (true accounting).
  // Where nothing is quantized: of the kept ones. 0 for a network without weights.
  [[nodiscard]] double bits_per_weight() const;

  // How many times smaller than the baseline; 1 for a network without values.
  [[nodiscard]] double ratio_fp16_true() const;
  [[nodiscard]] double ratio_fp32_true() const;
  [[nodiscard]] double ratio_fp16_paper() const;
};

// True accounting, of the network as evaluated:
//   layers         its weight tensors (convolutions, batch norms folded in)
//   other_values   its parameters that are not weights of `layers` (biases), `other_bits` each
// Paper accounting, of the checkpoint as stored:
//   stored_layers  its convolution weights as the same experiment quantizes them
//   stored_values  all its floating-point values, those of `stored_layers` included
// REQUIRES: nothing negative; stored_values at least the weights of stored_layers; sizes that fit.
[[nodiscard]] MemoryReport account_memory(std::span<const LayerStorage> layers,
                                          std::int64_t other_values,
                                          std::span<const LayerStorage> stored_layers,
                                          std::int64_t stored_values, int other_bits = 16);

}  // namespace qyolo::metrics
