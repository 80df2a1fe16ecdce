// The paired bootstrap on as much as COCO val2017 holds: 5,000 images, 80 classes, 36.5k objects
// and half a million detections of either network, 10,000 resamples on 2 threads.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "metrics/bootstrap.h"
#include "metrics/weighted_ap.h"
#include "tests/support/simulated_matches.h"

namespace qyolo::metrics {
namespace {

constexpr std::size_t kImages = 5000;
constexpr std::size_t kClasses = 80;
constexpr double kObjects = 36500;
constexpr double kDetections = 500000;
constexpr int kThreads = 2;

// Class k has about 1/(k+1) of the largest one's objects, as in COCO: the first has a third.
const testing::SimulatedMatches& matches() {
  static const testing::SimulatedMatches made = [] {
    testing::SimulatedScenes scenes;
    scenes.images = kImages;
    scenes.objects_per_image.clear();
    scenes.false_positives_per_image.clear();
    double total = 0;
    for (std::size_t k = 0; k < kClasses; ++k) total += 1 / static_cast<double>(k + 1);
    for (std::size_t k = 0; k < kClasses; ++k) {
      const double share = 1 / static_cast<double>(k + 1) / total;
      scenes.objects_per_image.push_back(share * kObjects / kImages);
      scenes.false_positives_per_image.push_back(share * (kDetections - kObjects) / kImages);
    }
    return testing::simulate_matches(scenes, 1);
  }();
  return made;
}

BootstrapOptions options_of(const benchmark::State& state) {
  BootstrapOptions options;
  options.resamples = static_cast<int>(state.range(0));
  options.threads = kThreads;
  return options;
}

// AP of one class at one threshold in the plainest way: a list of every copy, walked down.
double plain_ap(const MatchedClass& matched, const std::vector<std::int32_t>& weights,
                std::size_t t) {
  std::vector<Outcome> list;
  const auto& all = matched.detections;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    while (end < all.size() && all[end].score == all[begin].score &&
           all[end].image == all[begin].image) {
      ++end;
    }
    for (std::int32_t copy = 0; copy < weights[all[begin].image]; ++copy) {
      for (std::size_t i = begin; i < end; ++i) list.push_back(all[i].outcome);
    }
    begin = end;
  }
  double objects = 0;
  for (const ObjectCount& image : matched.objects) objects += image.objects * weights[image.image];
  if (objects == 0) return -1;
  std::vector<double> recall, precision;
  double tp = 0, fp = 0;
  for (const Outcome& outcome : list) {
    tp += outcome.true_positive >> t & 1;
    fp += outcome.false_positive >> t & 1;
    recall.push_back(tp / objects);
    precision.push_back(tp / (tp + fp + 0x1p-52));
  }
  for (std::size_t i = precision.size(); i > 1; --i) {
    precision[i - 2] = std::max(precision[i - 2], precision[i - 1]);
  }
  double sum = 0;
  for (int r = 0; r <= 100; ++r) {
    const auto place = std::ranges::lower_bound(recall, r * 0.01) - recall.begin();
    if (place < std::ssize(precision)) sum += precision[static_cast<std::size_t>(place)];
  }
  return sum / 101;
}

bool correct(const MatchedDetections& matched, const ResampledAp& resampled) {
  std::vector<std::int32_t> weights(matched.image_ids.size(), 0);
  draw_resample(resampled.options.seed, 0, weights.size(), weights, 1);
  for (const std::size_t k : {std::size_t{0}, std::size_t{10}, kClasses - 1}) {
    double ap = 0;
    for (std::size_t t = 0; t < 10; ++t) ap += plain_ap(matched.classes[k], weights, t) / 10;
    const auto resamples = static_cast<std::size_t>(resampled.options.resamples);
    if (!(std::abs(ap - resampled.resampled_class_ap[k * resamples]) < 1e-12)) return false;
  }
  return true;
}

// Both networks resampled and compared: what the first cell of a run costs.
void paired_bootstrap(benchmark::State& state) {
  const BootstrapOptions options = options_of(state);
  for (auto _ : state) {
    const auto baseline = resample_ap(matches().baseline, options);
    const auto network = resample_ap(matches().network, options);
    const auto compared = paired_difference(*baseline, *network);
    benchmark::DoNotOptimize(compared);
    state.PauseTiming();
    if (!correct(matches().baseline, *baseline) || !correct(matches().network, *network)) {
      state.SkipWithError("AP of a resample is wrong");
      return;
    }
    state.ResumeTiming();
  }
  std::size_t detections = 0;
  for (const MatchedClass& matched : matches().network.classes) {
    detections += matched.detections.size();
  }
  state.counters["detections"] = static_cast<double>(detections);
  state.counters["objects"] = static_cast<double>(matches().network.object_count());
}

// One network: what every further cell costs.
void one_network(benchmark::State& state) {
  const BootstrapOptions options = options_of(state);
  if (const auto first = resample_ap(matches().network, options);
      !correct(matches().network, *first)) {
    state.SkipWithError("AP of a resample is wrong");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(resample_ap(matches().network, options));
}

// AP of 16 resamples on one thread, by the width of the registers in bytes.
void sixteen_resamples(benchmark::State& state) {
  const int width = static_cast<int>(state.range(0));
  const WeightedAp weighted(matches().network, 16);
  WeightedAp::Workspace workspace = weighted.workspace();
  for (std::size_t c = 0; c < kChoices; ++c) {
    draw_resample(1, c, kImages, workspace.weights().subspan(c), kChoices);
  }
  std::vector<WeightedAp::ClassAp> results(weighted.classes()), expected(weighted.classes());
  weighted.evaluate(workspace, expected, WeightedAp::register_widths().front());
  for (auto _ : state) weighted.evaluate(workspace, results, width);
  for (std::size_t k = 0; k < results.size(); ++k) {
    if (results[k].ap != expected[k].ap) state.SkipWithError("AP depends on the registers");
  }
}

BENCHMARK(paired_bootstrap)
    ->Arg(10000)
    ->Unit(benchmark::kSecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK(one_network)
    ->Arg(10000)
    ->Unit(benchmark::kSecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

void widths(benchmark::internal::Benchmark* benchmark) {
  for (const int width : WeightedAp::register_widths()) benchmark->Arg(width);
}
BENCHMARK(sixteen_resamples)->Apply(widths)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace qyolo::metrics
