#include "metrics/assignment.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "metrics/box_iou.h"
#include "metrics/coco_groups.h"
#include "metrics/detection_checks.h"

namespace qyolo::metrics {
namespace {

using Places = std::vector<std::uint32_t>;
using Verdict = Assignment::Verdict;

class Assigner {
 public:
  // `found`: of the detections.
  Assigner(const GroundTruth& truth, std::span<const Detection> detections, const IdIndex& images,
           const IdIndex& categories, ItemIndices found, double iou_threshold)
      : truth_(truth),
        detections_(detections),
        images_(images),
        categories_(categories),
        limit_(reachable_iou(iou_threshold)),
        image_of_detection_(std::move(found.image)) {
    result_.class_of_detection = std::move(found.category);
  }

  Assignment assign() {
    result_.image_ids = images_.ids();
    result_.category_ids = categories_.ids();
    list_annotations();
    list_detections();
    for (std::size_t k = 0; k < result_.classes(); ++k) assign_class(k);
    list_images();
    return std::move(result_);
  }

 private:
  void list_annotations() {
    const std::size_t count = truth_.annotations.size();
    result_.finder_of.assign(count, Assignment::kNone);
    result_.class_of_object.assign(count, Assignment::kNone);
    result_.objects.assign(result_.classes(), 0);
    result_.objects_in.resize(images_.size());
    image_of_annotation_.resize(count);
    annotations_of_.resize(result_.classes());
    for (std::uint32_t i = 0; i < count; ++i) {
      const Annotation& annotation = truth_.annotations[i];
      const std::uint32_t image = images_.find(annotation.image_id);
      const std::uint32_t category = categories_.find(annotation.category_id);
      image_of_annotation_[i] = image;
      if (image == IdIndex::kAbsent || category == IdIndex::kAbsent) continue;
      annotations_of_[category].push_back(i);
      if (!counts(annotation)) continue;
      result_.class_of_object[i] = category;
      ++result_.objects[category];
      result_.objects_in[image].push_back(i);
    }
  }

  void list_detections() {
    const std::size_t count = detections_.size();
    result_.verdicts.assign(count, Verdict::kUncounted);
    result_.object_of.assign(count, Assignment::kNone);
    result_.ranked.resize(result_.classes());
    detections_of_.resize(result_.classes());
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t category = result_.class_of_detection[i];
      if (category != IdIndex::kAbsent) detections_of_[category].push_back(i);
    }
  }

  // As COCO's area range "all".
  static bool counts(const Annotation& annotation) {
    return !annotation.iscrowd && annotation.area >= 0 && annotation.area <= 1e10;
  }

  void assign_class(std::size_t k) {
    Places& annotations = annotations_of_[k];
    Places& found = detections_of_[k];
    std::ranges::stable_sort(annotations, {}, [&](auto i) { return image_of_annotation_[i]; });
    std::ranges::stable_sort(found, [&](auto a, auto b) {
      return std::tuple(image_of_detection_[a], -detections_[a].score) <
             std::tuple(image_of_detection_[b], -detections_[b].score);
    });
    auto truth = annotations.begin();
    for (auto begin = found.begin(); begin != found.end();) {
      const std::uint32_t image = image_of_detection_[*begin];
      const auto in_image = [&](std::uint32_t i) { return image_of_detection_[i] == image; };
      const auto end = std::find_if_not(begin, found.end(), in_image);
      while (truth != annotations.end() && image_of_annotation_[*truth] < image) ++truth;
      const auto truth_end = std::find_if(truth, annotations.end(), [&](std::uint32_t i) {
        return image_of_annotation_[i] != image;
      });
      const auto counted =
          std::min<std::size_t>(kMaxPerImage, static_cast<std::size_t>(end - begin));
      assign_image({begin, begin + static_cast<std::ptrdiff_t>(counted)}, {truth, truth_end});
      begin = end;
      truth = truth_end;
    }
    for (const std::uint32_t i : found) {
      if (result_.verdicts[i] != Verdict::kUncounted) result_.ranked[k].push_back(i);
    }
    std::ranges::sort(result_.ranked[k], [&](auto a, auto b) {
      return std::tuple(-detections_[a].score, image_of_detection_[a], a) <
             std::tuple(-detections_[b].score, image_of_detection_[b], b);
    });
  }

  void assign_image(std::span<const std::uint32_t> found, std::span<const std::uint32_t> truth) {
    BoxEdges boxes;
    for (const std::uint32_t g : truth)
      boxes.add(truth_.annotations[g].bbox, truth_.annotations[g].iscrowd);
    std::vector<double> overlaps(truth.size());
    std::vector<bool> taken(truth.size(), false);
    for (const std::uint32_t i : found) {
      boxes.overlaps(detections_[i].bbox, 0, overlaps);
      const std::size_t chosen = choose(truth, overlaps, taken);
      if (chosen == truth.size()) {
        if (box_area(detections_[i].bbox) >= 0 && box_area(detections_[i].bbox) <= 1e10)
          result_.verdicts[i] = Verdict::kFalsePositive;
        continue;
      }
      taken[chosen] = true;
      if (!counts(truth_.annotations[truth[chosen]])) continue;
      result_.verdicts[i] = Verdict::kTruePositive;
      result_.object_of[i] = truth[chosen];
      result_.finder_of[truth[chosen]] = i;
    }
  }

  // truth.size(): none. The largest overlap, the last of equal ones, and ground truth that does not
  // count only if there is no other; a NaN overlap is never refused, as in the reference.
  [[nodiscard]] std::size_t choose(std::span<const std::uint32_t> truth,
                                   std::span<const double> overlaps,
                                   const std::vector<bool>& taken) const {
    std::size_t chosen = truth.size();
    double best = limit_;
    for (const bool counted : {true, false}) {
      if (chosen != truth.size()) break;
      for (std::size_t g = 0; g < truth.size(); ++g) {
        const Annotation& annotation = truth_.annotations[truth[g]];
        if (counts(annotation) != counted || (taken[g] && !annotation.iscrowd)) continue;
        if (overlaps[g] < best) continue;
        best = overlaps[g];
        chosen = g;
      }
    }
    return chosen;
  }

  void list_images() {
    result_.detections_in.resize(images_.size());
    for (std::uint32_t i = 0; i < detections_.size(); ++i) {
      if (result_.verdicts[i] != Verdict::kUncounted)
        result_.detections_in[image_of_detection_[i]].push_back(i);
    }
    for (Places& found : result_.detections_in)
      std::ranges::stable_sort(found, std::greater{}, [&](auto i) { return detections_[i].score; });
  }

  const GroundTruth& truth_;
  std::span<const Detection> detections_;
  const IdIndex& images_;
  const IdIndex& categories_;
  double limit_;
  std::vector<std::uint32_t> image_of_detection_, image_of_annotation_;  // indices
  Assignment result_;
  std::vector<Places> annotations_of_, detections_of_;  // by class
};

}  // namespace

Result<Assignment> assign_detections(const GroundTruth& truth,
                                     std::span<const Detection> detections, double iou_threshold) {
  if (!(iou_threshold > 0 && iou_threshold <= 1))
    return error("the IoU threshold is {}, expected more than 0 and at most 1", iou_threshold);
  QYOLO_CHECK_OK(check_counts(truth, detections));
  const IdIndex images = index_of(truth.images);
  const IdIndex categories = index_of(truth.categories);
  ItemIndices found = index_items(detections, images, categories);
  QYOLO_CHECK_OK(check_detections(detections, found.image));
  return Assigner(truth, detections, images, categories, std::move(found), iou_threshold).assign();
}

}  // namespace qyolo::metrics
