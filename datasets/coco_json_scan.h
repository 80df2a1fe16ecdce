// Numbers, and fast paths for results files and annotation files; for coco_json*.cpp only.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>
#include <vector>

#include "common/coco_types.h"

namespace qyolo::datasets {

inline constexpr std::string_view kBlanks = " \t\r\n";

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

// Stands for an absent area until its box's is put there.
inline constexpr double kNoArea = std::numeric_limits<double>::quiet_NaN();

// Reads an annotation file. False if there is anything unusual, right or wrong (a section or a
// value is missing, a number is not plain): then `truth` is of no use and a general parser must
// decide. The ids are not checked. done(at): nothing before `at` is needed any more.
[[nodiscard]] bool scan_ground_truth(std::string_view json, int threads,
                                     const std::function<void(const char*)>& done,
                                     GroundTruth& truth);

}  // namespace qyolo::datasets
