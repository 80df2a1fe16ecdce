// Numbers, and a fast path for results files; for coco_json*.cpp only.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/coco_types.h"

namespace qyolo::datasets {

// The whole of `token` as a number in JSON's grammar, correctly rounded; false if it is not one or
// too large. Not left to simdjson, whose On-Demand get_double() of 3.0.1 reads numbers of more than
// 19 digits as something else (0.333333333333333333333333 as 6.7e-07).
[[nodiscard]] bool parse_json_number(std::string_view token, double& out);
// Likewise, of an integer; it may be written as a float without a fraction (3.0) up to 2^53.
[[nodiscard]] bool parse_json_integer(std::string_view token, std::int64_t& out);

// Appends the detections of `objects` (objects separated by commas, blanks anywhere) if each has
// exactly the keys image_id, category_id, bbox and score, in any order, and plain numbers, as
// results files do. False if there is anything else, right or wrong: then `detections` is as before
// and a general parser must decide. Numbers are correctly rounded.
// REQUIRES: `objects` is followed in memory by blanks, if any, and a comma or a closing bracket.
[[nodiscard]] bool scan_detections(std::string_view objects, std::vector<Detection>& detections);

}  // namespace qyolo::datasets
