// Pictures with boxes drawn in.
#pragma once

#include <filesystem>
#include <vector>

#include "common/labelled_box.h"
#include "common/result.h"

namespace qyolo::harness {

// Writes a copy of the image with boxes, names and scores; the format follows `out`'s extension.
Status draw_boxes(const std::filesystem::path& image, const std::vector<LabelledBox>& boxes,
                  const std::filesystem::path& out);

}  // namespace qyolo::harness
