// The images that calibrated rounding works from.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/result.h"
#include "harness/engine/executor.h"

namespace qyolo::harness {

// Where in a network's input an image lies, in pixels: outside is padding of the letterbox.
struct ImageContent {
  double top = 0, bottom = 0, left = 0, right = 0;
};

// Images of one size, as Executor::forward() takes them.
struct CalibrationBatch {
  std::vector<std::uint8_t> rgb;
  int height = 0, width = 0;
  std::vector<ImageContent> images;
};

struct RoundingCalibration {
  std::span<const CalibrationBatch> batches;
  model::Executor* executor = nullptr;  // of the graph
};
// Asked when a cell first needs it.
using RoundingCalibrator = std::function<Result<RoundingCalibration>()>;

}  // namespace qyolo::harness
