// What is kept of an evaluation so that its average precision can be computed again for any choice
// of its images: what became of each detection at each IoU threshold, and how many objects there
// were to find. Matching goes image by image, so choosing other images never changes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "metrics/coco_match.h"

namespace qyolo::metrics {

struct MatchedDetection {
  double score = 0;
  std::uint32_t image = 0;  // index into MatchedDetections::image_ids
  Outcome outcome;          // bit t: at CocoParams' default IoU threshold t
};

// Ground truth that counts in one image.
struct ObjectCount {
  std::uint32_t image = 0;
  std::int32_t objects = 0;
};

struct MatchedClass {
  std::int64_t category_id = 0;
  // By descending score, equal scores by image, then by place in the file: as the evaluation ranks
  // them. Only those that are a true or false positive at some threshold; none if the class has no
  // objects.
  std::vector<MatchedDetection> detections;
  std::vector<ObjectCount> objects;  // ascending images; none with 0

  [[nodiscard]] std::int64_t object_count() const;
};

struct MatchedDetections {
  std::vector<std::int64_t> image_ids;  // ascending
  std::vector<MatchedClass> classes;    // all categories, by ascending id

  [[nodiscard]] std::int64_t object_count() const;
};

// At the ten IoU thresholds of COCO, area range all, at most 100 detections per image and class:
// the grid of AP. Fails as evaluate_coco() does. Results do not depend on `threads` (0: all).
Result<MatchedDetections> match_detections(const GroundTruth& truth,
                                           std::span<const Detection> detections, int threads = 0);

}  // namespace qyolo::metrics
