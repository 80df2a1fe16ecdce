// What a network gives: the head's raw values, before they are decoded.
#pragma once

#include <vector>

namespace qyolo::model {

// Raw output of one head level for a whole batch: [batch, anchors * (5 + classes), ny, nx].
struct HeadOutput {
  int batch = 0, channels = 0, height = 0, width = 0;
  std::vector<float> values;
};

}  // namespace qyolo::model
