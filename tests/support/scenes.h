// Hand-made ground truth and detections: images 10 and 20, categories 1, 2 and 3.
#pragma once

#include <vector>

#include "common/coco_types.h"

namespace qyolo::testing {

struct Scenes {
  GroundTruth truth;
  std::vector<Detection> detections;

  Scenes() {
    truth.images = {{20, "", 0, 0}, {10, "", 0, 0}};
    truth.categories = {{2, "nut"}, {1, "bolt"}, {3, "gear"}};
  }
  void object(std::int64_t image, std::int64_t category, const BoxXywh& box, bool crowd = false) {
    truth.annotations.push_back({0, image, category, box, box[2] * box[3], crowd});
  }
  void found(std::int64_t image, std::int64_t category, const BoxXywh& box, double score) {
    detections.push_back({image, category, box, score});
  }
};

}  // namespace qyolo::testing
