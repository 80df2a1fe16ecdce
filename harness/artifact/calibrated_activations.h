// The activations of a network as they are quantized: which tensors share parameters, and which.
#pragma once

#include <vector>

#include "harness/engine/executor.h"
#include "harness/quant/activation.h"
#include "harness/quant/range.h"

namespace qyolo::harness {

// Tensors with one set of parameters.
struct CalibratedGroup {
  std::vector<int> nodes;  // as model::ActivationGroup
  quant::Interval range;
  quant::ActivationParameters parameters;
};

struct CalibratedActivations {
  // Pixels are codes already: with 8 bits the input is as it is (scale 1/255), with fewer it is
  // quantized over [0, 1]. `quantized` is false where only kept convolutions read it.
  struct Input {
    bool quantized = false;
    quant::ActivationParameters parameters;
  } input;
  std::vector<CalibratedGroup> groups;

  // What an executor has to do for them.
  [[nodiscard]] std::vector<model::ActivationQuantizer> quantizers() const;
};

}  // namespace qyolo::harness
