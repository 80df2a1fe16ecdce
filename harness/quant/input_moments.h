// What calibrated rounding knows of a convolution's inputs.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/quant/symmetric_matrix.h"

namespace qyolo::quant {

// Of the unfolded inputs x that one filter sees (channels, then rows and columns of the kernel, as
// in its weights), over positions of calibration images: the error that a change e of its weights
// makes in its outputs is, summed over positions, e^T H e with H = sum of x x^T.
struct InputMoments {
  SymmetricMatrix second;    // sum of x x^T; mirrored
  std::vector<double> mean;  // of x
  std::size_t positions = 0;
  // Of inputs that differ from those of the original network, x0: sum of (x0 - x) x^T, [size,
  // size]; and the mean of x0 - x. Empty: they do not.
  std::vector<double> drift;
  std::vector<double> mean_drift;
};

}  // namespace qyolo::quant
