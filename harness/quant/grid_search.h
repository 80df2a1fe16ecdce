// Coarse-to-fine search for the smallest value of a function on a grid.
#pragma once

namespace qyolo::quant {

// Tries the multiples of `step` in [low, high], then around the best one in steps of step / 10, and
// so on down to 1. Of equals, the first one tried wins; multiples are tried in ascending order.
// REQUIRES: step is a power of ten, and [low, high] contains a multiple of it; low >= 0.
template <class Function>
int coarse_to_fine(int low, int high, int step, Function&& function) {
  int best = (low + step - 1) / step * step;
  double least = function(best);
  for (int candidate = best + step; candidate <= high; candidate += step) {
    if (const double value = function(candidate); value < least) {
      least = value;
      best = candidate;
    }
  }
  for (; step > 1; step /= 10) {
    const int centre = best;
    const int finer = step / 10;
    for (int candidate = centre - step + finer; candidate < centre + step; candidate += finer) {
      if (candidate < low || candidate > high || candidate == centre) continue;
      if (const double value = function(candidate); value < least) {
        least = value;
        best = candidate;
      }
    }
  }
  return best;
}

}  // namespace qyolo::quant
