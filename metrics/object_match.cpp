#include "metrics/object_match.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "metrics/box_iou.h"
#include "metrics/detection_checks.h"

namespace qyolo::metrics {
namespace {

std::vector<std::uint32_t> by_descending_score(std::span<const Detection> file,
                                               const Places& detections) {
  std::vector<std::uint32_t> order(detections.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, std::greater<>(),
                           [&](std::uint32_t d) { return file[detections[d]].score; });
  return order;
}

// The candidate with the largest overlap, the last of equal ones; kNoMatch if none reaches `iou`.
template <class IsCandidate>
std::uint32_t best(std::span<const double> overlap, double iou, const IsCandidate& is_candidate) {
  std::uint32_t chosen = kNoMatch;
  double most = iou;
  for (std::uint32_t i = 0; i < overlap.size(); ++i) {
    if (!(overlap[i] >= most) || !is_candidate(i)) continue;
    most = overlap[i];
    chosen = i;
  }
  return chosen;
}

BoxEdges edges(std::span<const Annotation> truth, const Places& objects) {
  BoxEdges boxes;
  for (const std::uint32_t place : objects) boxes.add(truth[place].bbox, truth[place].iscrowd);
  return boxes;
}

}  // namespace

ImageMatch match_objects(std::span<const Annotation> truth, const Places& objects,
                         std::span<const Detection> file, const Places& detections, double iou) {
  ImageMatch match;
  match.object.assign(detections.size(), kNoMatch);
  match.absorbed.assign(detections.size(), 0);
  match.detection.assign(objects.size(), kNoMatch);
  match.other_class.assign(objects.size(), kNoMatch);
  const BoxEdges boxes = edges(truth, objects);
  std::vector<double> overlap(objects.size());
  for (const std::uint32_t d : by_descending_score(file, detections)) {
    const Detection& detection = file[detections[d]];
    boxes.overlaps(detection.bbox, 0, overlap);
    const auto of_class = [&](std::uint32_t g, bool crowd) {
      const Annotation& object = truth[objects[g]];
      return object.category_id == detection.category_id && object.iscrowd == crowd;
    };
    const std::uint32_t found = best(overlap, reachable_iou(iou), [&](std::uint32_t g) {
      return of_class(g, false) && match.detection[g] == kNoMatch;
    });
    if (found != kNoMatch) {
      match.object[d] = found;
      match.detection[found] = d;
    } else if (best(overlap, reachable_iou(iou),
                    [&](std::uint32_t g) { return of_class(g, true); }) != kNoMatch) {
      match.absorbed[d] = 1;
    }
  }
  return match;
}

void match_other_classes(std::span<const Annotation> truth, const Places& objects,
                         std::span<const Detection> file, const Places& detections, double iou,
                         ImageMatch& match) {
  const BoxEdges boxes = edges(truth, objects);
  std::vector<double> overlap(objects.size());
  for (const std::uint32_t d : by_descending_score(file, detections)) {
    if (!match.is_false(d)) continue;
    const Detection& detection = file[detections[d]];
    boxes.overlaps(detection.bbox, 0, overlap);
    const std::uint32_t shown = best(overlap, reachable_iou(iou), [&](std::uint32_t g) {
      const Annotation& object = truth[objects[g]];
      return !object.iscrowd && object.category_id != detection.category_id &&
             match.detection[g] == kNoMatch && match.other_class[g] == kNoMatch;
    });
    if (shown != kNoMatch) match.other_class[shown] = d;
  }
}

std::vector<std::uint32_t> match_false(std::span<const Detection> file_a, const Places& a,
                                       const ImageMatch& match_a, std::span<const Detection> file_b,
                                       const Places& b, const ImageMatch& match_b, double iou) {
  std::vector<std::uint32_t> counterpart(a.size(), kNoMatch);
  std::vector<unsigned char> taken(b.size(), 0);
  BoxEdges boxes;
  for (const std::uint32_t place : b) boxes.add(file_b[place].bbox, false);
  std::vector<double> overlap(b.size());
  for (const std::uint32_t d : by_descending_score(file_a, a)) {
    if (!match_a.is_false(d)) continue;
    const Detection& detection = file_a[a[d]];
    boxes.overlaps(detection.bbox, 0, overlap);
    for (std::size_t other = 0; other < b.size(); ++other) {
      if (file_b[b[other]].bbox == detection.bbox) overlap[other] = 1;
    }
    const std::uint32_t same = best(overlap, reachable_iou(iou), [&](std::uint32_t other) {
      return match_b.is_false(other) && taken[other] == 0 &&
             file_b[b[other]].category_id == detection.category_id;
    });
    if (same == kNoMatch) continue;
    counterpart[d] = same;
    taken[same] = 1;
  }
  return counterpart;
}

SceneIndex::SceneIndex(const GroundTruth& truth)
    : images(index_of(truth.images)), categories(index_of(truth.categories)) {}

std::vector<Places> objects_by_image(std::span<const Annotation> truth, const SceneIndex& index) {
  std::vector<Places> by_image(index.images.size());
  for (std::uint32_t i = 0; i < truth.size(); ++i) {
    const std::uint32_t image = index.images.find(truth[i].image_id);
    if (image == IdIndex::kAbsent ||
        index.categories.find(truth[i].category_id) == IdIndex::kAbsent)
      continue;
    by_image[image].push_back(i);
  }
  return by_image;
}

Result<SortedDetections> detections_by_image(std::span<const Detection> file,
                                             const SceneIndex& index, double confidence) {
  if (file.size() > INT32_MAX)
    return error("{} detections are more than the {} supported", file.size(), INT32_MAX);
  SortedDetections sorted;
  sorted.by_image.resize(index.images.size());
  for (std::uint32_t i = 0; i < file.size(); ++i) {
    const Detection& detection = file[i];
    const std::uint32_t image = index.images.find(detection.image_id);
    QYOLO_CHECK_OK(check_detection(detection, i, image != IdIndex::kAbsent));
    if (index.categories.find(detection.category_id) == IdIndex::kAbsent) {
      ++sorted.unknown_category;
    } else if (detection.score >= confidence) {
      sorted.by_image[image].push_back(i);
    }
  }
  return sorted;
}

}  // namespace qyolo::metrics
