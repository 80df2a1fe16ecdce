#include "metrics/detection_changes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "metrics/object_match.h"
#include "metrics/operating_point.h"

namespace qyolo::metrics {
namespace {

struct Network {
  std::span<const Detection> file;
  SortedDetections sorted;
};

// One network's view of one image.
struct View {
  std::span<const Detection> file;
  const Places& detections;
  ImageMatch match;

  [[nodiscard]] Sighting sighting(std::size_t object) const {
    if (match.detection[object] != kNoMatch) return Sighting::kFound;
    return match.other_class[object] != kNoMatch ? Sighting::kOtherClass : Sighting::kMissed;
  }
  [[nodiscard]] std::optional<std::uint32_t> shown_by(std::size_t object) const {
    const std::uint32_t d =
        match.detection[object] != kNoMatch ? match.detection[object] : match.other_class[object];
    if (d == kNoMatch) return std::nullopt;
    return detections[d];
  }
  // REQUIRES: sighting(object) == kOtherClass.
  [[nodiscard]] std::int64_t wrong_class(std::size_t object) const {
    return file[detections[match.other_class[object]]].category_id;
  }
};

View view_of(const GroundTruth& truth, const Places& objects, const Network& network,
             std::size_t image, double iou) {
  const Places& detections = network.sorted.by_image[image];
  View view{network.file, detections,
            match_objects(truth.annotations, objects, network.file, detections, iou)};
  match_other_classes(truth.annotations, objects, network.file, detections, iou, view.match);
  return view;
}

std::vector<SeenObject> seen_objects(const GroundTruth& truth, const Places& objects,
                                     const View& baseline, const View& other) {
  std::vector<SeenObject> seen;
  for (std::size_t g = 0; g < objects.size(); ++g) {
    if (truth.annotations[objects[g]].iscrowd) continue;
    seen.push_back({objects[g], baseline.sighting(g), other.sighting(g), baseline.shown_by(g),
                    other.shown_by(g)});
    SeenObject& last = seen.back();
    last.wrong_class_changed = last.baseline == Sighting::kOtherClass &&
                               last.other == Sighting::kOtherClass &&
                               baseline.wrong_class(g) != other.wrong_class(g);
  }
  return seen;
}

std::vector<FalseDetection> false_detections(const Network& baseline, const View& before,
                                             const Network& other, const View& after, double iou) {
  std::vector<FalseDetection> found;
  const auto counterpart = match_false(baseline.file, before.detections, before.match, other.file,
                                       after.detections, after.match, iou);
  std::vector<bool> known(after.detections.size(), false);
  for (std::size_t d = 0; d < before.detections.size(); ++d) {
    if (!before.match.is_false(d)) continue;
    const std::uint32_t place = before.detections[d];
    FalseDetection one{place, std::nullopt, baseline.file[place].category_id};
    if (counterpart[d] != kNoMatch) {
      one.other_detection = after.detections[counterpart[d]];
      known[counterpart[d]] = true;
    }
    found.push_back(one);
  }
  for (std::size_t d = 0; d < after.detections.size(); ++d) {
    if (!after.match.is_false(d) || known[d]) continue;
    const std::uint32_t place = after.detections[d];
    found.push_back({std::nullopt, place, other.file[place].category_id});
  }
  return found;
}

ChangeCounts counts_of(const SeenObject& object) {
  ChangeCounts counts;
  counts.objects = 1;
  counts.missed_baseline = object.baseline != Sighting::kFound ? 1 : 0;
  counts.missed_other = object.other != Sighting::kFound ? 1 : 0;
  counts.newly_missed = object.newly_missed() ? 1 : 0;
  counts.newly_found = object.newly_found() ? 1 : 0;
  counts.flips = object.flipped() ? 1 : 0;
  counts.flipped_back = object.flipped_back() ? 1 : 0;
  counts.wrong_class_changed = object.wrong_class_changed ? 1 : 0;
  return counts;
}

ChangeCounts counts_of(const FalseDetection& detection) {
  ChangeCounts counts;
  counts.false_baseline = detection.newly_false() ? 0 : 1;
  counts.false_other = detection.no_longer_false() ? 0 : 1;
  counts.newly_false = detection.newly_false() ? 1 : 0;
  counts.no_longer_false = detection.no_longer_false() ? 1 : 0;
  return counts;
}

Status check(const ChangeOptions& options) {
  if (!std::isfinite(options.confidence))
    return error("the confidence is {}, expected a finite number", options.confidence);
  if (!(options.iou > 0 && options.iou <= 1))
    return error("the IoU is {}, expected more than 0, up to 1", options.iou);
  return {};
}

Result<Network> sort_detections(std::span<const Detection> file, const SceneIndex& index,
                                double confidence, const char* whose) {
  auto sorted = detections_by_image(file, index, confidence);
  if (!sorted.ok()) return error("{}: {}", whose, sorted.error().message);
  return Network{file, std::move(sorted).value()};
}

double mean_f1(std::span<const ClassChanges> classes, double (ChangeCounts::*f1)() const) {
  double sum = 0;
  int counted = 0;
  for (const ClassChanges& one : classes) {
    if (one.counts.objects == 0) continue;
    sum += (one.counts.*f1)();
    ++counted;
  }
  return counted == 0 ? 0 : sum / counted;
}

}  // namespace

double ChangeCounts::f1_baseline() const {
  return f1_score(objects - missed_baseline, false_baseline, missed_baseline);
}

double ChangeCounts::f1_other() const {
  return f1_score(objects - missed_other, false_other, missed_other);
}

ChangeCounts& ChangeCounts::operator+=(const ChangeCounts& more) {
  objects += more.objects;
  missed_baseline += more.missed_baseline;
  missed_other += more.missed_other;
  false_baseline += more.false_baseline;
  false_other += more.false_other;
  newly_missed += more.newly_missed;
  newly_found += more.newly_found;
  newly_false += more.newly_false;
  no_longer_false += more.no_longer_false;
  flips += more.flips;
  flipped_back += more.flipped_back;
  wrong_class_changed += more.wrong_class_changed;
  return *this;
}

double DetectionChanges::per_100_images(std::int64_t count) const {
  return images.empty() ? 0 : static_cast<double>(count) * 100 / static_cast<double>(images.size());
}

double DetectionChanges::mean_f1_baseline() const {
  return mean_f1(classes, &ChangeCounts::f1_baseline);
}

double DetectionChanges::mean_f1_other() const { return mean_f1(classes, &ChangeCounts::f1_other); }

std::vector<std::size_t> DetectionChanges::worst_images(std::size_t count) const {
  const auto harm = [this](std::size_t i) {
    const ChangeCounts& counts = images[i].counts;
    return std::pair(counts.newly_missed + counts.newly_false, counts.newly_missed);
  };
  std::vector<std::size_t> worst;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (harm(i).first > 0) worst.push_back(i);
  }
  std::ranges::stable_sort(worst, std::greater<>(), harm);
  worst.resize(std::min(worst.size(), count));
  return worst;
}

