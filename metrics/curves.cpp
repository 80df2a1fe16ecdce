#include "metrics/curves.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "metrics/operating_point.h"

namespace qyolo::metrics {
namespace {

bool right(const MatchedDetection& detection) {
  return (detection.outcome.true_positive & kAtHalf) != 0;
}
bool wrong(const MatchedDetection& detection) {
  return (detection.outcome.false_positive & kAtHalf) != 0;
}

// What a confidence leaves.
struct Counts {
  std::int64_t right = 0;
  std::int64_t wrong = 0;

  void add(const MatchedDetection& detection) {
    right += metrics::right(detection) ? 1 : 0;
    wrong += metrics::wrong(detection) ? 1 : 0;
  }
  [[nodiscard]] double precision() const {
    if (right + wrong == 0) return -1;
    return static_cast<double>(right) / static_cast<double>(right + wrong);
  }
  [[nodiscard]] double recall(std::int64_t objects) const {
    return static_cast<double>(right) / static_cast<double>(objects);
  }
  [[nodiscard]] double f1(std::int64_t objects) const {
    return f1_score(right, wrong, objects - right);
  }
};

CurveValues precision_at_recall(const MatchedClass& matched, std::int64_t objects) {
  std::vector<unsigned char> ranked;
  for (const MatchedDetection& detection : matched.detections) {
    if (right(detection) || wrong(detection)) ranked.push_back(right(detection) ? 1 : 0);
  }
  return interpolated_precision(ranked, objects);
}

double confidence_of(std::size_t point) { return static_cast<double>(point) / 100; }

void fill_confidence_curves(const MatchedClass& matched, std::int64_t objects, Curves& curves) {
  Counts counts;
  auto next = matched.detections.begin();
  for (std::size_t i = kCurvePoints; i-- > 0;) {
    while (next != matched.detections.end() && next->score >= confidence_of(i)) counts.add(*next++);
    curves.precision[i] = counts.precision();
    curves.recall[i] = counts.recall(objects);
    curves.f1[i] = counts.f1(objects);
  }
}

std::optional<CurvePoint> best_f1(const MatchedClass& matched, std::int64_t objects) {
  std::optional<CurvePoint> best;
  Counts counts;
  for (std::size_t i = 0; i < matched.detections.size(); ++i) {
    counts.add(matched.detections[i]);
    const double score = matched.detections[i].score;
    if (i + 1 < matched.detections.size() && matched.detections[i + 1].score == score) continue;
    const double f1 = counts.f1(objects);
    if (f1 > (best ? best->f1 : 0.0))
      best = CurvePoint{score, counts.precision(), counts.recall(objects), f1};
  }
  return best;
}

Curves curves_of(const MatchedClass& matched, std::int64_t objects) {
  Curves curves;
  curves.precision_at_recall = precision_at_recall(matched, objects);
  curves.ap50 = mean_of(curves.precision_at_recall);
  fill_confidence_curves(matched, objects, curves);
  curves.best_f1 = best_f1(matched, objects);
  return curves;
}

// One confidence for all classes: their detections from the highest score down.
class MeanSweep {
 public:
  explicit MeanSweep(const MatchedDetections& matched) {
    for (const MatchedClass& one : matched.classes) {
      const std::int64_t objects = one.object_count();
      if (objects == 0) continue;
      for (const MatchedDetection& detection : one.detections)
        steps_.push_back({&detection, objects_.size()});
      objects_.push_back(objects);
    }
    std::ranges::stable_sort(steps_, std::greater{},
                             [](const Step& s) { return s.detection->score; });
  }

