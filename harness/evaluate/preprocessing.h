// What another program did otherwise than `qyolo inputs` with the images that it ran a network on,
// told from what it found: the same network is run here on a few of the images under each
// hypothesis (pixels in another order or scale, images placed in another way, boxes in other
// coordinates), and the hypothesis counts under which the same objects are found again.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "common/coco_types.h"
#include "common/result.h"
#include "harness/evaluate/evaluation.h"

namespace qyolo::harness {

struct PreprocessingCheck {
  bool found = false;      // anything
  std::string mistake;     // "channels were in the order BGR, not RGB"; empty: none explains it
  double as_written = 0;   // share of what was found, by score, that is found again here as it is
  double explained = 0;    // and with the mistake
  std::size_t images = 0;  // that were looked at; 0: neither finds anything

  // `what` was found: "outputs", "detections".
  [[nodiscard]] std::string sentence(const std::string& what) const;
};

// Of outputs that `recorded` evaluated (network_inputs.h) to `detections`. Fails where the network
// of the cell cannot be run by an executor of this factory, or an image cannot be read.
Result<PreprocessingCheck> check_outputs(Evaluator& recorded, const Cell& cell,
                                         const ExecutorFactory& factory,
                                         std::span<const Detection> detections);

// Of a results file that another program wrote, which ran the configuration's model on square
// inputs and mapped boxes back by itself.
Result<PreprocessingCheck> check_detections(const EvaluatorConfig& config,
                                            const ExecutorFactory& factory,
                                            const std::filesystem::path& detections);

}  // namespace qyolo::harness
