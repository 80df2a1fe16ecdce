#include "metrics/matched_detections.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/parallel.h"
#include "metrics/coco_class.h"
#include "metrics/coco_groups.h"
#include "metrics/coco_map.h"
#include "metrics/detection_checks.h"

namespace qyolo::metrics {
namespace {

constexpr AreaLimits kAllAreas{0, 1e10};

std::vector<ObjectCount> count_objects(const ClassTruth& truth, std::span<const Run> runs) {
  std::vector<ObjectCount> counts;
  for (const Run& run : runs) {
    std::int32_t objects = 0;
    for (std::size_t i = run.begin; i < run.end; ++i)
      objects += truth.ignored(i, kAllAreas) ? 0 : 1;
    if (objects > 0) counts.push_back({run.image, objects});
  }
  return counts;
}

struct MatchProblem {
  const GroundTruth& truth;
  std::span<const Detection> detections;
  ItemGroups truth_groups;
  ItemGroups detection_groups;
  std::vector<double> iou_thresholds;
};

void match(const MatchProblem& problem, std::size_t k, MatchedClass& matched) {
  const ClassTruth truth = class_truth(problem.truth.annotations, problem.truth_groups, k);
  matched.objects = count_objects(truth, problem.truth_groups.runs_of_class(k));
  if (matched.objects.empty()) return;
  const ClassDetections detections = class_detections(problem.detections, problem.detection_groups,
                                                      problem.truth_groups, k, kMaxPerImage);
  const std::vector<Outcome> outcomes = match_class(
      problem.detections, truth, detections, problem.iou_thresholds, std::span(&kAllAreas, 1));
  std::vector<std::uint32_t> image_of_slot;
  for (const Run& run : problem.detection_groups.runs_of_class(k)) {
    image_of_slot.insert(image_of_slot.end(), run.end - run.begin, run.image);
  }
  matched.detections.reserve(detections.size());
  for (std::size_t i = 0; i < detections.size(); ++i) {
    if ((outcomes[i].true_positive | outcomes[i].false_positive) == 0) continue;
    matched.detections.push_back(
        {detections.score(i), image_of_slot[detections.slots[i]], outcomes[i]});
  }
}

}  // namespace

std::int64_t MatchedClass::object_count() const {
  std::int64_t count = 0;
  for (const ObjectCount& image : objects) count += image.objects;
  return count;
}

std::int64_t MatchedDetections::object_count() const {
  std::int64_t count = 0;
  for (const MatchedClass& matched : classes) count += matched.object_count();
  return count;
}

Result<MatchedDetections> match_detections(const GroundTruth& truth,
                                           std::span<const Detection> detections, int threads) {
  const IdIndex images = index_of(truth.images);
  const IdIndex categories = index_of(truth.categories);
  QYOLO_CHECK_OK(check_counts(truth, detections));
  ItemIndices found = index_items(detections, images, categories);
  QYOLO_CHECK_OK(check_detections(detections, found.image));
  const auto group = [&](ItemIndices indices) {
    return ItemGroups(std::move(indices.image), indices.category, images.size(), categories.size(),
                      true);
  };
  const MatchProblem problem{
      truth, detections,
      group(index_items(std::span(std::as_const(truth.annotations)), images, categories)),
      group(std::move(found)), CocoParams().iou_thresholds};
  MatchedDetections matched;
  matched.image_ids = images.ids();
  matched.classes.resize(categories.size());
  parallel_for(categories.size(), threads, [&](std::size_t k) {
    matched.classes[k].category_id = categories.ids()[k];
    match(problem, k, matched.classes[k]);
  });
  return matched;
}

}  // namespace qyolo::metrics
