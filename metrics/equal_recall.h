// At which confidence another network finds as many objects of a class as the baseline does at its
// operating point, and how many false alarms that costs: what an alert threshold is to be set to
// after quantizing.
//
// Matching is COCO's at IoU 0.5 (matched_detections.h). A confidence keeps the detections with a
// score of at least itself.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/result.h"
#include "metrics/matched_detections.h"

namespace qyolo::metrics {

// What a confidence leaves of one class.
struct AlarmCounts {
  std::int64_t found = 0;
  std::int64_t false_alarms = 0;
  bool operator==(const AlarmCounts&) const = default;
};

struct EqualRecall {
  std::int64_t category_id = 0;
  std::int64_t objects = 0;
  AlarmCounts baseline;   // at the given confidence
  AlarmCounts unchanged;  // the other network, likewise
  // The other network at the highest confidence at which it finds as many as the baseline; none
  // where it does not at any.
  std::optional<double> confidence;
  AlarmCounts adjusted;  // then; else at confidence 0
};

// All categories with objects, by ascending id. Fails unless both are of the same images and
// categories.
Result<std::vector<EqualRecall>> equal_recall(const MatchedDetections& baseline,
                                              const MatchedDetections& network, double confidence);

}  // namespace qyolo::metrics
