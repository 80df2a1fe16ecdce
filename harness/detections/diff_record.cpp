// What changed, as results/diff_record.h writes it.
#include "harness/detections/diff.h"

namespace qyolo::harness {
namespace {

using metrics::FalseDetection;
using metrics::ImageChanges;
using metrics::SeenObject;

results::BestF1Record best_record(const metrics::OperatingPoint& best) {
  return {best.confidence, best.mean_f1};
}

results::DiffDetectionRecord detection_record(const Diff& diff, const Detection& detection) {
  return {diff.class_name(detection.category_id), detection.score, detection.bbox};
}

results::DiffObjectRecord object_record(const Diff& diff, const SeenObject& object) {
  const Annotation& annotation = diff.truth.annotations[object.annotation];
  results::DiffObjectRecord record{
      diff.class_name(annotation.category_id), annotation.bbox, {}, {}};
  if (object.baseline_detection)
    record.baseline = detection_record(diff, diff.baseline[*object.baseline_detection]);
  if (object.other_detection)
    record.other = detection_record(diff, diff.other[*object.other_detection]);
  return record;
}

results::DiffImageRecord image_record(const Diff& diff, const ImageChanges& image) {
  results::DiffImageRecord record;
  const metrics::ChangeCounts& counts = image.counts;
  record.image_id = id_json(diff.truth.image_ids, image.image_id);
  record.file_name = diff.image_name(image.image_id);
  record.objects = counts.objects;
  record.missed = {counts.missed_baseline, counts.missed_other};
  record.wrong = {counts.false_baseline, counts.false_other};
  for (const SeenObject& object : image.objects) {
    if (object.newly_missed()) record.newly_missed.push_back(object_record(diff, object));
    if (object.newly_found()) record.newly_found.push_back(object_record(diff, object));
  }
  for (const FalseDetection& one : image.false_detections) {
    if (one.newly_false() && one.other_detection)
      record.newly_false.push_back(detection_record(diff, diff.other[*one.other_detection]));
    if (one.no_longer_false() && one.baseline_detection) {
      record.no_longer_false.push_back(
          detection_record(diff, diff.baseline[*one.baseline_detection]));
    }
  }
  return record;
}

}  // namespace

results::DiffRecord diff_record(const Diff& diff, std::size_t worst) {
  const metrics::DetectionChanges& changes = diff.changes;
  const auto images = static_cast<std::int64_t>(changes.images.size());
  results::DiffRecord record;
  record.baseline = diff.baseline_name;
  record.other = diff.other_name;
  record.iou = changes.options.iou;
  record.confidence = changes.options.confidence;
  record.confidence_given = diff.confidence_given;
  record.mean_f1 = {changes.mean_f1_baseline(), changes.mean_f1_other()};
  if (diff.baseline_best) record.best_f1.baseline = best_record(*diff.baseline_best);
  if (diff.other_best) record.best_f1.other = best_record(*diff.other_best);
  record.total = {changes.total, images};
  for (const metrics::ClassChanges& one : changes.classes) {
    record.classes.push_back({id_json(diff.truth.category_ids, one.category_id),
                              diff.class_name(one.category_id),
                              {one.counts, images}});
  }
  for (const metrics::Flip& flip : changes.flips)
    record.flips.push_back({diff.class_name(flip.from), diff.class_name(flip.to), flip.count});
  for (const std::size_t i : changes.worst_images(worst))
    record.worst_images.push_back(diff.image_name(changes.images[i].image_id));
  for (const ImageChanges& image : changes.images)
    record.images.push_back(image_record(diff, image));
  return record;
}

}  // namespace qyolo::harness
