// What calibrated rounding knows of a convolution's inputs.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/quant/input_samples.h"
#include "harness/quant/symmetric_matrix.h"

namespace qyolo::quant {

// Of the unfolded inputs x that one filter sees (channels, then rows and columns of the kernel, as
// in its weights), over positions of calibration images, each with a weight. A change e of its
// weights whose mean effect the bias takes up changes its outputs, squared and summed over
// positions, by e^T H e, where H is the sum of weight (x - mean)(x - mean)^T.
struct InputMoments {
  SymmetricMatrix second;    // H; mirrored
  std::vector<double> mean;  // of x
  std::size_t positions = 0;
  InputSamples samples;  // some of these positions; none: no outputs are looked at
};

}  // namespace qyolo::quant
