// What became of each detection and object of one image and class, as pycocotools' evaluateImg says
// it. The evaluation itself (metrics/coco_match.h) decides all thresholds and areas at once and
// keeps counts only; this is for who looks at single images.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/coco_types.h"
#include "metrics/coco_class.h"

namespace qyolo::python {

// Places are those of the spans that were given; matrices are [threshold, place in the order here].
struct ImageScan {
  std::vector<std::uint32_t> objects;     // those that count first
  std::vector<std::uint32_t> detections;  // by descending score, at most as many as asked for
  std::vector<std::int64_t> object_ignored;
  std::vector<bool> detection_ignored;
  // The place in the order here that each was matched to; kNone.
  std::vector<std::uint32_t> matched_object, matched_detection;
  static constexpr std::uint32_t kNone = UINT32_MAX;
};

struct ScannedDetection {
  BoxXywh bbox{};
  double score = 0;
  double area = 0;
};

[[nodiscard]] ImageScan scan_image(std::span<const Annotation> objects,
                                   std::span<const ScannedDetection> detections,
                                   std::span<const double> thresholds,
                                   const metrics::AreaLimits& limits, std::size_t max_detections);

}  // namespace qyolo::python
