#pragma once

#include <vector>

#include "harness/quant/activation_histogram.h"

namespace qyolo::quant {

inline ActivationHistogram histogram_of(const std::vector<float>& values) {
  ActivationHistogram histogram;
  histogram.observe(values);
  return histogram;
}

}  // namespace qyolo::quant
