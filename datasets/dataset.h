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
  // Images in path order, which rect_batches needs for its ties; cut to the images used, if
  // limited.
  GroundTruth truth;
  std::vector<std::filesystem::path> image_paths;  // one per truth.images, inside images_folder
};

// Reads the annotations and checks that every image file exists inside `images`, also once links
// are followed (`images` itself may be one). `limit` > 0 keeps the first `limit` images by path,
// and their annotations; only those need to exist. Errors: two images with one file name, a name
// that leads out of the folder, missing files (the first one and how many), no images at all.
Result<Dataset> open_dataset(const std::filesystem::path& images,
                             const std::filesystem::path& annotations, int limit = 0);

// Where a dataset's images and annotations lie in its folder: images/ and annotations.json, or as
// COCO publishes val2017: val2017/ and annotations/instances_val2017.json.
struct DatasetFiles {
  std::filesystem::path images;
  std::filesystem::path annotations;
};
Result<DatasetFiles> find_dataset_files(const std::filesystem::path& folder);

// SHA-256 over the annotation file and every image's name and content: equal if the data is, at any
// number of threads (0: all).
Result<std::string> dataset_sha256(const Dataset& dataset, int threads = 0);

// The category id of each model class: class k is the k-th category by ascending id. For COCO's 80
// categories that is the well-known table of ids up to 90. Names are compared exactly: a mismatch
// is an error that lists both, unless `ignore_names`. Different counts are always an error.
Result<std::vector<std::int64_t>> map_classes(const std::vector<std::string>& model_names,
                                              const std::vector<Category>& categories,
                                              bool ignore_names);

}  // namespace qyolo::datasets
