// A COCO-format dataset on disk: images in a folder, annotations in a file, and how its categories
// map to a model's classes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/class_rules.h"
#include "common/coco_types.h"
#include "common/file_stamps.h"
#include "common/image_limit.h"
#include "common/result.h"

namespace qyolo::datasets {

struct Dataset {
  std::filesystem::path images_folder;
  std::filesystem::path annotations_file;
  // Images in path order, which rect_batches needs for its ties; cut to the images used, if
  // limited.
  GroundTruth truth;
  std::vector<std::filesystem::path> image_paths;  // one per truth.images, inside images_folder
  std::vector<std::filesystem::path> label_files;  // of the YOLO layout
  // Of the files that the above was read from, since before they were read.
  FileStamps stamps;
};

// Reads the annotations and finds every image file inside `images` (image_files.h); notes are in
// truth.warnings. A limit keeps some of the images (sample.h), and their annotations; only those
// need to exist. Errors: two images with one file, a name that leads out of the folder or is
// missing, missing files (the first one and how many), no images at all.
// Where `annotations` is a data.yaml, it is in the YOLO layout (yolo.h), `split` of it; `images` is
// not looked at then.
Result<Dataset> open_dataset(const std::filesystem::path& images,
                             const std::filesystem::path& annotations, const ImageLimit& limit = {},
                             const std::string& split = "val");

// The same of annotations that are read already; `annotations` is what they are called.
Result<Dataset> dataset_of(GroundTruth truth, const std::filesystem::path& images,
                           const std::filesystem::path& annotations, const ImageLimit& limit = {});

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

// What the annotations' categories are to a network's classes.
struct ClassMap {
  // Of each class; kNoCategory where there is none. Detections of such a class have no influence.
  std::vector<std::int64_t> category_of_class;
  std::vector<std::string> missing;   // classes that no category is
  std::vector<std::string> unused;    // categories without annotations that are no class
  std::vector<std::string> unknown;   // annotated categories that are no class: nothing can match
  std::vector<std::string> problems;  // sentences: what else cannot be paired
  std::vector<std::string> notes;     // sentences
};
inline constexpr std::int64_t kNoCategory = IdNames::kUnknown;

// Pairs by name, compared exactly; ids and order do not matter. Of two categories of one name the
// annotated one counts.
[[nodiscard]] ClassMap pair_classes(const std::vector<std::string>& model_names,
                                    const GroundTruth& truth, const ClassRules& rules = {});
// The same; annotated categories without a class, and other problems, are errors that list both
// sides.
Result<ClassMap> map_classes(const std::vector<std::string>& model_names, const GroundTruth& truth,
                             const ClassRules& rules = {});

}  // namespace qyolo::datasets
