// Convolutions of 3 x 3 filters by Winograd's minimal filtering F(4 x 4, 3 x 3) (Lavin and Gray,
// "Fast Algorithms for Convolutional Neural Networks", arXiv 1509.09308): 36 matrix products
// instead of 144 per tile of 4 x 4 outputs. Our own, since oneDNN 3.2 and newer has none. No oneDNN
// here. Threaded by OpenMP; no number depends on the threads, nor on the batch.
//
// The points are 0, +-sqrt(1/2), +-sqrt(2) and infinity, not the usual 0, +-1, +-2: the error of a
// sum over 256 channels is half as large (1.4e-6 of the outputs' RMS; direct summation has 0.9e-6).
//
// Maps of bfloat16 and of codes are multiplied in integers of 16 bits, twice as many at a time.
// Windows are scaled tile by tile and filters one by one, as far as sums of the products fit 32
// bits, in which they are exact. The error is 8e-4 of the outputs' RMS for 64 channels of
// noise, 1.7e-3 for 256, and half of that where neighbouring pixels are alike; the rounding of the
// outputs to bfloat16 makes 1.7e-3, that to 8 bits more. (Windows and filters in bfloat16
// themselves would make 1.1e-2.)
#pragma once

#include <span>
#include <vector>

#include "harness/engine/block.h"
#include "harness/engine/kernels.h"
#include "harness/engine/matrix_kernel.h"
#include "harness/model/graph.h"

namespace qyolo::engine {

// Whether winograd_convolve() can, and is likely to be faster than direct summation of a map of
// that many outputs: by arithmetic and by the bytes of its filters, not by timing, nor by the
// batch, so that numbers depend on neither.
[[nodiscard]] bool suits_winograd(const model::ConvNode& conv, Element maps, int height, int width);

// The transformed filters, as matrix products read them.
struct WinogradFilters {
  // For maps of FP32 floats [panels][36][channels][kernel.columns], four times the weights' size,
  // else shorts [panels][36][channels / kernel.group][kernel.columns][kernel.group]; panels are
  // filled up.
  Block values;
  std::vector<float> scales;  // of shorts: [panels][kernel.columns]
};
// What the values take.
[[nodiscard]] std::size_t winograd_filter_bytes(const MatrixKernel& kernel,
                                                const model::ConvNode& conv, Element maps);
// `weights` as in ConvNode::weight. REQUIRES: 3 x 3, channels % 16 == 0. Throws std::bad_alloc.
[[nodiscard]] WinogradFilters transform_filters(const MatrixKernel& kernel,
                                                const model::ConvNode& conv, Element maps,
                                                std::span<const float> weights);

// to = activation(from * filters + bias). Of codes, `filters` have the weights that they stand for.
// REQUIRES: filters for maps of the type of `from`; maps that are dense (pitch == channels), of
// shapes that fit the convolution, which suits_winograd() for some size.
void winograd_convolve(const MatrixKernel& kernel, const model::ConvNode& conv, const Map& from,
                       const WinogradFilters& filters, std::span<const float> bias, const Map& to);

}  // namespace qyolo::engine
