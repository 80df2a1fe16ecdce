// Convolutions of codes in instructions that multiply and add four bytes at once (VNNI), direct: no
// patches are copied but at the map's edges. Our own, since half of what a 1 x 1 convolution takes
// is its activation function, and of an 8-bit one it need not be as oneDNN computes it. Sums are
// exact. No oneDNN here. Threaded by OpenMP; no number depends on the threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/engine/block.h"
#include "harness/engine/kernels.h"
#include "harness/engine/matrix_kernel.h"
#include "harness/model/graph.h"

namespace qyolo::engine {

// Whether byte_convolve() can: on this kernel, one group, rows of filters without gaps, and sums
// that fit 32 bits.
[[nodiscard]] bool suits_bytes(const MatrixKernel& kernel, const model::ConvNode& conv);

// Filters as byte_convolve() reads them.
struct ByteFilters {
  Block values;  // [panels][height][width][channels / 4][kernel.columns][4], filled up
  std::vector<std::int32_t> sums;  // of each filter's weights, [panels][kernel.columns]
};
// `codes` as in ConvNode::weight. REQUIRES: suits_bytes(). Throws std::bad_alloc.
[[nodiscard]] ByteFilters pack_bytes(const MatrixKernel& kernel, const model::ConvNode& conv,
                                     std::span<const std::int8_t> codes);

// to = activation(scales * (from * filters) + bias), filter by filter; `from` has codes, `to`
// floats or codes, and `scales` what an integer sum is multiplied by. `scratch` is for the call.
// REQUIRES: suits_bytes(), dense `from` (pitch == channels), shapes that fit the convolution.
void byte_convolve(const MatrixKernel& kernel, const model::ConvNode& conv, const Map& from,
                   const ByteFilters& filters, std::span<const float> scales,
                   std::span<const float> bias, const Map& to, Block& scratch);

}  // namespace qyolo::engine
