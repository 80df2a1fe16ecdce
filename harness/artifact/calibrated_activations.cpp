#include "harness/artifact/calibrated_activations.h"

namespace qyolo::harness {
namespace {

model::FakeQuantization simulated(const quant::ActivationParameters& parameters) {
  return {parameters.scale, parameters.zero_point, parameters.bits};
}

}  // namespace

std::vector<model::ActivationQuantizer> CalibratedActivations::quantizers() const {
  std::vector<model::ActivationQuantizer> all;
  if (input.quantized && input.parameters.bits < 8)
    all.push_back({model::kNetworkInput, simulated(input.parameters)});
  for (const CalibratedGroup& group : groups) {
    for (const int node : group.nodes) all.push_back({node, simulated(group.parameters)});
  }
  return all;
}

}  // namespace qyolo::harness
