// Which object of an image each detection found, at one IoU: COCO's greedy rule, with the pairs
// kept. coco_match.h says at many thresholds whether a detection counts; this says what it found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "metrics/coco_groups.h"

namespace qyolo::metrics {

// Items of one image, as ascending places in the file that they come from.
using Places = std::vector<std::uint32_t>;

inline constexpr std::uint32_t kNoMatch = UINT32_MAX;

// What the detections of one image became. Numbers are places in the two lists that were matched
// with one another, not in a file.
struct ImageMatch {
  // By detection.
  std::vector<std::uint32_t> object;    // that it found; kNoMatch
  std::vector<unsigned char> absorbed;  // by a crowd of its class: neither right nor false
  // By object; kNoMatch for crowds.
  std::vector<std::uint32_t> detection;    // that found it
  std::vector<std::uint32_t> other_class;  // see match_other_classes()

  [[nodiscard]] bool is_false(std::size_t d) const {
    return object[d] == kNoMatch && absorbed[d] == 0;
  }
};

// By descending score, equal scores by place in the file, each detection takes the free object of
// its class that it overlaps most, the last in the file of equal ones, if by `iou` or more. Where
// there is none, a crowd of its class that holds `iou` or more of its area absorbs it, and others
// as well. There is no maximum number of detections, and no match depends on those with lower
// scores. An overlap that is not a number (boxes without area) matches nothing.
[[nodiscard]] ImageMatch match_objects(std::span<const Annotation> truth, const Places& objects,
                                       std::span<const Detection> file, const Places& detections,
                                       double iou);

// By the same rule among what match_objects() left: fills in match.other_class, the false detection
// of another class that shows the missed object. It stays false, the object stays missed.
void match_other_classes(std::span<const Annotation> truth, const Places& objects,
                         std::span<const Detection> file, const Places& detections, double iou,
                         ImageMatch& match);

// By the same rule, false detections of one network with those of the other at the same place and
// of the same class; a's take b's. Equal boxes are at the same place even if they have no area. By
// detection of `a`: that of `b`, or kNoMatch.
[[nodiscard]] std::vector<std::uint32_t> match_false(std::span<const Detection> file_a,
                                                     const Places& a, const ImageMatch& match_a,
                                                     std::span<const Detection> file_b,
                                                     const Places& b, const ImageMatch& match_b,
                                                     double iou);

// The ids of a data set as indices.
struct SceneIndex {
  explicit SceneIndex(const GroundTruth& truth);
  IdIndex images;
  IdIndex categories;
};

// By image index. Left out: those of images or categories that are not listed.
[[nodiscard]] std::vector<Places> objects_by_image(std::span<const Annotation> truth,
                                                   const SceneIndex& index);

struct SortedDetections {
  std::vector<Places> by_image;
  std::int64_t unknown_category = 0;  // left out: of categories that are not listed
};
// Those with a score of at least `confidence`. Fails on a detection of an image that is not listed
// or with a score or box that is not finite, naming the first one.
Result<SortedDetections> detections_by_image(std::span<const Detection> file,
                                             const SceneIndex& index, double confidence);

}  // namespace qyolo::metrics
