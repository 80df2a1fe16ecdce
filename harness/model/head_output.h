// What a network gives: the head's raw values, before they are decoded.
#pragma once

#include <vector>

namespace qyolo::model {

// Raw output of one head level for a whole batch: [batch, anchors * (5 + classes), ny, nx]. Or, in
// place of all levels, what another program has decoded: [batch, rows, 5 + classes], rows as
// decode_rows() has them, in any order.
struct HeadOutput {
  int batch = 0, channels = 0, height = 0, width = 0;
  std::vector<float> values;
  bool decoded = false;  // then `height` rows of `channels` values, and width 1
};

}  // namespace qyolo::model
