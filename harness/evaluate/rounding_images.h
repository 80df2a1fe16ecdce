// What calibrated rounding looks at: images, and who runs the network on them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/result.h"
#include "harness/cell/experiment.h"
#include "harness/evaluate/evaluation.h"
#include "harness/network/calibration_images.h"
#include "harness/network/source_network.h"

namespace qyolo::harness {

struct RoundingRequest {
  const Cell& cell;
  const std::optional<CalibrationSet>& calibration;
  int image_size = 640;
  int threads = 0;
};

// Must live as long as the network is quantized, in one place.
struct RoundingImages {
  std::unique_ptr<model::Executor> executor;
  std::vector<CalibrationBatch> batches;

  // Gives the source its calibrator. Fails without images.
  Status load(const RoundingRequest& request, const ExecutorFactory& factory,
              SourceNetwork& source);
};

}  // namespace qyolo::harness
