// What a merge goes by: a run folder's manifest, and the annotations that it names.
#pragma once

#include <filesystem>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "harness/cell/cell.h"
#include "harness/cell/experiment.h"
#include "results/manifest.h"

namespace qyolo::harness {

struct MergeInputs {
  results::Manifest manifest;  // with `tasks`
  std::vector<Cell> cells;
  UncertaintyOptions uncertainty;
  GroundTruth truth;
};

// Fails where the folder's run is none of several processes, and where the annotations are not
// those of its tasks.
Result<MergeInputs> open_merge_inputs(const std::filesystem::path& run);

}  // namespace qyolo::harness
