// Datasets in the layout that YOLOv7's training reads: a data.yaml, images, and beside them text
// files of labels.
//
//   path: ...                      optional; the folder that the others are relative to
//   train: images/train            each a folder (searched below, too), a text file with one image
//   val: [val.txt, more/images]    per line, or a list of these; likewise test
//   nc: 8                          optional
//   names: [washer, nut]           or {0: washer, 1: nut}
//
// The labels of .../images/a.jpg are .../labels/a.txt (the first "/images/" of the path, as the
// official repository does it, or the last one where there is such a file): lines "class x y width
// height", the box's centre and size as fractions of the image, or "class x1 y1 x2 y2 x3 y3 ...", a
// polygon, which becomes its box. No file, or an empty one: no objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/coco_types.h"
#include "common/file_stamps.h"
#include "common/json.h"
#include "common/result.h"
#include "datasets/coco_json.h"

namespace qyolo::datasets {

// Centre and size as fractions of the image.
struct YoloLabel {
  std::int64_t of_class = 0;
  double x = 0, y = 0, width = 0, height = 0;
  int points = 0;  // of the polygon that it is the box of; 0: none
};
struct YoloLabels {
  std::vector<YoloLabel> labels;
  std::vector<std::string> wrong;  // "WHERE: line 3: ...", one for each line that cannot be read
};
[[nodiscard]] YoloLabels parse_yolo_labels(std::string_view text, std::size_t classes,
                                           const std::string& where);

// What data.yaml says, without looking for anything.
struct YoloDataFile {
  std::string root;                  // `path`; empty: none
  std::vector<std::string> names;    // by class
  std::vector<std::string> sources;  // of the split
};
Result<YoloDataFile> parse_yolo_data(const Json& document, const std::string& where,
                                     std::string_view split);

struct YoloData {
  TruthFile file;  // images by path, ids from 1; category k + 1 is class k; names below `folder`
  std::filesystem::path folder;               // that all images lie below
  std::vector<std::filesystem::path> images;  // one per image
  std::vector<std::filesystem::path> labels;  // the label files that there are
  // Since before they were read: data.yaml, the images and their label files, also those that there
  // are not.
  FileStamps stamps;
};

// The folders and lists that a data.yaml leads to, of every split: what must not be written over.
// Nothing where it cannot be read.
[[nodiscard]] std::vector<std::filesystem::path> yolo_inputs(const std::filesystem::path& data);

// `split`: "train", "val" or "test". Sizes come from the images' headers. Paths in data.yaml may be
// absolute; relative ones are looked for in `path`, beside data.yaml, and in the current folder.
// Lines of text files lead to images below the dataset's folder only. Labels that cannot be read
// are findings; what is unusual is noted in GroundTruth::warnings. Fails where the whole cannot be
// read.
Result<YoloData> read_yolo(const std::filesystem::path& data, std::string_view split,
                           int threads = 0, std::size_t examples = 5);

// Writes FOLDER/data.yaml, FOLDER/labels/NAME.txt and, in FOLDER/images, links to the images.
// Boxes are written so that they are read back as they are, as far as doubles go. `notes` gets what
// the layout cannot hold (crowds, segments). Fails where two images have one label file.
Status write_yolo(const GroundTruth& truth, const std::vector<std::filesystem::path>& images,
                  const std::filesystem::path& folder, std::vector<std::string>& notes);

}  // namespace qyolo::datasets
