// The evaluation grid of `qyolo score` as its users write it. Errors are one sentence that names
// the option and what was expected.
#pragma once

#include <string_view>
#include <vector>

#include "common/result.h"
#include "metrics/coco_map.h"

namespace qyolo::harness {

// "0.5,0.75": numbers from 0 to 1.
Result<std::vector<double>> parse_iou_thresholds(std::string_view text);

// "1,10,100": whole numbers of at least 1.
Result<std::vector<int>> parse_max_detections(std::string_view text);

// "all:0:inf,tiny:0:256": name, and the smallest and largest area in pixels^2, both inclusive.
Result<std::vector<metrics::AreaRange>> parse_area_ranges(std::string_view text);

}  // namespace qyolo::harness
