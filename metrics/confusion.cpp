#include "metrics/confusion.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "metrics/box_iou.h"

namespace qyolo::metrics {
namespace {

using Verdict = Assignment::Verdict;

}  // namespace

ConfusionMatrix confusion_matrix(const GroundTruth& truth, std::span<const Detection> detections,
                                 const Assignment& assignment, double confidence,
                                 double iou_threshold) {
  const std::size_t classes = assignment.classes();
  ConfusionMatrix matrix{confidence, iou_threshold, assignment.category_ids,
                         std::vector<std::int64_t>((classes + 1) * (classes + 1), 0)};
  const auto count = [&](std::size_t object, std::size_t detected) {
    ++matrix.counts[object * (classes + 1) + detected];
  };
  const double limit = reachable_iou(iou_threshold);
  std::vector<double> overlaps;
  for (std::size_t image = 0; image < assignment.image_ids.size(); ++image) {
    std::vector<std::uint32_t> free;
    for (const std::uint32_t g : assignment.objects_in[image]) {
      const std::uint32_t finder = assignment.finder_of[g];
      const std::uint32_t k = assignment.class_of_object[g];
      if (finder != Assignment::kNone && detections[finder].score >= confidence) {
        count(k, k);
      } else {
        free.push_back(g);
      }
    }
    BoxEdges boxes;
    for (const std::uint32_t g : free) boxes.add(truth.annotations[g].bbox, false);
    overlaps.resize(free.size());
    std::vector<bool> taken(free.size(), false);
    for (const std::uint32_t i : assignment.detections_in[image]) {
      if (detections[i].score < confidence) break;
      if (assignment.verdicts[i] == Verdict::kTruePositive) continue;
      boxes.overlaps(detections[i].bbox, 0, overlaps);
      std::size_t chosen = free.size();
      for (std::size_t g = 0; g < free.size(); ++g) {
        if (taken[g] || !(overlaps[g] >= limit)) continue;
        if (assignment.class_of_object[free[g]] == assignment.class_of_detection[i]) continue;
        if (chosen == free.size() || overlaps[g] > overlaps[chosen]) chosen = g;
      }
      if (chosen == free.size()) {
        count(classes, assignment.class_of_detection[i]);
      } else {
        taken[chosen] = true;
        count(assignment.class_of_object[free[chosen]], assignment.class_of_detection[i]);
      }
    }
    for (std::size_t g = 0; g < free.size(); ++g) {
      if (!taken[g]) count(assignment.class_of_object[free[g]], classes);
    }
  }
  return matrix;
}

std::vector<Confusion> worst_confusions(const ConfusionMatrix& matrix, std::size_t most) {
  std::vector<Confusion> pairs;
  for (std::size_t object = 0; object < matrix.background(); ++object) {
    for (std::size_t detected = 0; detected < matrix.background(); ++detected) {
      if (object != detected && matrix.at(object, detected) > 0)
        pairs.push_back({object, detected, matrix.at(object, detected)});
    }
  }
  std::ranges::sort(pairs, {}, [](const Confusion& pair) {
    return std::tuple(-pair.count, pair.object, pair.detected);
  });
  if (pairs.size() > most) pairs.resize(most);
  return pairs;
}

}  // namespace qyolo::metrics
