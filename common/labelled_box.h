// A detection with its name, as people see it: on one image, outside any dataset.
#pragma once

#include <string>

#include "common/coco_types.h"

namespace qyolo {

struct LabelledBox {
  BoxXywh bbox{};  // pixels of the image
  double score = 0;
  int class_index = 0;
  std::string name;
};

}  // namespace qyolo
