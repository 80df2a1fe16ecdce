#include "metrics/coco_accumulate.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace qyolo::metrics {
namespace {

// Of one threshold, walking down the detections. Precision can only rise at a true positive, so
// the curve is known from its values there.
struct Curve {
  explicit Curve(std::size_t positives)
      : positions(positives), false_positives(positives), precision(positives) {}

  std::size_t found = 0;  // true positives
  std::size_t wrong = 0;  // false positives
  // At each true positive:
  std::vector<std::uint32_t> positions;
  std::vector<std::int32_t> false_positives;
  std::vector<double> precision;  // the largest at this or any higher recall

  void compute_precision() {
    for (std::size_t i = 0; i < found; ++i) {
      const double tp = static_cast<double>(static_cast<std::int32_t>(i)) + 1;
      const double fp = static_cast<double>(false_positives[i]);
      precision[i] = tp / (fp + tp + std::numeric_limits<double>::epsilon());
    }
    double largest = 0;
    for (std::size_t i = found; i > 0; --i) {
      largest = std::max(largest, precision[i - 1]);
      precision[i - 1] = largest;
    }
  }

  // Where the recall of `count` true positives is reached. A recall of 0 is reached by the first
  // detection, whatever became of it.
  [[nodiscard]] std::size_t position_at(std::size_t count) const {
    return count == 0 ? 0 : positions[count - 1];
  }
  [[nodiscard]] double precision_at(std::size_t count) const {
    if (found == 0) return 0;
    return precision[count == 0 ? 0 : count - 1];
  }
};

template <class Visit>
void for_each_bit(ThresholdMask mask, Visit visit) {
  for (; mask != 0; mask &= mask - 1) visit(static_cast<std::size_t>(std::countr_zero(mask)));
}

void trace_curves(std::span<const std::uint32_t> counted, std::span<const Outcome> outcomes,
                  std::span<Curve> curves) {
  const ThresholdMask all = (ThresholdMask{1} << curves.size()) - 1;
  std::size_t wrong_at_all = 0;  // false positives at every threshold, counted once
  for (Curve& curve : curves) curve.found = curve.wrong = 0;
  for (const std::uint32_t position : counted) {
    const Outcome outcome = outcomes[position];
    if (outcome.false_positive == all) {
      ++wrong_at_all;
      continue;
    }
    for_each_bit(outcome.true_positive, [&](std::size_t t) {
      Curve& curve = curves[t];
      curve.positions[curve.found] = position;
      curve.false_positives[curve.found] = static_cast<std::int32_t>(curve.wrong + wrong_at_all);
      ++curve.found;
    });
    for_each_bit(outcome.false_positive, [&](std::size_t t) { ++curves[t].wrong; });
  }
  for (Curve& curve : curves) curve.compute_precision();
}

// The smallest number of true positives whose recall is at least each threshold.
std::vector<std::size_t> needed_true_positives(std::span<const double> recall_thresholds,
                                               std::size_t positives) {
  const double total = static_cast<double>(positives);
  std::vector<std::size_t> needed;
  needed.reserve(recall_thresholds.size());
  for (const double threshold : recall_thresholds) {
    if (threshold > 1) {
      needed.push_back(positives + 1);
      continue;
    }
    auto count = static_cast<std::size_t>(std::max(0.0, std::floor(threshold * total)));
    while (count > 0 && static_cast<double>(count - 1) / total >= threshold) --count;
    while (static_cast<double>(count) / total < threshold) ++count;
    needed.push_back(count);
  }
  return needed;
}

}  // namespace

ClassCells::ClassCells(std::size_t thresholds_, std::size_t recalls, std::size_t areas,
                       std::size_t max_detections)
    : thresholds(thresholds_),
      precision(thresholds * recalls * areas * max_detections, -1.0),
      scores(precision.size(), -1.0),
      recall(thresholds * areas * max_detections, -1.0) {}

std::vector<std::vector<std::uint32_t>> counted_positions(const ClassDetections& detections,
                                                          std::span<const int> max_detections) {
  std::vector<std::vector<std::uint32_t>> counted;
  for (const int limit : max_detections) {
    std::vector<std::uint32_t> positions(detections.size());
    std::size_t count = 0;
    for (std::size_t i = 0; i < detections.size(); ++i) {
      positions[count] = static_cast<std::uint32_t>(i);
      count += detections.ranks[i] < static_cast<std::uint32_t>(limit) ? 1 : 0;
    }
    positions.resize(count);
    counted.push_back(std::move(positions));
  }
  return counted;
}

void accumulate_area(const ClassDetections& detections, std::span<const Outcome> outcomes,
                     const std::vector<std::vector<std::uint32_t>>& counted, std::size_t positives,
                     const CocoParams& params, std::size_t area, ClassCells& cells) {
  if (positives == 0) return;
  const std::size_t recalls = params.recall_thresholds.size();
  const std::size_t areas = params.area_ranges.size();
  const std::size_t limits = params.max_detections.size();
  const std::vector<std::size_t> needed =
      needed_true_positives(params.recall_thresholds, positives);
  std::vector<Curve> curves(cells.thresholds, Curve(positives));
  for (std::size_t m = 0; m < limits; ++m) {
    trace_curves(counted[m], outcomes, curves);
    for (std::size_t t = 0; t < cells.thresholds; ++t) {
      const Curve& curve = curves[t];
      cells.recall[(t * areas + area) * limits + m] =
          static_cast<double>(curve.found) / static_cast<double>(positives);
      for (std::size_t r = 0; r < recalls; ++r) {
        const std::size_t cell = ((t * recalls + r) * areas + area) * limits + m;
        cells.precision[cell] = 0;
        cells.scores[cell] = 0;
      }
      for (std::size_t r = 0; r < recalls; ++r) {
        // As the reference: thresholds listed after one that is not reached are not looked at.
        if (detections.size() == 0 || needed[r] > curve.found) break;
        const std::size_t cell = ((t * recalls + r) * areas + area) * limits + m;
        cells.precision[cell] = curve.precision_at(needed[r]);
        cells.scores[cell] = detections.score(curve.position_at(needed[r]));
      }
    }
  }
}

}  // namespace qyolo::metrics
