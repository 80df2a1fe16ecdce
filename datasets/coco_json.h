// Reading and writing COCO JSON. The files are untrusted: every malformed value that is used is an
// error that names the file, the entry and what was expected ("gt.json: annotations[17]: 'bbox'
// must be ..."). Keys that are not used (segmentation, licenses, ...) may be absent and may hold
// anything. Ids are any scalars (common/ids.h).
//
// Files are read by up to `threads` threads (0: all the host offers); the result does not depend on
// their number. Memory: little more than the result, however large the file is, where the file is
// laid out as usual; see coco_json_scan.h.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"

namespace qyolo::datasets {

// What is wrong with, or unusual about, entries of an annotation file.
enum class TruthProblem {
  kNoObject,          // an entry that is no JSON object
  kImageId,           // an image without a usable id
  kCategory,          // a category without a usable id or name
  kReference,         // an annotation without a usable image_id or category_id
  kBox,               // no array of 4 finite numbers, or negative sides
  kArea,              // no number, or negative
  kCrowd,             // an iscrowd other than 0 and 1
  kFileName,          // an image without a usable file_name
  kImageSize,         // an image without a usable width or height
  kImageIdTwice,      // the id of an earlier image
  kCategoryIdTwice,   // the id of an earlier category
  kUnlistedImage,     // an annotation of an image that the file does not list
  kUnlistedCategory,  // an annotation of a category that the file does not list
  kAnnotationId,      // an annotation without a usable id
  kIdZero,            // an annotation with the id 0
  kIdTwice,           // an annotation with the id of another one
};

struct TruthFinding {
  TruthProblem problem;
  std::size_t count = 0;
  std::vector<std::string> examples;  // the first ones: "annotations[17]: 'bbox' is missing"
};

// An annotation file with all that is wrong in it. What cannot be used is left out of `truth`:
// annotations of images and categories that are not listed (as pycocotools does), and entries with
// a problem that refuses() the file.
struct TruthFile {
  GroundTruth truth;
  std::vector<TruthFinding> findings;  // in the order in which the file has the first of each
};

// Whether evaluation refuses a file with it: what was meant cannot be known, and the number depends
// on it. The others are notes.
[[nodiscard]] bool refuses(TruthProblem problem);

// An "instances" annotation file: images {id, file_name, width, height}, annotations {id, image_id,
// category_id, bbox, area, iscrowd} and categories {id, name}.
//   May be absent or null: file_name, width, height (then "" and 0), which scoring does not need;
//   iscrowd (0); area (width * height of the box, with one warning in GroundTruth::warnings).
//   Fails where the file as a whole cannot be read: no JSON, a section missing.
Result<TruthFile> examine_coco_annotations(const std::filesystem::path& path, int threads = 0,
                                           std::size_t examples = 5);
Result<TruthFile> examine_coco_annotations(std::string_view json, const std::string& where,
                                           int threads = 0, std::size_t examples = 5);

// Fails where entries are refused, with the first of them and their number.
Result<GroundTruth> usable_truth(TruthFile file, const std::string& where);

// The same, and fails where entries are refused, with the first of them and their number. Notes on
// what is unusual are in GroundTruth::warnings, each once.
Result<GroundTruth> read_coco_annotations(const std::filesystem::path& path, int threads = 0);
Result<GroundTruth> parse_coco_annotations(std::string_view json, const std::string& where,
                                           int threads = 0);

// How the ids of a results file are written.
struct DetectionNames {
  IdNames images, categories;
};
[[nodiscard]] inline DetectionNames names_of(const GroundTruth& truth) {
  return {truth.image_ids, truth.category_ids};
}

// A results file: an array of {image_id, category_id, bbox, score}, in the file's order. Ids that
// are no integers get the codes that `names` has for them (those of the annotations), or new ones.
Result<std::vector<Detection>> read_coco_detections(const std::filesystem::path& path, int threads,
                                                    DetectionNames& names);
Result<std::vector<Detection>> read_coco_detections(const std::filesystem::path& path,
                                                    int threads = 0);
Result<std::vector<Detection>> parse_coco_detections(std::string_view json,
                                                     const std::string& where, int threads = 0);

// An "instances" file; numbers as the shortest texts that are read back as they are.
Status write_coco_annotations(const std::filesystem::path& path, const GroundTruth& truth);

// As the official test pipeline writes it, byte for byte as Python's json.dump: bbox rounded to 3
// decimals, score to 5, as Python's round(); ids as `names` (of the annotations) spell them. Fails
// on values that are not finite.
Status write_coco_detections(const std::filesystem::path& path,
                             std::span<const Detection> detections, const DetectionNames& names);
Status write_coco_detections(const std::filesystem::path& path,
                             std::span<const Detection> detections);
// A detection's values as that file would give them back.
[[nodiscard]] Detection rounded(const Detection& detection);

}  // namespace qyolo::datasets