  [[nodiscard]] std::optional<CurvePoint> best() const {
    std::vector<Counts> counts(objects_.size());
    double sum = 0, most = 0;
    std::size_t best_end = 0;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      Counts& one = counts[steps_[i].index];
      const std::int64_t objects = objects_[steps_[i].index];
      sum -= one.f1(objects);
      one.add(*steps_[i].detection);
      sum += one.f1(objects);
      if (i + 1 < steps_.size() && steps_[i + 1].detection->score == steps_[i].detection->score)
        continue;
      if (sum <= most + kRounding) continue;
      most = sum;
      best_end = i + 1;
    }
    if (best_end == 0) return std::nullopt;
    return at(best_end);
  }

 private:
  static constexpr double kRounding = 1e-9;  // of the running sum
  struct Step {
    const MatchedDetection* detection = nullptr;
    std::size_t index = 0;  // of its class among those with objects
  };

  [[nodiscard]] CurvePoint at(std::size_t end) const {
    std::vector<Counts> counts(objects_.size());
    for (std::size_t i = 0; i < end; ++i) counts[steps_[i].index].add(*steps_[i].detection);
    CurvePoint point;
    point.confidence = steps_[end - 1].detection->score;
    double with_detections = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      point.recall += counts[i].recall(objects_[i]);
      point.f1 += counts[i].f1(objects_[i]);
      if (counts[i].precision() < 0) continue;
      point.precision += counts[i].precision();
      ++with_detections;
    }
    point.recall /= static_cast<double>(counts.size());
    point.f1 /= static_cast<double>(counts.size());
    point.precision /= with_detections;
    return point;
  }

  std::vector<Step> steps_;
  std::vector<std::int64_t> objects_;
};

// Of the values that are not -1; -1 if none is.
double mean_at(const std::vector<const Curves*>& classes, CurveValues Curves::*values,
               std::size_t point) {
  double sum = 0;
  int count = 0;
  for (const Curves* curves : classes) {
    const double value = (curves->*values)[point];
    if (value < 0) continue;
    sum += value;
    ++count;
  }
  return count == 0 ? -1 : sum / count;
}

}  // namespace

CurveValues interpolated_precision(std::span<const unsigned char> right, std::int64_t objects) {
  constexpr double kSpacing = std::numeric_limits<double>::epsilon();  // the reference's
  std::vector<double> precision, recall;
  double found = 0;
  for (std::size_t i = 0; i < right.size(); ++i) {
    found += right[i];
    precision.push_back(found / (static_cast<double>(i + 1) + kSpacing));
    recall.push_back(found / static_cast<double>(objects));
  }
  for (std::size_t i = precision.size(); i-- > 1;)
    precision[i - 1] = std::max(precision[i - 1], precision[i]);
  CurveValues values{};
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    const auto reached =
        std::lower_bound(recall.begin(), recall.end(), static_cast<double>(i) * 0.01);
    if (reached != recall.end())
      values[i] = precision[static_cast<std::size_t>(reached - recall.begin())];
  }
  return values;
}

double mean_of(const CurveValues& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(kCurvePoints);
}

DetectionCurves detection_curves(const MatchedDetections& matched) {
  DetectionCurves result;
  for (const MatchedClass& one : matched.classes) {
    ClassCurves curves{one.category_id, one.object_count(), std::nullopt};
    if (curves.objects > 0) curves.curves = curves_of(one, curves.objects);
    result.classes.push_back(curves);
  }
  std::vector<const Curves*> with_objects;
  for (const ClassCurves& one : result.classes) {
    if (one.curves) with_objects.push_back(&*one.curves);
  }
  if (with_objects.empty()) return result;
  Curves& mean = result.mean.emplace();
  for (const auto values :
       {&Curves::precision_at_recall, &Curves::precision, &Curves::recall, &Curves::f1}) {
    for (std::size_t i = 0; i < kCurvePoints; ++i)
      (mean.*values)[i] = mean_at(with_objects, values, i);
  }
  for (const Curves* curves : with_objects) mean.ap50 += curves->ap50;
  mean.ap50 /= static_cast<double>(with_objects.size());
  mean.best_f1 = MeanSweep(matched).best();
  return result;
}

}  // namespace qyolo::metrics
