// Reading and writing COCO JSON. The files are untrusted: every malformed value that is used is an
// error that names the file, the entry and what was expected ("gt.json: annotations[17]: 'bbox'
// must be ..."). Keys that are not used (segmentation, licenses, ...) may be absent and may hold
// anything. Integers may be written as floats without a fraction (3.0).
//
// Files are read by up to `threads` threads (0: all the host offers); the result does not depend on
// their number. Memory: little more than the result, however large the file is, where the file is
// laid out as usual; see coco_json_scan.h.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"

namespace qyolo::datasets {

// An "instances" annotation file: images {id, file_name, width, height}, annotations {id, image_id,
// category_id, bbox, area, iscrowd} and categories {id, name}.
//   May be absent: file_name, width, height (then "" and 0), which scoring does not need; iscrowd
//   (0); area (width * height of the box, with one warning in GroundTruth::warnings).
//   Errors: two images or two categories with one id; an annotation of an unknown image or
//   category; numbers that are not finite; a negative width, height or area.
Result<GroundTruth> read_coco_annotations(const std::filesystem::path& path, int threads = 0);

// A results file: an array of {image_id, category_id, bbox, score}, in the file's order.
Result<std::vector<Detection>> read_coco_detections(const std::filesystem::path& path,
                                                    int threads = 0);

// The same from memory; `where` is what errors name instead of the file.
Result<GroundTruth> parse_coco_annotations(std::string_view json, const std::string& where,
                                           int threads = 0);
Result<std::vector<Detection>> parse_coco_detections(std::string_view json,
                                                     const std::string& where, int threads = 0);

// As the official test pipeline writes it, byte for byte as Python's json.dump: bbox rounded to 3
// decimals, score to 5, as Python's round(). Fails on values that are not finite.
Status write_coco_detections(const std::filesystem::path& path,
                             std::span<const Detection> detections);
// A detection's values as that file would give them back.
[[nodiscard]] Detection rounded(const Detection& detection);

}  // namespace qyolo::datasets
