// Pascal VOC annotations: one XML file per image.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "datasets/coco_json.h"

namespace qyolo::datasets {

struct VocObject {
  std::string name;
  BoxXywh box{};
  bool difficult = false;
};
struct VocAnnotation {
  std::string image;          // <filename>; may be empty
  int width = 0, height = 0;  // 0: not said
  std::vector<VocObject> objects;
};
// `where` is what errors call it.
Result<VocAnnotation> parse_voc(std::span<const std::byte> xml, const std::string& where);

// All .xml files in `annotations` (and below), each <annotation> with <filename>, <size> (width,
// height; the image's header where it is absent) and <object>s of <name> and <bndbox> (xmin, ymin,
// xmax, ymax: edges in pixels, as they stand). Images are looked for in `images` by <filename>, or
// by the XML file's own name. Categories are the names in alphabetical order, from 1; <difficult>
// is no difference, with a note. No DTD or entity is followed. Fails on the first file that cannot
// be used.
Result<GroundTruth> read_voc(const std::filesystem::path& annotations,
                             const std::filesystem::path& images);

// FOLDER/NAME.xml for each image.
Status write_voc(const GroundTruth& truth, const std::filesystem::path& folder);

}  // namespace qyolo::datasets
