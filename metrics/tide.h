// Why average precision is lost: the error types of TIDE (Bolya, Foley, Hays & Hoffman, ECCV 2020,
// arXiv 2008.08115), each with the AP50 that fixing it alone would win.
//
// Every false positive at IoU 0.5 is of one type. With the foreground threshold 0.5, the background
// threshold 0.1, and the largest overlap with the objects of its image:
//   localization    from 0.1 up to 0.5 with one of its class
//   classification  at least 0.5 with one of another class
//   duplicate       at least 0.5 with one of its class, which a better detection has found
//   background      at most 0.1 with all of them
//   both            the rest: up to 0.5, and of another class
// A detection that fits several is of the first in this order, which the paper leaves open; it is
// the one of its authors' toolbox, tidecv. Objects that are not found are missed, unless a
// detection of the types classification or localization is one of them: those with that object as
// their best.
//
// Fixing (the paper's oracles): a classification or localization error becomes a true positive of
// its object's class, unless that object is found or a better detection is corrected to it; then it
// is removed, as all errors of the other types are. Missed objects no longer count as objects. A
// false positive fix removes all of them, after a false negative fix only found objects count.
//
// Equal to tidecv 1.0.1 in all counts, and in all gains but for rounding, where data and rules are
// the same (tests/metrics/tide_golden_test.cpp). On purpose it is not in these:
//   - Detections that a crowd absorbs do not count. tidecv keeps them out of AP, but counts them as
//     errors, and corrects them.
//   - At most 100 detections of an image and class count, as for COCO's AP; tidecv takes the best
//     100 of an image.
//   - Each type is fixed alone: which detection is corrected to an object is decided among the
//     errors of that type. tidecv decides it among classification and localization errors together,
//     so that fixing one type may leave an object to an error of the other.
//   - Recall thresholds and the order of equal scores are pycocotools'. tidecv's thresholds differ
//     in the last bit, which moves AP where a recall is hit exactly, and its fixes rank errors
//     before right detections of the same score.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "metrics/assignment.h"

namespace qyolo::metrics {

enum class ErrorType { kClassification, kLocalization, kBoth, kDuplicate, kBackground, kMissed };
inline constexpr std::size_t kErrorTypes = 6;
inline constexpr std::array<std::string_view, kErrorTypes> kErrorTypeNames = {
    "classification", "localization", "both", "duplicate", "background", "missed"};

struct TideClass {
  std::int64_t category_id = 0;
  std::int64_t objects = 0;
  std::int64_t true_positives = 0;
  // Of the class that was detected, missed: of the object's. The first five add up to the false
  // positives.
  std::array<std::int64_t, kErrorTypes> errors{};
};

struct TideReport {
  double ap50 = -1;  // as evaluate_coco() gives it; -1 without objects
  // AP50 with the errors fixed minus AP50; 0 without objects. They need not add up to what is lost.
  std::array<double, kErrorTypes> delta_ap{};
  double false_positive_delta_ap = 0;
  double false_negative_delta_ap = 0;
  std::array<std::int64_t, kErrorTypes> errors{};  // of all classes
  std::int64_t false_positives = 0;
  std::int64_t false_negatives = 0;  // objects that are not found, missed or not
  std::vector<TideClass> classes;    // all categories, by ascending id
};

// Counted are the detections that count for AP: at most 100 of an image and class, none that a
// crowd absorbs. A class without objects, before or after a fix, has no AP, and is left out of the
// mean - unless a fix takes its objects but leaves it detections: then its AP is 0.
// REQUIRES: `assignment` is of the same ground truth and detections, at IoU 0.5.
[[nodiscard]] TideReport analyse_errors(const GroundTruth& truth,
                                        std::span<const Detection> detections,
                                        const Assignment& assignment);

}  // namespace qyolo::metrics
