// The roadmap of a proof of concept: which cells are tried in which order, so that the cheap and
// small ones come first and later ones only where they are needed.
#pragma once

#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/cell/cell.h"
#include "report/stage.h"

namespace qyolo::harness {

struct RoadmapCell {
  report::Stage stage;
  Json block;  // as read_cell() takes it
  Cell cell;
  bool ends_stage_if_kept = false;  // the rest of the stage is larger
};

// Without the baseline; by stage, in the order in which they are tried.
[[nodiscard]] Result<std::vector<RoadmapCell>> roadmap_cells();

}  // namespace qyolo::harness
