// The vocabulary of COCO-format detection data, shared by the readers, the network and the metric.
// Boxes are [x, y, width, height] in pixels of the original image, x and y the top left corner.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "common/ids.h"

namespace qyolo {

using BoxXywh = std::array<double, 4>;

struct ImageInfo {
  std::int64_t id = 0;
  std::string file_name;  // empty: the file has none
  int width = 0;          // 0: not known
  int height = 0;
};

struct Category {
  std::int64_t id = 0;
  std::string name;
};

struct Annotation {
  std::int64_t id = 0;  // may be 0 or duplicated: never an identity
  std::int64_t image_id = 0;
  std::int64_t category_id = 0;
  BoxXywh bbox{};
  double area = 0;  // the annotation's own area (a segment's, usually smaller than the box)
  bool iscrowd = false;
};

struct Detection {
  std::int64_t image_id = 0;
  std::int64_t category_id = 0;
  BoxXywh bbox{};
  double score = 0;
};

// A COCO annotation file.
struct GroundTruth {
  std::vector<ImageInfo> images;
  std::vector<Category> categories;
  std::vector<Annotation> annotations;
  IdNames image_ids, category_ids, annotation_ids;  // how the file writes them
  std::vector<std::string> warnings;                // e.g. annotations without an area
};

}  // namespace qyolo
