// Which detection finds which object, at one IoU threshold, by COCO's rule: what coco_match.h
// decides for all thresholds at once, with the identity of the objects kept. For diagnoses that
// need to know more than how many are right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"

namespace qyolo::metrics {

// Positions are places in the annotation file and in the results file.
struct Assignment {
  static constexpr std::uint32_t kNone = UINT32_MAX;

  enum class Verdict : std::uint8_t {
    kUncounted,  // of an unknown category, absorbed by a crowd, or not among the image's best 100
    kTruePositive,
    kFalsePositive
  };

  std::vector<std::int64_t> image_ids;     // ascending
  std::vector<std::int64_t> category_ids;  // K, ascending

  // By detection.
  std::vector<Verdict> verdicts;
  std::vector<std::uint32_t> object_of;           // kNone unless a true positive
  std::vector<std::uint32_t> class_of_detection;  // kNone: unknown

  // By annotation.
  std::vector<std::uint32_t> finder_of;        // detection; kNone: not found, or a crowd
  std::vector<std::uint32_t> class_of_object;  // kNone: a crowd, or of an unknown image or category

  // By class: counted detections by descending score, equal scores by image, then by place.
  std::vector<std::vector<std::uint32_t>> ranked;
  std::vector<std::int64_t> objects;

  // By image: objects in the file's order; counted detections by descending score over all classes,
  // equal scores by place.
  std::vector<std::vector<std::uint32_t>> objects_in;
  std::vector<std::vector<std::uint32_t>> detections_in;

  [[nodiscard]] std::size_t classes() const { return category_ids.size(); }
};

// At most 100 detections per image and class. Fails on a detection of an image that is not in
// `truth`, or whose score or box is not finite, and unless 0 < iou_threshold <= 1.
Result<Assignment> assign_detections(const GroundTruth& truth,
                                     std::span<const Detection> detections,
                                     double iou_threshold = 0.5);

}  // namespace qyolo::metrics
