// Where the unquantized network sees objects on calibration images: there a layer's error counts
// most. Most of an image is background, on which errors hardly change what is detected.
#pragma once

#include <vector>

#include "common/result.h"
#include "harness/network/calibration_walk.h"

namespace qyolo::harness {

// For each batch: a small constant everywhere, and within every box that the network proposes (made
// a fifth larger) its objectness on top, the largest one where boxes overlap. Runs the network
// once, layer by layer, and leaves the executor's weights alone.
Result<std::vector<ObjectWeights>> object_weights(const model::Graph& graph,
                                                  const RoundingCalibration& calibration);

}  // namespace qyolo::harness
