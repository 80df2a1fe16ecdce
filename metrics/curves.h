// Precision, recall and F1 of each class at IoU 0.5, against recall and against confidence.
//
// Matching is COCO's (matched_detections.h): a detection never depends on those of lower score, so
// that what a confidence threshold leaves is matched as before.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "metrics/matched_detections.h"

namespace qyolo::metrics {

inline constexpr std::size_t kCurvePoints = 101;
using CurveValues = std::array<double, kCurvePoints>;

// COCO's precision at a recall of at least i / 100, for i = 0 to 100: the largest at that recall or
// above, 0 where it is not reached. `right`: of each detection, by descending score, whether it is
// a true positive (1) or a false one (0). AP is the mean. REQUIRES: objects > 0.
[[nodiscard]] CurveValues interpolated_precision(std::span<const unsigned char> right,
                                                 std::int64_t objects);
[[nodiscard]] double mean_of(const CurveValues& values);

// Counting the detections of at least this score.
struct CurvePoint {
  double confidence = 0;
  double precision = 0;
  double recall = 0;
  double f1 = 0;  // f1_score() of operating_point.h
};

struct Curves {
  // interpolated_precision(); AP50 is as evaluate_coco() gives it.
  CurveValues precision_at_recall{};
  double ap50 = 0;

  // Point i counts the detections of at least the score i / 100. Precision is -1 where there are
  // none.
  CurveValues precision{};
  CurveValues recall{};
  CurveValues f1{};

  // Over all scores, not only those of the curves; of equal F1 the highest confidence. None without
  // a right detection.
  std::optional<CurvePoint> best_f1;
};

struct ClassCurves {
  std::int64_t category_id = 0;
  std::int64_t objects = 0;
  std::optional<Curves> curves;  // none without objects
};

struct DetectionCurves {
  std::vector<ClassCurves> classes;  // all categories, by ascending id
  // Means over the classes with objects, those of precision over the ones that have detections of
  // that score; the best F1 is the largest mean of F1 at one confidence for all. None without
  // objects.
  std::optional<Curves> mean;
};

[[nodiscard]] DetectionCurves detection_curves(const MatchedDetections& matched);

}  // namespace qyolo::metrics
