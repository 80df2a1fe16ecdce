// Head outputs -> boxes: decoding, confidence threshold, class-wise NMS, and back to image
// coordinates. Source: the official test.py and utils/general.py semantics (multi-label,
// class-offset NMS), without its time limit. Arithmetic is FP32 in the official order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/coco_types.h"
#include "harness/model/graph.h"
#include "harness/model/head_output.h"

namespace qyolo::model {

struct PostprocessOptions {
  float confidence = 0.001F;   // strict: only scores above it, in (0, 1)
  double iou = 0.65;           // suppress above it (strict); >= 0
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
// does not need it. REQUIRES, as detect(): one output per head level, as the executor made them for
// this graph, and 0 <= image < batch.
std::vector<float> decode_rows(const Graph& graph, std::span<const HeadOutput> outputs, int image);

// Detections of one image of the batch, highest score first. score = objectness * class score, or
// the objectness alone for a network of one class (whose class score is untrained in the official
// code). Rows with a NaN or an infinity yield nothing. Also takes decoded rows in place of the
// levels. Thread-safe.
std::vector<Candidate> detect(const Graph& graph, std::span<const HeadOutput> outputs, int image,
                              const PostprocessOptions& options);

// Greedy class-wise NMS over candidates in any order: stable by descending score, at most
// options.max_candidates of them, boxes offset by 4096 * class, at most options.max_detections
// kept. What detect() ends with.
std::vector<Candidate> non_maximum_suppression(std::vector<Candidate> candidates,
                                               const PostprocessOptions& options);

// How an image was placed in the network's input.
struct Placement {
  double ratio = 1;  // input pixels per image pixel: resized height / image height
  double pad_x = 0;  // left and top padding, unrounded
  double pad_y = 0;
  int image_width = 0;
  int image_height = 0;
};

// The box in the original image: padding off, both axes divided by the ratio, clamped to the image;
// [x, y, width, height] from the centre, as the official results file writes it (before rounding).
[[nodiscard]] BoxXywh to_image(const Candidate& candidate, const Placement& placement);

}  // namespace qyolo::model
