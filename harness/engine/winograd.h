// Convolutions of 3 x 3 filters by Winograd's minimal filtering F(4 x 4, 3 x 3) (Lavin and Gray,
// "Fast Algorithms for Convolutional Neural Networks", arXiv 1509.09308): 36 matrix products
// instead of 144 per tile of 4 x 4 outputs. Our own, since oneDNN 3.2 and newer has none. No oneDNN
// here. Threaded by OpenMP; no number depends on the threads, nor on the batch.
//
// The points are 0, +-sqrt(1/2), +-sqrt(2) and infinity, not the usual 0, +-1, +-2: the error of a
// sum over 256 channels is half as large (1.4e-6 of the outputs' RMS; direct summation has 0.9e-6).
#pragma once

#include <span>

#include "harness/engine/block.h"
#include "harness/engine/kernels.h"
#include "harness/engine/matrix_kernel.h"
#include "harness/model/graph.h"

namespace qyolo::engine {

// Whether winograd_convolve() can, and is likely to be faster than direct summation of a map of
// that many outputs: by arithmetic and by the bytes of its filters, not by timing, nor by the
// batch, so that numbers depend on neither.
[[nodiscard]] bool suits_winograd(const model::ConvNode& conv, int height, int width);

// The transformed filters, as matrix products read them: [panels][36][channels][kernel.columns].
struct WinogradFilters {
  Block values;  // four times the weights' size, and panels are filled up
};
// What they take.
[[nodiscard]] std::size_t winograd_filter_bytes(const MatrixKernel& kernel,
                                                const model::ConvNode& conv);
// `weights` as in ConvNode::weight. REQUIRES: 3 x 3, channels % 16 == 0. Throws std::bad_alloc.
[[nodiscard]] WinogradFilters transform_filters(const MatrixKernel& kernel,
                                                const model::ConvNode& conv,
                                                std::span<const float> weights);

// to = activation(from * filters + bias). REQUIRES: FP32 maps, dense (pitch == channels), of
// shapes that fit the convolution, which suits_winograd() for some size.
void winograd_convolve(const MatrixKernel& kernel, const model::ConvNode& conv, const Map& from,
                       const WinogradFilters& filters, std::span<const float> bias, const Map& to);

}  // namespace qyolo::engine
