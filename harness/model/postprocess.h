// Head outputs -> boxes: decoding, confidence threshold, class-wise NMS, and back to image
// coordinates. Source: the official test.py and utils/general.py semantics (multi-label,
// class-offset NMS), without its time limit.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/coco_types.h"
#include "harness/model/executor.h"
#include "harness/model/graph.h"

namespace qyolo::model {

struct PostprocessOptions {
  float confidence = 0.001F;   // strict: only scores above it
  float iou = 0.65F;           // suppress above it (strict)
  int max_candidates = 30000;  // highest scores kept before NMS
  int max_detections = 300;    // per image
  bool multi_label = true;     // every (box, class) above the threshold, not only the best class
};

// A box in network-input pixels.
struct Candidate {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  float score = 0;
  int class_index = 0;
};

// All rows of one image: [rows, 5 + classes] in the order level, anchor, y, x: box centre and size
// in input pixels, objectness, class scores (after the sigmoid). For tests and inspection; detect()
// does not need it.
std::vector<float> decode_rows(const Graph& graph, std::span<const HeadOutput> outputs, int image);

// Detections of one image of the batch, highest score first.
std::vector<Candidate> detect(const Graph& graph, std::span<const HeadOutput> outputs, int image,
                              const PostprocessOptions& options);

}  // namespace qyolo::model
