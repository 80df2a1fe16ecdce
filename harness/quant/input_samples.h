// Inputs of a convolution at some positions of calibration images.
#pragma once

#include <cstddef>
#include <vector>

namespace qyolo::quant {

struct InputSamples {
  std::size_t positions = 0;    // 0: none were taken
  std::vector<float> inputs;    // [weight of a filter][position]
  std::vector<float> wanted;    // likewise: those that make the sums which a filter is to come near
  std::vector<float> counts;    // how much each position counts; 1 on average
  std::vector<float> energies;  // mean square of each position's inputs
};

}  // namespace qyolo::quant
