// A fast path for results files; for coco_json_detections.cpp only.
#pragma once

#include <string_view>
#include <vector>

#include "common/coco_types.h"

namespace qyolo::datasets {

// Appends the detections of `objects` (objects separated by commas, blanks anywhere) if each has
// exactly the keys image_id, category_id, bbox and score, in any order, and plain numbers, as
// results files do. False if there is anything else, right or wrong: then `detections` is as before
// and a general parser must decide. Numbers are correctly rounded.
// REQUIRES: the character after `objects` can be read and is a comma or a closing bracket.
[[nodiscard]] bool scan_detections(std::string_view objects, std::vector<Detection>& detections);

}  // namespace qyolo::datasets
