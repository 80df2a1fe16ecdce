// One class of a COCO evaluation: its ground truth, and its detections in the two orders that the
// evaluation needs, by score and by image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/coco_types.h"
#include "metrics/box_iou.h"
#include "metrics/coco_groups.h"

namespace qyolo::metrics {

struct AreaLimits {
  double low = 0;
  double high = 0;
  [[nodiscard]] bool excludes(double area) const { return area < low || area > high; }
};

// The ground truth of one class, by image, then by place in the file.
struct ClassTruth {
  BoxEdges boxes;
  std::vector<double> areas;
  std::vector<unsigned char> crowd;

  [[nodiscard]] std::size_t size() const { return areas.size(); }
  [[nodiscard]] bool ignored(std::size_t i, const AreaLimits& limits) const {
    return crowd[i] != 0 || limits.excludes(areas[i]);
  }
  // Ground truth that counts in the area range.
  [[nodiscard]] std::size_t positives(const AreaLimits& limits) const;
};

// An image with both ground truth and detections of the class.
struct Scene {
  std::size_t truth_begin = 0, truth_end = 0;          // in ClassTruth
  std::size_t detection_begin = 0, detection_end = 0;  // in ClassDetections::in_scenes
};

// The detections of one class. Slots are by image, then by place in the file. Positions are by
// descending score, equal scores by slot, and only for the best detections of each image.
struct ClassDetections {
  // By slot.
  std::vector<double> scores;
  std::vector<double> areas;  // of the boxes

  // By position.
  std::vector<std::uint32_t> slots;
  std::vector<std::uint32_t> ranks;  // place among the detections of the same image

  struct SceneDetection {
    std::uint32_t position = 0;
    std::uint32_t item = 0;  // place in the file
  };
  std::vector<Scene> scenes;
  std::vector<SceneDetection> in_scenes;  // by scene, then rank

  // Positions.
  [[nodiscard]] std::size_t size() const { return slots.size(); }
  [[nodiscard]] double score(std::size_t position) const { return scores[slots[position]]; }
  [[nodiscard]] double area(std::size_t position) const { return areas[slots[position]]; }
};

[[nodiscard]] ClassTruth class_truth(std::span<const Annotation> file, const ItemGroups& truth,
                                     std::size_t k);

// At most `max_per_image` detections of an image get a position.
[[nodiscard]] ClassDetections class_detections(std::span<const Detection> file,
                                               const ItemGroups& detections,
                                               const ItemGroups& truth, std::size_t k,
                                               std::size_t max_per_image);

}  // namespace qyolo::metrics
