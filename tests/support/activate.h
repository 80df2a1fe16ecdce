// A convolution's activation function in double precision, as its definition has it.
#pragma once

#include <algorithm>
#include <cmath>

#include "harness/model/graph.h"

namespace qyolo::testing {

inline double activate(const model::ConvNode& conv, double value) {
  switch (conv.activation) {
    case model::Activation::kSiLU:
      return value / (1 + std::exp(-value));
    case model::Activation::kLeakyReLU:
      return value > 0 ? value : double{conv.slope} * value;
    case model::Activation::kReLU:
      return std::max(value, 0.0);
    case model::Activation::kIdentity:
      break;
  }
  return value;
}

}  // namespace qyolo::testing
