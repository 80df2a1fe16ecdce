#include "metrics/tide.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "metrics/box_iou.h"
#include "metrics/curves.h"

namespace qyolo::metrics {
namespace {

constexpr double kForeground = 0.5;
constexpr double kBackground = 0.1;
constexpr std::uint32_t kNone = Assignment::kNone;
using Verdict = Assignment::Verdict;

struct FalsePositive {
  std::uint32_t detection = 0;
  ErrorType type = ErrorType::kBackground;
  std::uint32_t object = kNone;  // the one that a correction would find
};

// The largest overlap and whose it is.
struct Nearest {
  double overlap = -1;
  std::uint32_t object = kNone;

  void offer(double other, std::uint32_t candidate) {
    if (!(other > overlap)) return;
    overlap = other;
    object = candidate;
  }
};

class ErrorFinder {
 public:
  ErrorFinder(const GroundTruth& truth, std::span<const Detection> detections,
              const Assignment& assignment)
      : truth_(truth), detections_(detections), assignment_(assignment) {}

  // By descending score within an image.
  [[nodiscard]] std::vector<FalsePositive> find() const {
    std::vector<FalsePositive> errors;
    std::vector<double> overlaps;
    for (std::size_t image = 0; image < assignment_.image_ids.size(); ++image) {
      const std::vector<std::uint32_t>& objects = assignment_.objects_in[image];
      BoxEdges boxes;
      for (const std::uint32_t g : objects) boxes.add(truth_.annotations[g].bbox, false);
      overlaps.resize(objects.size());
      for (const std::uint32_t i : assignment_.detections_in[image]) {
        if (assignment_.verdicts[i] != Verdict::kFalsePositive) continue;
        boxes.overlaps(detections_[i].bbox, 0, overlaps);
        errors.push_back(classify(i, objects, overlaps));
      }
    }
    return errors;
  }

 private:
  [[nodiscard]] FalsePositive classify(std::uint32_t detection,
                                       std::span<const std::uint32_t> objects,
                                       std::span<const double> overlaps) const {
    Nearest same, other;
    for (std::size_t g = 0; g < objects.size(); ++g) {
      const bool of_class =
          assignment_.class_of_object[objects[g]] == assignment_.class_of_detection[detection];
      (of_class ? same : other).offer(overlaps[g], objects[g]);
    }
    if (same.overlap >= kBackground && same.overlap < kForeground)
      return {detection, ErrorType::kLocalization, same.object};
    if (other.overlap >= kForeground) return {detection, ErrorType::kClassification, other.object};
    if (same.overlap >= kForeground) return {detection, ErrorType::kDuplicate};
    if (std::max(same.overlap, other.overlap) <= kBackground)
      return {detection, ErrorType::kBackground};
    return {detection, ErrorType::kBoth};
  }

  const GroundTruth& truth_;
  std::span<const Detection> detections_;
  const Assignment& assignment_;
};

// What a fix makes of the detections and objects.
struct Fix {
  enum class Fate : unsigned char { kAsIs, kRemoved, kCorrected };
  std::vector<Fate> fates;              // by false positive
  std::vector<std::int64_t> forgotten;  // objects by class
};

class Oracle {
 public:
  Oracle(std::span<const Detection> detections, const Assignment& assignment,
         const std::vector<FalsePositive>& errors)
      : detections_(detections), assignment_(assignment), errors_(errors) {}

  [[nodiscard]] Fix nothing() const {
    return {std::vector(errors_.size(), Fix::Fate::kAsIs),
            std::vector<std::int64_t>(assignment_.classes(), 0)};
  }

  [[nodiscard]] Fix of(ErrorType type) const {
    Fix fix = nothing();
    std::vector<std::size_t> best(assignment_.finder_of.size(), errors_.size());
    for (std::size_t e = 0; e < errors_.size(); ++e) {
      const FalsePositive& error = errors_[e];
      if (error.type != type) continue;
      fix.fates[e] = Fix::Fate::kRemoved;
      if (error.object == kNone || assignment_.finder_of[error.object] != kNone) continue;
      if (best[error.object] != errors_.size()) continue;  // it has a higher score
      best[error.object] = e;
      fix.fates[e] = Fix::Fate::kCorrected;
    }
    return fix;
  }

  [[nodiscard]] Fix of_all_false_positives() const {
    Fix fix = nothing();
    std::ranges::fill(fix.fates, Fix::Fate::kRemoved);
    return fix;
  }

