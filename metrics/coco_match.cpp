#include "metrics/coco_match.h"

#include <algorithm>
#include <cmath>

namespace qyolo::metrics {
namespace {

// Ground truth that overlaps a detection enough for at least one threshold.
struct Candidate {
  std::size_t truth = 0;  // in the scene
  double overlap = 0;
  ThresholdMask reached = 0;
};

// What one detection became at each threshold: matched, and of those, to ignored ground truth.
struct Match {
  ThresholdMask matched = 0;
  ThresholdMask ignored = 0;
};

ThresholdMask all_of(std::size_t thresholds) { return (ThresholdMask{1} << thresholds) - 1; }

class SceneMatcher {
 public:
  SceneMatcher(std::span<const Detection> file, const ClassTruth& truth,
               const ClassDetections& detections, std::span<const double> thresholds,
               std::span<const AreaLimits> areas)
      : file_(file), truth_(truth), detections_(detections), areas_(areas) {
    for (const double threshold : thresholds) limits_.push_back(reachable_iou(threshold));
    lowest_ = *std::min_element(limits_.begin(), limits_.end());
    all_ = all_of(limits_.size());
  }

  // `outcomes` are those of no match.
  void match(const Scene& scene, std::span<Outcome> outcomes) {
    begin_scene(scene);
    for (std::size_t i = scene.detection_begin; i < scene.detection_end; ++i) {
      const auto [position, item] = detections_.in_scenes[i];
      const bool ordered = find_candidates(file_[item].bbox);
      if (ordered && candidates_.empty()) continue;
      for (std::size_t a = 0; a < areas_.size(); ++a) {
        const Match match = ordered ? match_best_first(a) : match_in_order(a);
        Outcome& outcome = outcomes[a * detections_.size() + position];
        outcome.true_positive = static_cast<std::uint16_t>(match.matched & ~match.ignored);
        outcome.false_positive =
            static_cast<std::uint16_t>(outcome.false_positive & ~match.matched);
      }
    }
  }

 private:
  void begin_scene(const Scene& scene) {
    count_ = scene.truth_end - scene.truth_begin;
    first_ = scene.truth_begin;
    overlaps_.resize(count_);
    taken_.assign(areas_.size() * count_, 0);
    ignored_.resize(areas_.size() * count_);
    for (std::size_t a = 0; a < areas_.size(); ++a) {
      for (std::size_t g = 0; g < count_; ++g) {
        ignored_[a * count_ + g] = truth_.ignored(first_ + g, areas_[a]) ? 1 : 0;
      }
    }
  }

  // Fills candidates_, best first. False if an overlap is NaN, which has no place in that order.
  bool find_candidates(const BoxXywh& box) {
    truth_.boxes.overlaps(box, first_, overlaps_);
    candidates_.clear();
    for (std::size_t g = 0; g < count_; ++g) {
      const double overlap = overlaps_[g];
      if (overlap < lowest_) continue;
      if (std::isnan(overlap)) return false;
      auto place = candidates_.end();
      while (place != candidates_.begin() && std::prev(place)->overlap <= overlap) --place;
      candidates_.insert(place, {g, overlap, reached_by(overlap)});
    }
    return true;
  }

  [[nodiscard]] ThresholdMask reached_by(double overlap) const {
    ThresholdMask reached = 0;
    for (std::size_t t = 0; t < limits_.size(); ++t) {
      reached |= static_cast<ThresholdMask>(!(overlap < limits_[t])) << t;
    }
    return reached;
  }

  // Thresholds at which ground truth g can be matched: a crowd always can.
  [[nodiscard]] ThresholdMask free(std::size_t a, std::size_t g) const {
    return truth_.crowd[first_ + g] != 0 ? all_ : ~taken_[a * count_ + g];
  }

  Match match_best_first(std::size_t a) {
    ThresholdMask open = all_;
    const bool some_ignored = offer(a, false, open);
    const ThresholdMask wanted = open;
    if (some_ignored) offer(a, true, open);
    return {all_ & ~open, wanted & ~open};
  }

  // Lets the candidates that are, or are not, ignored take their thresholds out of `open`. True if
  // there are others.
  bool offer(std::size_t a, bool ignored, ThresholdMask& open) {
    bool others = false;
    for (const Candidate& candidate : candidates_) {
      const std::size_t i = a * count_ + candidate.truth;
      if ((ignored_[i] != 0) != ignored) {
        others = true;
        continue;
      }
      const ThresholdMask take = open & candidate.reached & free(a, candidate.truth);
      taken_[i] |= take;
      open &= ~take;
    }
    return others;
  }

  // The rule as a scan per threshold, with the reference's comparisons: a NaN overlap is never
  // refused, and once it is taken neither is anything after it.
  Match match_in_order(std::size_t a) {
    Match match;
    for (std::size_t t = 0; t < limits_.size(); ++t) {
      const ThresholdMask bit = ThresholdMask{1} << t;
      double best = limits_[t];
      std::size_t chosen = count_;
      for (const bool ignored : {false, true}) {
        if (ignored && chosen != count_) break;
        for (std::size_t g = 0; g < count_; ++g) {
          if ((ignored_[a * count_ + g] != 0) != ignored || (free(a, g) & bit) == 0) continue;
          if (overlaps_[g] < best) continue;
          best = overlaps_[g];
          chosen = g;
        }
      }
      if (chosen == count_) continue;
      taken_[a * count_ + chosen] |= bit;
      match.matched |= bit;
      if (ignored_[a * count_ + chosen] != 0) match.ignored |= bit;
    }
    return match;
  }

  std::span<const Detection> file_;
  const ClassTruth& truth_;
  const ClassDetections& detections_;
  std::span<const AreaLimits> areas_;
  std::vector<double> limits_;
  double lowest_ = 0;
  ThresholdMask all_ = 0;

  // Of the current scene; [area range][ground truth] where both apply.
  std::size_t first_ = 0;  // in truth_
  std::size_t count_ = 0;
  std::vector<double> overlaps_;
  std::vector<ThresholdMask> taken_;
  std::vector<unsigned char> ignored_;
  std::vector<Candidate> candidates_;
};

}  // namespace

std::vector<Outcome> match_class(std::span<const Detection> file, const ClassTruth& truth,
                                 const ClassDetections& detections,
                                 std::span<const double> thresholds,
                                 std::span<const AreaLimits> areas) {
  const std::size_t count = detections.size();
  const ThresholdMask all = all_of(thresholds.size());
  std::vector<Outcome> outcomes(areas.size() * count);
  for (std::size_t i = 0; i < count; ++i) {
    const double area = detections.area(i);
    for (std::size_t a = 0; a < areas.size(); ++a) {
      outcomes[a * count + i].false_positive =
          static_cast<std::uint16_t>(areas[a].excludes(area) ? ThresholdMask{0} : all);
    }
  }
  SceneMatcher matcher(file, truth, detections, thresholds, areas);
  for (const Scene& scene : detections.scenes) matcher.match(scene, outcomes);
  return outcomes;
}

}  // namespace qyolo::metrics
