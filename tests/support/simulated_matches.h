// Two networks' matched detections on the same images, from a model in which nothing is matched:
// objects have a difficulty that both networks meet, boxes an overlap, and false positives appear
// by themselves. For tests and benchmarks of what is computed from matches; the true difference
// between the networks is what a very large number of images shows.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "metrics/coco_map.h"
#include "metrics/matched_detections.h"

namespace qyolo::testing {

struct SimulatedScenes {
  std::size_t images = 300;
  std::vector<double> objects_per_image{1.2, 0.5, 0.25};         // by class
  std::vector<double> false_positives_per_image{2.0, 1.0, 0.5};  // by class
  double loss = 0.25;         // how much worse the second network is: a shift of the difficulty
  double own_share = 0.5;     // of a network's errors that the other does not make
  double image_spread = 0.7;  // difficulty that the objects of an image share
  double score_step = 1e-5;   // scores are multiples of it
};

struct SimulatedMatches {
  metrics::MatchedDetections baseline, network;
};

namespace simulation {

using Generator = std::mt19937_64;

inline double normal(Generator& generator) { return std::normal_distribution<double>()(generator); }

inline double rounded_score(double logit, double step) {
  return std::max(1.0, std::round(1 / (1 + std::exp(-logit)) / step)) * step;
}

// The outcome of the best detection of an object whose box overlaps by `overlap`.
inline metrics::Outcome outcome_at(double overlap, const std::vector<double>& thresholds) {
  metrics::Outcome outcome;
  for (std::size_t t = 0; t < thresholds.size(); ++t) {
    const auto bit = static_cast<std::uint16_t>(1U << t);
    auto& mask = overlap >= thresholds[t] ? outcome.true_positive : outcome.false_positive;
    mask = static_cast<std::uint16_t>(mask | bit);
  }
  return outcome;
}

inline void sort_as_evaluated(metrics::MatchedClass& matched) {
  std::ranges::stable_sort(matched.detections, [](const auto& a, const auto& b) {
    return a.score != b.score ? a.score > b.score : a.image < b.image;
  });
}

}  // namespace simulation

inline SimulatedMatches simulate_matches(const SimulatedScenes& scenes, std::uint64_t seed) {
  using namespace simulation;
  Generator generator(seed);
  const std::vector<double> thresholds = metrics::CocoParams().iou_thresholds;
  SimulatedMatches matches;
  metrics::MatchedDetections* sides[] = {&matches.baseline, &matches.network};
  for (metrics::MatchedDetections* side : sides) {
    for (std::size_t i = 0; i < scenes.images; ++i) {
      side->image_ids.push_back(static_cast<std::int64_t>(i) + 1);
    }
    side->classes.resize(scenes.objects_per_image.size());
    for (std::size_t k = 0; k < side->classes.size(); ++k) {
      side->classes[k].category_id = static_cast<std::int64_t>(k) + 1;
    }
  }
  const double own = std::sqrt(scenes.own_share);
  const double common = std::sqrt(1 - scenes.own_share);
  for (std::uint32_t image = 0; image < scenes.images; ++image) {
    const double ease_of_image = scenes.image_spread * normal(generator);
    for (std::size_t k = 0; k < scenes.objects_per_image.size(); ++k) {
      const int objects = std::poisson_distribution<int>(scenes.objects_per_image[k])(generator);
      const int wrong =
          std::poisson_distribution<int>(scenes.false_positives_per_image[k])(generator);
      for (int i = 0; i < objects; ++i) {
        const double ease = ease_of_image + common * normal(generator);
        for (std::size_t s = 0; s < 2; ++s) {
          const double quality = ease + own * normal(generator) - (s == 1 ? scenes.loss : 0.0);
          const double overlap = 1 / (1 + std::exp(-1.4 - quality - 0.4 * normal(generator)));
          sides[s]->classes[k].detections.push_back(
              {rounded_score(2 * quality + 0.5 * normal(generator), scenes.score_step), image,
               outcome_at(overlap, thresholds)});
        }
      }
      for (int i = 0; i < wrong; ++i) {
        const double shared = normal(generator);
        for (metrics::MatchedDetections* side : sides) {
          const double logit = -2.5 + 1.5 * (common * shared + own * normal(generator));
          side->classes[k].detections.push_back(
              {rounded_score(logit, scenes.score_step), image, outcome_at(0, thresholds)});
        }
      }
      if (objects == 0) continue;
      for (metrics::MatchedDetections* side : sides)
        side->classes[k].objects.push_back({image, objects});
    }
  }
  for (metrics::MatchedDetections* side : sides) {
    for (metrics::MatchedClass& matched : side->classes) {
      sort_as_evaluated(matched);
      if (matched.objects.empty()) matched.detections.clear();
    }
  }
  return matches;
}

}  // namespace qyolo::testing
