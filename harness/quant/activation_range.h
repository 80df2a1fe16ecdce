// From the histogram of an activation tensor to the range that its codes cover.
//
// Methods, with n values of which the smallest is m and the largest M:
//   minmax        [m, M].
//   percentile:P  the points where the histogram's distribution function reaches 1 - P/100 and
//                 P/100; it is linear within a bin, and the outermost bins end at m and M. P = 100
//                 is minmax.
//   mse           [i/100 m, j/100 M], after extending [m, M] to contain 0, with i and j out of
//                 0 ... 100 that make the expected squared error small: from i = j = 100, the best
//                 j for the i at hand, then the best i for that j, and so on until neither changes;
//                 of equals, the larger one. The error is that of activation_parameters() with
//                 every value of a bin taken to be at the bin's centre (limited to [m, M]), so it
//                 is never larger than minmax's.
//   entropy       the method that NVIDIA published for TensorRT's calibrator (S. Migacz, "8-bit
//                 Inference with TensorRT", GTC 2017), which is about magnitudes: bins of |x|, at
//                 most 4096 of them (neighbours merge until it is so), and L = 2^(bits - 1) levels.
//                 For every i from L to the number of bins: P is the first i bins, with all that
//                 lies beyond added to the last one; Q spreads the first i bins' content, without
//                 that, over L levels of neighbouring bins, level l from bin floor(l i / L) on, in
//                 equal parts for those bins of a level where P is not 0. Both are normalised, and
//                 D(i) = sum P log(P / Q); it is infinite where Q is 0 and P is not. The threshold
//                 is T = (i + 1/2) w for the i of the smallest D; of equals, the largest i. The
//                 range is [m, M] limited to [-T, T]; with fewer than L bins, [m, M].
#pragma once

#include "harness/quant/activation.h"
#include "harness/quant/activation_histogram.h"
#include "harness/quant/range.h"

namespace qyolo::quant {

// [0, 0] of no values.
[[nodiscard]] Interval find_activation_range(const ActivationHistogram& histogram,
                                             const CalibrationMethod& method, int bits);

// Mean of (x - x^)^2 over the histogram, every value being at its bin's centre; 0 of no values.
[[nodiscard]] double expected_squared_error(const ActivationHistogram& histogram,
                                            const ActivationParameters& parameters);

}  // namespace qyolo::quant
