// What every evaluation asks of its detections, in one place and with one wording.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/coco_types.h"
#include "common/result.h"
#include "metrics/coco_groups.h"

namespace qyolo::metrics {

// Places of images, categories, annotations and detections are kept in 32 bits.
inline constexpr std::size_t kMaxEntries = INT32_MAX;
// Detections per image and class that count where an evaluation sets no other limit (COCO).
inline constexpr std::size_t kMaxPerImage = 100;

inline Status check_counts(const GroundTruth& truth, std::span<const Detection> detections) {
  const std::size_t most = std::max(
      {truth.images.size(), truth.categories.size(), truth.annotations.size(), detections.size()});
  if (most <= kMaxEntries) return {};
  return error("COCO evaluation: {} entries are more than the {} supported", most, kMaxEntries);
}

// `index`: the detection's place in its file; `known`: whether the ground truth has its image.
inline Status check_detection(const Detection& detection, std::size_t index, bool known) {
  if (!known) {
    return error("detection {} is of image {}, which is not in the ground truth", index,
                 detection.image_id);
  }
  if (!std::isfinite(detection.score) ||
      !std::ranges::all_of(detection.bbox, [](double value) { return std::isfinite(value); })) {
    return error("detection {} of image {} has a score or box that is not finite", index,
                 detection.image_id);
  }
  return {};
}

// `image`: of each detection, as an index of the ground truth's images.
inline Status check_detections(std::span<const Detection> detections,
                               std::span<const std::uint32_t> image) {
  for (std::size_t i = 0; i < detections.size(); ++i)
    QYOLO_CHECK_OK(check_detection(detections[i], i, image[i] != IdIndex::kAbsent));
  return {};
}

}  // namespace qyolo::metrics
