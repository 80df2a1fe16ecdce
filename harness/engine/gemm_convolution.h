// Convolutions by matrix products of our own, for hosts where oneDNN has only its reference kernels
// (most ARM) or integer kernels whose sums saturate in 16 bits (x86 before VNNI). No oneDNN here.
// Threaded by OpenMP.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/engine/block.h"
#include "harness/engine/kernels.h"
#include "harness/engine/matrix_kernel.h"
#include "harness/model/graph.h"

namespace qyolo::engine {

// A convolution's filters as a matrix kernel reads them: per group panels of its columns.
struct FilterPanels {
  std::vector<float> floats;
  std::vector<std::int16_t> integers;  // one of the two
};

// `weights` and `codes` as in ConvNode::weight.
[[nodiscard]] FilterPanels pack_filters(const MatrixKernel& kernel, const model::ConvNode& conv,
                                        std::span<const float> weights);
[[nodiscard]] FilterPanels pack_filters(const MatrixKernel& kernel, const model::ConvNode& conv,
                                        std::span<const std::int8_t> codes);
// The floats that were packed.
[[nodiscard]] std::vector<float> unpack_filters(const MatrixKernel& kernel,
                                                const model::ConvNode& conv,
                                                const FilterPanels& panels);

// to = activation(scales * (from * filters) + bias), filter by filter. With integer panels `from`
// has codes, sums of code times weight are exact, and `scales` has what a sum is multiplied by;
// with floats it is empty. `to` has floats or codes. `scratch` is for the call.
// REQUIRES: FP32 maps for floats; shapes that fit the convolution; integer sums within 32 bits.
void convolve(const MatrixKernel& kernel, const model::ConvNode& conv, const Map& from,
              const FilterPanels& panels, std::span<const float> scales,
              std::span<const float> bias, const Map& to, Block& scratch);

}  // namespace qyolo::engine