Result<DetectionChanges> detection_changes(const GroundTruth& truth,
                                           std::span<const Detection> baseline,
                                           std::span<const Detection> other,
                                           const ChangeOptions& options) {
  QYOLO_CHECK_OK(check(options));
  const SceneIndex index(truth);
  const std::vector<Places> objects = objects_by_image(truth.annotations, index);
  QYOLO_TRY(const Network before,
            sort_detections(baseline, index, options.confidence, "the baseline"));
  QYOLO_TRY(const Network after,
            sort_detections(other, index, options.confidence, "the other network"));
  DetectionChanges changes;
  changes.options = options;
  changes.unknown_category_baseline = before.sorted.unknown_category;
  changes.unknown_category_other = after.sorted.unknown_category;
  for (const std::int64_t id : index.categories.ids()) changes.classes.push_back({id, {}});
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> flips;
  for (std::size_t i = 0; i < index.images.size(); ++i) {
    const View view_before = view_of(truth, objects[i], before, i, options.iou);
    const View view_after = view_of(truth, objects[i], after, i, options.iou);
    ImageChanges image;
    image.image_id = index.images.ids()[i];
    image.objects = seen_objects(truth, objects[i], view_before, view_after);
    image.false_detections = false_detections(before, view_before, after, view_after, options.iou);
    const auto count = [&](std::int64_t category_id, const ChangeCounts& counts) {
      changes.classes[index.categories.find(category_id)].counts += counts;
      image.counts += counts;
    };
    for (const SeenObject& object : image.objects) {
      const std::int64_t category_id = truth.annotations[object.annotation].category_id;
      count(category_id, counts_of(object));
      if (object.flipped()) ++flips[{category_id, other[*object.other_detection].category_id}];
    }
    for (const FalseDetection& detection : image.false_detections)
      count(detection.category_id, counts_of(detection));
    changes.total += image.counts;
    changes.images.push_back(std::move(image));
  }
  for (const auto& [categories, times] : flips)
    changes.flips.push_back({categories.first, categories.second, times});
  std::ranges::stable_sort(changes.flips, std::greater<>(), &Flip::count);
  return changes;
}

}  // namespace qyolo::metrics
