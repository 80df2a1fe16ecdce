// What a cell says of the network beside its weights' schemes.
#pragma once

namespace qyolo::harness {

// What holds for the whole network, whatever the rules say.
struct NetworkOptions {
  // Quantize the network with everything folded into its convolutions, as it runs; else the
  // checkpoint's own conv weights (the study's layout), which are folded afterwards.
  bool fold = true;
  // Width of what stays in floating point (biases, batch norms, kept layers) beside quantized
  // weights, in memory and as evaluated: 16 (IEEE half) or 32.
  int kept_bits = 16;

  bool operator==(const NetworkOptions&) const = default;
};

}  // namespace qyolo::harness
