// What changed between two networks' detections of the same images, object by object, at one
// confidence: what a drop of AP is made of.
//
// Both are matched to the ground truth by themselves (object_match.h): an object is found or
// missed, a detection right, false, or absorbed by a crowd. Crowds are no objects. Then:
//   newly missed     found by the baseline, missed by the other
//   newly found      missed by the baseline, found by the other
//   newly false      a false detection of the other without a false one of the same class at the
//                    same place in the baseline (IoU, match_false()); no longer false: vice versa
//   class flip       newly missed, but the other shows it as another class: a false detection of
//                    that class overlaps the object (match_other_classes()); flipped back: newly
//                    found, and the baseline showed it as another class; wrong class changed:
//                    missed by both, which show it as two different classes
// A flip stays newly missed in its own class, and its detection false in the other class. So, in
// every class and image:
//   missed by the other = missed by the baseline - newly found + newly missed
//   false in the other  = false in the baseline - no longer false + newly false
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"

namespace qyolo::metrics {

struct ChangeOptions {
  double confidence = 0;  // detections with at least this score count
  double iou = 0.5;       // of a match; more than 0, at most 1
};

struct ChangeCounts {
  std::int64_t objects = 0;
  std::int64_t missed_baseline = 0, missed_other = 0;
  std::int64_t false_baseline = 0, false_other = 0;
  std::int64_t newly_missed = 0, newly_found = 0;
  std::int64_t newly_false = 0, no_longer_false = 0;
  std::int64_t flips = 0, flipped_back = 0;  // of the newly missed, of the newly found
  std::int64_t wrong_class_changed = 0;      // of the missed by both

  [[nodiscard]] double f1_baseline() const;
  [[nodiscard]] double f1_other() const;
  ChangeCounts& operator+=(const ChangeCounts& more);
  bool operator==(const ChangeCounts&) const = default;
};

// How one network sees an object.
enum class Sighting { kFound, kOtherClass, kMissed };

struct SeenObject {
  std::uint32_t annotation = 0;  // place in GroundTruth::annotations
  Sighting baseline = Sighting::kMissed;
  Sighting other = Sighting::kMissed;
  // Place in the network's detections: that found it, or that shows it as another class.
  std::optional<std::uint32_t> baseline_detection;
  std::optional<std::uint32_t> other_detection;
  bool wrong_class_changed = false;

  [[nodiscard]] bool newly_missed() const {
    return baseline == Sighting::kFound && other != Sighting::kFound;
  }
  [[nodiscard]] bool newly_found() const {
    return baseline != Sighting::kFound && other == Sighting::kFound;
  }
  [[nodiscard]] bool flipped() const { return newly_missed() && other == Sighting::kOtherClass; }
  [[nodiscard]] bool flipped_back() const {
    return newly_found() && baseline == Sighting::kOtherClass;
  }
};

// False in the baseline, in the other, or in both: then with both.
struct FalseDetection {
  std::optional<std::uint32_t> baseline_detection;
  std::optional<std::uint32_t> other_detection;
  std::int64_t category_id = 0;

  [[nodiscard]] bool newly_false() const { return !baseline_detection; }
  [[nodiscard]] bool no_longer_false() const { return !other_detection; }
};

struct ImageChanges {
  std::int64_t image_id = 0;
  ChangeCounts counts;
  std::vector<SeenObject> objects;               // in the file's order
  std::vector<FalseDetection> false_detections;  // the baseline's, then what is newly false
};

struct ClassChanges {
  std::int64_t category_id = 0;
  ChangeCounts counts;
};

// Objects of one class that the other network shows as another one.
struct Flip {
  std::int64_t from = 0, to = 0;  // categories
  std::int64_t count = 0;
  bool operator==(const Flip&) const = default;
};

struct DetectionChanges {
  ChangeOptions options;
  std::vector<ImageChanges> images;   // all of them, by ascending id
  std::vector<ClassChanges> classes;  // all categories, by ascending id
  ChangeCounts total;
  std::vector<Flip> flips;  // most frequent first, then by categories
  // Left out: detections of categories that the ground truth does not list, at any score.
  std::int64_t unknown_category_baseline = 0, unknown_category_other = 0;

  // Of a count: how many there are in 100 images.
  [[nodiscard]] double per_100_images(std::int64_t count) const;
  // Over the classes that have objects; 0 if none has.
  [[nodiscard]] double mean_f1_baseline() const;
  [[nodiscard]] double mean_f1_other() const;
  // Places in `images`, those with the most newly missed and newly false first, then by those newly
  // missed, then by id; at most `count`, and only images in which something is.
  [[nodiscard]] std::vector<std::size_t> worst_images(std::size_t count) const;
};

// Annotations of images or categories that are not listed have no influence. Fails on options out
// of their range, and on a detection of an image that is not listed or with a score or box that is
// not finite, naming the network and the first one.
Result<DetectionChanges> detection_changes(const GroundTruth& truth,
                                           std::span<const Detection> baseline,
                                           std::span<const Detection> other,
                                           const ChangeOptions& options);

}  // namespace qyolo::metrics
