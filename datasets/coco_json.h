// datasets/: COCO-format data: annotation and result files, images as network input, download
// registry, and the embedded default dataset (parts/). No LibTorch.
//
// Reading and writing COCO JSON. The files are untrusted: every malformed value is an error that
// names the file, the entry and what was expected.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"

namespace qyolo::datasets {

// An "instances" annotation file: images, annotations, categories. A missing iscrowd counts as 0; a
// missing area as width * height (one warning in GroundTruth::warnings). Unknown image or category
// ids in annotations are errors.
Result<GroundTruth> read_coco_annotations(const std::filesystem::path& path);

// A results file: an array of {image_id, category_id, bbox, score}.
Result<std::vector<Detection>> read_coco_detections(const std::filesystem::path& path);

// As the official test pipeline writes it: bbox rounded to 3 decimals, score to 5.
Status write_coco_detections(const std::filesystem::path& path,
                             std::span<const Detection> detections);

}  // namespace qyolo::datasets
