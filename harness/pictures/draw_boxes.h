// Pictures with boxes drawn in.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/labelled_box.h"
#include "common/result.h"
#include "datasets/image_pipeline.h"

namespace qyolo::harness {

// Writes a copy of the image with boxes, names and scores; the format follows `out`'s extension.
Status draw_boxes(const std::filesystem::path& image, const std::vector<LabelledBox>& boxes,
                  const std::filesystem::path& out);
// The same of a picture in memory; `name` is what errors call it.
Status draw_boxes_on(const datasets::Picture& picture, const std::string& name,
                     const std::vector<LabelledBox>& boxes, const std::filesystem::path& out);

}  // namespace qyolo::harness
