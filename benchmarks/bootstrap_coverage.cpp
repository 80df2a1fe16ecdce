// How often a 95 % interval of the paired bootstrap covers the true difference: networks whose true
// difference is known, many image sets, one interval from each. Also what other intervals from the
// same resamples would have covered. A few minutes; prints one line per setting.
//   bootstrap_coverage [REPETITIONS [RESAMPLES]]
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "common/parallel.h"
#include "metrics/bootstrap.h"
#include "metrics/statistics.h"
#include "metrics/weighted_ap.h"
#include "tests/support/simulated_matches.h"

namespace qyolo::metrics {
namespace {

constexpr std::size_t kPopulation = 500000;  // images

struct Setting {
  const char* name;
  testing::SimulatedScenes scenes;
};

std::vector<Setting> settings() {
  const auto scenes = [](std::size_t images, double loss, double objects = 1) {
    testing::SimulatedScenes made;
    made.images = images;
    made.loss = loss;
    for (double& rate : made.objects_per_image) rate *= objects;
    for (double& rate : made.false_positives_per_image) rate *= objects;
    return made;
  };
  return {{"300 images, no difference", scenes(300, 0)},
          {"300 images, small loss", scenes(300, 0.1)},
          {"300 images, large loss", scenes(300, 0.5)},
          {"1000 images", scenes(1000, 0.25)},
          {"100 images", scenes(100, 0.25)},
          {"40 images", scenes(40, 0.25)},
          {"300 images, few objects", scenes(300, 0.25, 0.2)}};
}

double ap_as_is(const MatchedDetections& matched) {
  const WeightedAp weighted(matched, 1);
  auto workspace = weighted.workspace();
  std::ranges::fill(workspace.weights(), 1);
  std::vector<WeightedAp::ClassAp> classes(weighted.classes());
  weighted.evaluate(workspace, classes);
  std::vector<double> ap;
  for (const WeightedAp::ClassAp& of_class : classes) ap.push_back(of_class.ap[0]);
  return mean_ap(ap);
}

double true_difference(testing::SimulatedScenes scenes) {
  if (scenes.loss == 0) return 0;
  scenes.images = kPopulation;
  const auto matches = testing::simulate_matches(scenes, 1000000);
  return ap_as_is(matches.network) - ap_as_is(matches.baseline);
}

struct Range {
  double low = 0, high = 0;
};

constexpr std::array<const char*, 4> kKinds = {"expanded percentile (used)", "percentile", "basic",
                                               "bias-corrected"};

struct Trial {
  Difference difference;
  std::array<Range, kKinds.size()> ranges;
};

Trial try_once(const testing::SimulatedScenes& scenes, std::uint64_t seed, int resamples) {
  BootstrapOptions options;
  options.seed = seed;
  options.resamples = resamples;
  options.threads = 1;
  const auto matches = testing::simulate_matches(scenes, seed);
  const auto baseline = resample_ap(matches.baseline, options);
  const auto network = resample_ap(matches.network, options);
  Trial trial;
  trial.difference = *paired_difference(*baseline, *network)->ap;
  std::vector<double> resampled;
  double below = 0;
  for (std::size_t b = 0; b < baseline->resampled_ap.size(); ++b) {
    resampled.push_back(network->resampled_ap[b] - baseline->resampled_ap[b]);
    below += resampled.back() < trial.difference.value ? 1 : 0;
  }
  const double z = normal_quantile(0.975);
  const double share = std::clamp(below / static_cast<double>(resamples), 1e-6, 1 - 1e-6);
  const double shift = 2 * normal_quantile(share);
  const Range percentile{quantile(resampled, 0.025), quantile(resampled, 0.975)};
  const double twice = 2 * trial.difference.value;
  trial.ranges = {Range{trial.difference.low, trial.difference.high}, percentile,
                  Range{twice - percentile.high, twice - percentile.low},
                  Range{quantile(resampled, normal_cdf(shift - z)),
                        quantile(resampled, normal_cdf(shift + z))}};
  return trial;
}

void report(const Setting& setting, std::size_t repetitions, int resamples) {
  const double truth = true_difference(setting.scenes);
  std::vector<Trial> trials(repetitions);
  parallel_for(repetitions, 0,
               [&](std::size_t i) { trials[i] = try_once(setting.scenes, i + 1, resamples); });
  std::vector<double> values, errors;
  for (const Trial& trial : trials) {
    values.push_back(trial.difference.value);
    errors.push_back(trial.difference.standard_error);
  }
  fmt::print("{}: true difference {:+.4f}, standard error {:.4f} (bootstrap: {:.4f})\n",
             setting.name, truth, summarize(values).stddev, summarize(errors).mean);
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    const auto share = [&](auto condition) {
      return 100 *
             static_cast<double>(std::ranges::count_if(
                 trials, [&](const Trial& trial) { return condition(trial.ranges[kind]); })) /
             static_cast<double>(repetitions);
    };
    fmt::print("  {:27} covers {:.1f} % (misses {:.1f} % below, {:.1f} % above)\n", kKinds[kind],
               share([&](const Range& r) { return r.low <= truth && truth <= r.high; }),
               share([&](const Range& r) { return truth < r.low; }),
               share([&](const Range& r) { return truth > r.high; }));
  }
  std::fflush(stdout);
}

}  // namespace
}  // namespace qyolo::metrics

int main(int argc, char** argv) {
  const int repetitions = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1000;
  const int resamples = argc > 2 ? std::max(100, std::atoi(argv[2])) : 1000;
  for (const auto& setting : qyolo::metrics::settings()) {
    qyolo::metrics::report(setting, static_cast<std::size_t>(repetitions), resamples);
  }
}
