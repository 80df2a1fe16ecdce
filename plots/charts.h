// plots/: SVG charts drawn from records alone.
#pragma once

#include <string>

#include "results/record.h"

namespace qyolo::plots {

// AP against true bytes: one mark per cell, colour by scheme, shape by granularity, the Pareto
// front marked, FP32 as a line.
[[nodiscard]] std::string accuracy_against_bytes(const results::Run& run);

// AP against bits: one line per scheme, one panel per granularity.
[[nodiscard]] std::string accuracy_against_bits(const results::Run& run);

}  // namespace qyolo::plots