  // The mean over the classes; none if no class has one.
  [[nodiscard]] std::optional<double> ap50(const Fix& fix) const {
    std::vector<std::vector<Ranked>> lists(assignment_.classes());
    for (std::size_t k = 0; k < lists.size(); ++k) {
      for (const std::uint32_t i : assignment_.ranked[k]) {
        if (assignment_.verdicts[i] == Verdict::kTruePositive) lists[k].push_back({i, true});
      }
    }
    for (std::size_t e = 0; e < errors_.size(); ++e) {
      const std::uint32_t i = errors_[e].detection;
      if (fix.fates[e] == Fix::Fate::kAsIs)
        lists[assignment_.class_of_detection[i]].push_back({i, false});
      if (fix.fates[e] == Fix::Fate::kCorrected)
        lists[assignment_.class_of_object[errors_[e].object]].push_back({i, true});
    }
    double sum = 0;
    int classes = 0;
    for (std::size_t k = 0; k < lists.size(); ++k) {
      if (assignment_.objects[k] == 0) continue;
      const std::int64_t objects = assignment_.objects[k] - fix.forgotten[k];
      if (objects == 0 && lists[k].empty()) continue;
      sum += objects == 0 ? 0 : average_precision(lists[k], objects);
      ++classes;
    }
    return classes == 0 ? std::nullopt : std::optional(sum / classes);
  }

 private:
  struct Ranked {
    std::uint32_t detection = 0;
    bool right = false;
  };

  [[nodiscard]] double average_precision(std::vector<Ranked>& list, std::int64_t objects) const {
    std::ranges::sort(list, {}, [&](const Ranked& entry) {
      const Detection& detection = detections_[entry.detection];
      return std::tuple(-detection.score, detection.image_id, entry.detection);
    });
    std::vector<unsigned char> right;
    for (const Ranked& entry : list) right.push_back(entry.right ? 1 : 0);
    return mean_of(interpolated_precision(right, objects));
  }

  std::span<const Detection> detections_;
  const Assignment& assignment_;
  const std::vector<FalsePositive>& errors_;
};

}  // namespace

TideReport analyse_errors(const GroundTruth& truth, std::span<const Detection> detections,
                          const Assignment& assignment) {
  const std::vector<FalsePositive> errors = ErrorFinder(truth, detections, assignment).find();
  TideReport report;
  for (std::size_t k = 0; k < assignment.classes(); ++k)
    report.classes.push_back({assignment.category_ids[k], assignment.objects[k]});
  std::vector<bool> covered(assignment.finder_of.size(), false);
  for (const FalsePositive& error : errors) {
    ++report.classes[assignment.class_of_detection[error.detection]]
          .errors[static_cast<std::size_t>(error.type)];
    if (error.object != kNone) covered[error.object] = true;
  }
  const Oracle oracle(detections, assignment, errors);
  Fix missed = oracle.nothing(), not_found = oracle.nothing();
  constexpr auto kMissed = static_cast<std::size_t>(ErrorType::kMissed);
  for (std::size_t g = 0; g < covered.size(); ++g) {
    const std::uint32_t k = assignment.class_of_object[g];
    if (k == kNone) continue;
    if (assignment.finder_of[g] != kNone) {
      ++report.classes[k].true_positives;
      continue;
    }
    ++not_found.forgotten[k];
    ++report.false_negatives;
    if (covered[g]) continue;
    ++missed.forgotten[k];
    ++report.classes[k].errors[kMissed];
  }
  for (const TideClass& one : report.classes) {
    for (std::size_t type = 0; type < kErrorTypes; ++type) report.errors[type] += one.errors[type];
  }
  report.false_positives = static_cast<std::int64_t>(errors.size());

  const std::optional<double> ap50 = oracle.ap50(oracle.nothing());
  if (!ap50) return report;
  report.ap50 = *ap50;
  const auto gained = [&](const Fix& fix) { return oracle.ap50(fix).value_or(*ap50) - *ap50; };
  for (std::size_t type = 0; type < kMissed; ++type)
    report.delta_ap[type] = gained(oracle.of(static_cast<ErrorType>(type)));
  report.delta_ap[kMissed] = gained(missed);
  report.false_positive_delta_ap = gained(oracle.of_all_false_positives());
  report.false_negative_delta_ap = gained(not_found);
  return report;
}

}  // namespace qyolo::metrics
