// The range of weights that a uniform scheme covers.
#pragma once

#include <span>

#include "harness/quant/options.h"

namespace qyolo::quant {

struct Interval {
  double low = 0;
  double high = 0;
};

// The range by options.range, where `mse` stands for the full range that its search starts from.
// A symmetric range is [-a, a]. Extended to contain 0 if options.include_zero.
// REQUIRES: weights finite, not empty.
[[nodiscard]] Interval find_range(std::span<const float> weights, const SchemeOptions& options,
                                  bool symmetric);

// The interval scaled by `ratio` about 0, or, if it does not contain 0, about its end nearest to 0.
[[nodiscard]] Interval shrink(const Interval& interval, double ratio);

}  // namespace qyolo::quant
