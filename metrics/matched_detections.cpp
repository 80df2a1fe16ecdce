#include "metrics/matched_detections.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/parallel.h"
#include "metrics/coco_class.h"
#include "metrics/coco_groups.h"
#include "metrics/coco_map.h"

namespace qyolo::metrics {
namespace {

constexpr std::size_t kMaxPerImage = 100;
constexpr std::size_t kMaxEntries = INT32_MAX;
constexpr AreaLimits kAllAreas{0, 1e10};

template <class Items>
IdIndex index_of(const Items& items) {
  std::vector<std::int64_t> ids;
  ids.reserve(items.size());
  for (const auto& item : items) ids.push_back(item.id);
  return IdIndex(std::move(ids));
}

template <class Item>
ItemGroups group(std::span<const Item> items, const IdIndex& images, const IdIndex& categories) {
  std::vector<std::uint32_t> image, category;
  image.reserve(items.size());
  category.reserve(items.size());
  for (const Item& item : items) {
    image.push_back(images.find(item.image_id));
    category.push_back(categories.find(item.category_id));
  }
  return {std::move(image), category, images.size(), categories.size(), true};
}

Status check(const GroundTruth& truth, std::span<const Detection> detections,
             const IdIndex& images) {
  const std::size_t most = std::max(
      {truth.images.size(), truth.categories.size(), truth.annotations.size(), detections.size()});
  if (most > kMaxEntries) {
    return error("COCO evaluation: {} entries are more than the {} supported", most, kMaxEntries);
  }
  for (std::size_t i = 0; i < detections.size(); ++i) {
    const Detection& detection = detections[i];
    if (images.find(detection.image_id) == IdIndex::kAbsent) {
      return error("detection {} is of image {}, which is not in the ground truth", i,
                   detection.image_id);
    }
    if (!std::isfinite(detection.score) ||
        !std::ranges::all_of(detection.bbox, [](double value) { return std::isfinite(value); })) {
      return error("detection {} of image {} has a score or box that is not finite", i,
                   detection.image_id);
    }
  }
  return {};
}

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

struct Problem {
  const GroundTruth& truth;
  std::span<const Detection> detections;
  ItemGroups truth_groups;
  ItemGroups detection_groups;
  std::vector<double> iou_thresholds;
};

void match(const Problem& problem, std::size_t k, MatchedClass& matched) {
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
  QYOLO_CHECK_OK(check(truth, detections, images));
  const Problem problem{truth, detections,
                        group(std::span(std::as_const(truth.annotations)), images, categories),
                        group(detections, images, categories), CocoParams().iou_thresholds};
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
