// Small pictures of single objects and false alarms, cut out of their images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/detections/diff.h"

namespace qyolo::harness {

struct Crop {
  bool missed = false;                  // a newly missed object; else a newly false detection
  std::string class_name;               // of the object, or as detected
  std::string image;                    // its name
  double score = 0;                     // missed: the baseline's; false: the other network's
  std::optional<std::string> shown_as;  // missed: the other network shows it as this class
  int width = 0, height = 0;            // pixels
  std::string jpeg;                     // the file's bytes
};

// At most `count` newly missed objects, those that the baseline was surest of first, then at most
// `count` newly false detections, those with the highest score first. Each with some of its
// surroundings and its box drawn in: dashed orange-red where missed, blue where false. Images
// that cannot be decoded are left out. Fails where the drawing library cannot be loaded.
Result<std::vector<Crop>> draw_crops(const Diff& diff, std::size_t count,
                                     const std::filesystem::path& images);

}  // namespace qyolo::harness
