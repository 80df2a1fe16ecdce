// A COCO-format dataset on disk: images in a folder, annotations in a file, and how its categories
// map to a model's classes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"

namespace qyolo::datasets {

struct Dataset {
  std::filesystem::path images_folder;
  std::filesystem::path annotations_file;
  GroundTruth truth;  // cut to the images used, if limited
  std::vector<std::filesystem::path>
      image_paths;  // one per truth.images, each inside images_folder
};

// Reads the annotations and checks that every image file exists inside `images` (never outside it).
// `limit` > 0 keeps the first `limit` images by file name.
Result<Dataset> open_dataset(const std::filesystem::path& images,
                             const std::filesystem::path& annotations, int limit = 0);

// SHA-256 over the annotation file and every image's name and content: equal if the data is.
Result<std::string> dataset_sha256(const Dataset& dataset, int threads = 0);

// category id of each model class. COCO's 80 classes map to the 91-id table when the annotation
// file is COCO's; otherwise class k is the k-th category by ascending id. Names are compared: a
// mismatch is an error that lists both, unless `ignore_names`.
Result<std::vector<std::int64_t>> map_classes(const std::vector<std::string>& model_names,
                                              const std::vector<Category>& categories,
                                              bool ignore_names);

}  // namespace qyolo::datasets
