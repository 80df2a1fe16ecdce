#include "metrics/operating_point.h"

#include <algorithm>
#include <limits>

#include "metrics/object_match.h"

namespace qyolo::metrics {
namespace {

enum class Effect { kRight, kFalse, kNeither };

struct ScoredOutcome {
  double score = 0;
  std::uint32_t category = 0;
  Effect effect = Effect::kNeither;
};

struct ClassCount {
  std::int64_t objects = 0;
  std::int64_t right = 0;
  std::int64_t wrong = 0;

  void add(Effect effect) {
    right += effect == Effect::kRight ? 1 : 0;
    wrong += effect == Effect::kFalse ? 1 : 0;
  }
};

// By descending score.
std::vector<ScoredOutcome> outcomes_by_score(const GroundTruth& truth, const SceneIndex& index,
                                             const std::vector<Places>& objects,
                                             std::span<const Detection> file,
                                             const std::vector<Places>& detections, double iou) {
  std::vector<ScoredOutcome> outcomes;
  for (std::size_t image = 0; image < objects.size(); ++image) {
    const Places& places = detections[image];
    const ImageMatch match = match_objects(truth.annotations, objects[image], file, places, iou);
    for (std::size_t d = 0; d < places.size(); ++d) {
      const Detection& detection = file[places[d]];
      const std::uint32_t category = index.categories.find(detection.category_id);
      const Effect effect = match.object[d] != kNoMatch ? Effect::kRight
                            : match.is_false(d)         ? Effect::kFalse
                                                        : Effect::kNeither;
      outcomes.push_back({detection.score, category, effect});
    }
  }
  std::ranges::stable_sort(outcomes, std::greater<>(), &ScoredOutcome::score);
  return outcomes;
}

// Always summed in the same order, so that equal counts give equal means.
double mean_f1(std::span<const ClassCount> classes) {
  double sum = 0;
  int counted = 0;
  for (const ClassCount& one : classes) {
    if (one.objects == 0) continue;
    sum += f1_score(one.right, one.wrong, one.objects - one.right);
    ++counted;
  }
  return sum / counted;
}

}  // namespace

double f1_score(std::int64_t true_positives, std::int64_t false_positives, std::int64_t missed) {
  const std::int64_t all = 2 * true_positives + false_positives + missed;
  return all == 0 ? 0 : static_cast<double>(2 * true_positives) / static_cast<double>(all);
}

Result<OperatingPoint> best_f1(const GroundTruth& truth, std::span<const Detection> detections,
                               double iou) {
  if (!(iou > 0 && iou <= 1)) return error("the IoU is {}, expected more than 0, up to 1", iou);
  const SceneIndex index(truth);
  const std::vector<Places> objects = objects_by_image(truth.annotations, index);
  QYOLO_TRY(const SortedDetections sorted,
            detections_by_image(detections, index, -std::numeric_limits<double>::infinity()));
  std::vector<ClassCount> classes(index.categories.size());
  bool any = false;
  for (const Places& places : objects) {
    for (const std::uint32_t place : places) {
      const Annotation& object = truth.annotations[place];
      if (object.iscrowd) continue;
      ++classes[index.categories.find(object.category_id)].objects;
      any = true;
    }
  }
  if (!any) return error("there are no objects to find, so that no confidence is best");
  const std::vector<ScoredOutcome> outcomes =
      outcomes_by_score(truth, index, objects, detections, sorted.by_image, iou);
  OperatingPoint best;
  for (std::size_t i = 0; i < outcomes.size();) {
    const double score = outcomes[i].score;
    for (; i < outcomes.size() && outcomes[i].score == score; ++i) {
      classes[outcomes[i].category].add(outcomes[i].effect);
    }
    const double mean = mean_f1(classes);
    if (mean <= best.mean_f1) continue;
    const double next = i < outcomes.size() ? outcomes[i].score : std::min(0.0, score);
    const double middle = score + (next - score) / 2;
    best = {middle > next ? middle : score, mean};  // neighbours have nothing between them
  }
  if (best.mean_f1 == 0) return error("no object is found, so that no confidence is best");
  return best;
}

}  // namespace qyolo::metrics
