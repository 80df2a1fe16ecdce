// How sure two networks are of the same objects: the scores of their detections that COCO's rule
// matches to one object, and what is between them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "metrics/assignment.h"

namespace qyolo::metrics {

inline constexpr std::array<double, 5> kShiftQuantiles = {0.05, 0.25, 0.5, 0.75, 0.95};

struct ScorePair {
  std::uint32_t object = 0;  // place in the annotation file
  double baseline = 0;
  double network = 0;

  [[nodiscard]] double shift() const { return network - baseline; }
};

// Of network minus baseline.
struct ShiftSummary {
  double mean = 0;
  double stddev = 0;  // of the sample; 0 for one pair
  std::array<double, kShiftQuantiles.size()> quantiles{};
};

struct ClassShift {
  std::int64_t category_id = 0;
  std::int64_t both = 0;  // objects that both find
  std::int64_t baseline_only = 0;
  std::int64_t network_only = 0;
  std::int64_t neither = 0;
  std::optional<ShiftSummary> shift;  // none without pairs
};

struct ConfidenceShift {
  std::vector<ScorePair> pairs;     // in the order of the annotation file
  ClassShift all;                   // category_id -1
  std::vector<ClassShift> classes;  // all categories, by ascending id
};

// REQUIRES: both assignments are of one ground truth at one IoU threshold, each of the detections
// that come with it.
[[nodiscard]] ConfidenceShift confidence_shift(std::span<const Detection> baseline,
                                               const Assignment& baseline_assignment,
                                               std::span<const Detection> network,
                                               const Assignment& network_assignment);

}  // namespace qyolo::metrics
