// Many images with objects, crowds and detections at random: near objects, beside them, of wrong
// classes, with equal scores.
#pragma once

#include <random>

#include "common/coco_types.h"

namespace qyolo::testing {

struct RandomScenes {
  GroundTruth truth;
  std::vector<Detection> detections;

  explicit RandomScenes(unsigned seed, int images = 40, int categories = 5) {
    std::mt19937 random(seed);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    const auto box = [&] {
      return BoxXywh{below(80) * 1.0, below(80) * 1.0, 4.0 + below(40), 4.0 + below(40)};
    };
    for (int k = 0; k < categories; ++k) truth.categories.push_back({k + 1, "c"});
    for (int i = 0; i < images; ++i) {
      truth.images.push_back({images - i, "", 0, 0});
      for (int n = below(6); n > 0; --n) {
        const BoxXywh object = box();
        const int category = 1 + below(categories - 1);  // the last one has no objects
        truth.annotations.push_back(
            {0, images - i, category, object, object[2] * object[3], below(8) == 0});
        for (int d = below(4); d > 0; --d) {
          BoxXywh near = object;
          for (double& edge : near) edge = std::max(1.0, edge + below(9) - 4);
          detections.push_back({images - i, below(3) == 0 ? 1 + below(categories) : category, near,
                                below(50) / 50.0});
        }
      }
      for (int n = below(6); n > 0; --n)
        detections.push_back({images - i, 1 + below(categories), box(), below(50) / 50.0});
    }
  }
};

}  // namespace qyolo::testing
