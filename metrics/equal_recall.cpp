#include "metrics/equal_recall.h"

#include <algorithm>

namespace qyolo::metrics {
namespace {

void add(AlarmCounts& counts, const MatchedDetection& detection) {
  counts.found += (detection.outcome.true_positive & kAtHalf) != 0 ? 1 : 0;
  counts.false_alarms += (detection.outcome.false_positive & kAtHalf) != 0 ? 1 : 0;
}

AlarmCounts counts_at(const MatchedClass& one, double confidence) {
  AlarmCounts counts;
  for (const MatchedDetection& detection : one.detections) {
    if (detection.score >= confidence) add(counts, detection);
  }
  return counts;
}

// Fills in confidence and adjusted.
void find_confidence(const MatchedClass& network, EqualRecall& equal) {
  const auto& detections = network.detections;
  AlarmCounts counts;
  for (std::size_t i = 0; i < detections.size(); ++i) {
    add(counts, detections[i]);
    if (i + 1 < detections.size() && detections[i + 1].score == detections[i].score) continue;
    equal.adjusted = counts;
    if (counts.found < equal.baseline.found) continue;
    equal.confidence = detections[i].score;
    return;
  }
}

}  // namespace

Result<std::vector<EqualRecall>> equal_recall(const MatchedDetections& baseline,
                                              const MatchedDetections& network, double confidence) {
  const bool same_classes =
      std::ranges::equal(baseline.classes, network.classes, {}, &MatchedClass::category_id,
                         &MatchedClass::category_id);
  if (!same_classes || baseline.image_ids != network.image_ids)
    return error("the two networks were evaluated on different images or categories");
  std::vector<EqualRecall> result;
  for (std::size_t k = 0; k < baseline.classes.size(); ++k) {
    EqualRecall equal;
    equal.category_id = baseline.classes[k].category_id;
    equal.objects = baseline.classes[k].object_count();
    if (equal.objects == 0) continue;
    equal.baseline = counts_at(baseline.classes[k], confidence);
    equal.unchanged = counts_at(network.classes[k], confidence);
    if (equal.baseline.found == 0) {
      equal.confidence = confidence;  // nothing to catch up with
      equal.adjusted = equal.unchanged;
    } else {
      find_confidence(network.classes[k], equal);
    }
    result.push_back(equal);
  }
  return result;
}

}  // namespace qyolo::metrics
