// COCO mAP of as many detections as COCO val2017 has: 5,120 images, 80 classes, 40,960 objects and
// half a million detections. Detections per second; reading files is not part of it.
//
// Of each class's 512 objects, 320 are found exactly, with higher scores than all false positives:
// precision is 1 up to a recall of 0.625 and 0 beyond, so AP is 63 / 101 (the recall thresholds 0,
// 0.01 ... 0.62), at every IoU threshold.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <vector>

#include "metrics/coco_map.h"

namespace qyolo::metrics {
namespace {

constexpr int kImages = 5120;
constexpr int kClasses = 80;
constexpr int kObjects = 8;          // per image
constexpr int kFalsePositives = 92;  // per image
constexpr int kHalf = 320;           // pixels: objects lie left of it, false positives right
constexpr double kAp = 63.0 / 101.0;
constexpr double kRecall = 0.625;

struct Problem {
  GroundTruth truth;
  std::vector<Detection> detections;
};

const Problem& problem() {
  static const Problem made = [] {
    Problem all;
    std::mt19937 generator(1);
    std::uniform_real_distribution<double> uniform(0, 1);
    const auto box = [&](double left) {
      const double width = 8 + 120 * uniform(generator), height = 8 + 120 * uniform(generator);
      return BoxXywh{left + (kHalf - width) * uniform(generator), 400 * uniform(generator), width,
                     height};
    };
    for (int k = 0; k < kClasses; ++k) all.truth.categories.push_back({k + 1, "thing"});
    for (int i = 0; i < kImages; ++i) {
      all.truth.images.push_back({i + 1, "", 2 * kHalf, 640});
      for (int j = 0; j < kObjects; ++j) {
        const int object = i * kObjects + j;
        const BoxXywh place = box(0);
        const std::int64_t category = object % kClasses + 1;
        all.truth.annotations.push_back(
            {object + 1, i + 1, category, place, place[2] * place[3], false});
        const bool found = object / kClasses % 8 < 5;
        if (found)
          all.detections.push_back({i + 1, category, place, 0.5 + 0.5 * uniform(generator)});
      }
      for (int j = 0; j < kFalsePositives; ++j) {
        const int category = static_cast<int>(kClasses * uniform(generator)) % kClasses + 1;
        all.detections.push_back({i + 1, category, box(kHalf), 0.49 * uniform(generator)});
      }
    }
    return all;
  }();
  return made;
}

bool correct(const CocoEvaluation& evaluation) {
  const auto stats = evaluation.stats();
  const auto is = [](double value, double expected) { return std::abs(value - expected) < 1e-12; };
  // AP, AP50, AP75, and AR at 100 detections.
  return is(stats[0], kAp) && is(stats[1], kAp) && is(stats[2], kAp) && is(stats[8], kRecall);
}

void coco_map(benchmark::State& state) {
  CocoParams params;
  params.threads = static_cast<int>(state.range(0));
  for (auto _ : state) {
    const auto evaluation = evaluate_coco(problem().truth, problem().detections, params);
    state.PauseTiming();
    if (!evaluation || !correct(*evaluation)) {
      state.SkipWithError("AP is not 63 / 101");
      return;
    }
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(problem().detections.size()));
}

BENCHMARK(coco_map)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace qyolo::metrics
