#include "metrics/bootstrap.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "common/parallel.h"
#include "metrics/statistics.h"
#include "metrics/weighted_ap.h"

namespace qyolo::metrics {
namespace {

constexpr int kFewestResamples = 100;
constexpr int kMostResamples = 1000000;
// An image is drawn more often in about one of 10^14 draws; if it happens, more is allowed.
constexpr std::int32_t kUsualMaxWeight = 16;
constexpr std::size_t kResamplesPerTask = 8 * kChoices;

constexpr std::uint64_t kSplitMixStep = 0x9e3779b97f4a7c15U;

// Output `index` of SplitMix64 seeded with `seed`.
std::uint64_t split_mix(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t x = seed + (index + 1) * kSplitMixStep;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

std::size_t high_word_of_product(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>(static_cast<Wide>(a) * b >> 64);
}

Status check(const BootstrapOptions& options, std::size_t images) {
  if (options.resamples < kFewestResamples || options.resamples > kMostResamples) {
    return error("bootstrap: the number of resamples must be from {} to {}, found {}",
                 kFewestResamples, kMostResamples, options.resamples);
  }
  if (!(options.confidence > 0 && options.confidence < 1)) {
    return error("bootstrap: the confidence must be between 0 and 1, found {}", options.confidence);
  }
  if (images == 0) return error("bootstrap: there are no images to draw from");
  return {};
}

void store(std::span<const WeightedAp::ClassAp> classes, std::size_t choice, std::size_t resample,
           ResampledAp& result) {
  const auto resamples = static_cast<std::size_t>(result.options.resamples);
  std::vector<double> ap, ap50;
  for (std::size_t k = 0; k < classes.size(); ++k) {
    ap.push_back(classes[k].ap[choice]);
    ap50.push_back(classes[k].ap50[choice]);
    result.resampled_class_ap[k * resamples + resample] = classes[k].ap[choice];
  }
  result.resampled_ap[resample] = mean_ap(ap);
  result.resampled_ap50[resample] = mean_ap(ap50);
}

void evaluate_as_is(const WeightedAp& weighted, ResampledAp& result) {
  WeightedAp::Workspace workspace = weighted.workspace();
  std::ranges::fill(workspace.weights(), 1);
  std::vector<WeightedAp::ClassAp> classes(weighted.classes());
  weighted.evaluate(workspace, classes);
  std::vector<double> ap50;
  for (const WeightedAp::ClassAp& of_class : classes) {
    result.class_ap.push_back(of_class.ap[0]);
    ap50.push_back(of_class.ap50[0]);
  }
  result.ap = mean_ap(result.class_ap);
  result.ap50 = mean_ap(ap50);
}

// The largest weight that was drawn; results are complete if `weighted` accepts it.
std::int32_t evaluate_resamples(const WeightedAp& weighted, ResampledAp& result) {
  const auto resamples = static_cast<std::size_t>(result.options.resamples);
  std::atomic<std::int32_t> largest{0};
  const std::size_t tasks = (resamples + kResamplesPerTask - 1) / kResamplesPerTask;
  parallel_for(tasks, result.options.threads, [&](std::size_t task) {
    WeightedAp::Workspace workspace = weighted.workspace();
    const std::span<std::int32_t> weights = workspace.weights();
    std::vector<WeightedAp::ClassAp> classes(weighted.classes());
    const std::size_t end = std::min(resamples, (task + 1) * kResamplesPerTask);
    for (std::size_t first = task * kResamplesPerTask; first < end; first += kChoices) {
      const std::size_t count = std::min(kChoices, end - first);
      std::ranges::fill(weights, 0);
      for (std::size_t c = 0; c < count; ++c) {
        draw_resample(result.options.seed, first + c, result.image_ids.size(), weights.subspan(c),
                      kChoices);
      }
      const std::int32_t most = std::ranges::max(weights);
      for (std::int32_t seen = largest;
           seen < most && !largest.compare_exchange_weak(seen, most);) {
      }
      if (most > weighted.max_weight()) return;
      weighted.evaluate(workspace, classes);
      for (std::size_t c = 0; c < count; ++c) store(classes, c, first + c, result);
    }
  });
  return largest;
}

// What an interval rests on.
struct Support {
  double degrees = 0;    // of freedom
  double inflation = 1;  // of the standard error, to be that of an unbiased variance
};

Support support_of(std::int64_t images) {
  const auto n = static_cast<double>(images);
  return {n - 1, std::sqrt(n / (n - 1))};
}

// The probability of either tail that the quantiles are taken at: smaller than (1 - confidence)
// / 2.
double tail_of(double confidence, const Support& support) {
  const double reach =
      support.inflation * student_t_quantile((1 + confidence) / 2, support.degrees);
  return normal_cdf(-reach);
}

// Differences of the resamples in which both have a value, ascending.
std::vector<double> differences(std::span<const double> baseline, std::span<const double> network) {
  std::vector<double> result;
  result.reserve(baseline.size());
  for (std::size_t b = 0; b < baseline.size(); ++b) {
    if (baseline[b] >= 0 && network[b] >= 0) result.push_back(network[b] - baseline[b]);
  }
  std::ranges::sort(result);
  return result;
}

std::optional<Difference> difference(double baseline, double network,
                                     std::span<const double> baseline_resamples,
                                     std::span<const double> network_resamples, double confidence,
                                     const Support& support) {
  if (baseline < 0 || network < 0 || !(support.degrees > 0)) return std::nullopt;
  const std::vector<double> resampled = differences(baseline_resamples, network_resamples);
  if (resampled.empty()) return std::nullopt;
  const double tail = tail_of(confidence, support);
  return Difference{network - baseline, quantile(resampled, tail), quantile(resampled, 1 - tail),
                    summarize(resampled).stddev};
}

// Of the mean over classes, each of which contributes its variance.
Support support_of(std::span<const ClassDifference> classes, std::int64_t images) {
  double variance = 0, unbiased = 0, squares = 0;
  for (const ClassDifference& of_class : classes) {
    if (!of_class.ap) continue;
    const double part = of_class.ap->standard_error * of_class.ap->standard_error;
    const auto n = static_cast<double>(of_class.object_images);
    variance += part;
    unbiased += part * n / (n - 1);
    squares += part * part / (n - 1);
  }
  if (!(squares > 0)) return support_of(images);
  return {std::min(variance * variance / squares, static_cast<double>(images) - 1),
          std::sqrt(unbiased / variance)};
}

}  // namespace

void draw_resample(std::uint64_t seed, std::uint64_t resample, std::size_t images,
                   std::span<std::int32_t> weights, std::size_t stride) {
  const std::uint64_t stream = split_mix(seed, resample);
  for (std::size_t j = 0; j < images; ++j) {
    ++weights[high_word_of_product(split_mix(stream, j), images) * stride];
  }
}

Result<ResampledAp> resample_ap(const MatchedDetections& matched, const BootstrapOptions& options) {
  QYOLO_CHECK_OK(check(options, matched.image_ids.size()));
  ResampledAp result;
  result.options = options;
  result.image_ids = matched.image_ids;
  for (const MatchedClass& of_class : matched.classes) {
    result.category_ids.push_back(of_class.category_id);
    result.objects.push_back(of_class.object_count());
    result.object_images.push_back(static_cast<std::int64_t>(of_class.objects.size()));
  }
  const auto resamples = static_cast<std::size_t>(options.resamples);
  result.resampled_ap.resize(resamples);
  result.resampled_ap50.resize(resamples);
  result.resampled_class_ap.resize(matched.classes.size() * resamples);
  evaluate_as_is(WeightedAp(matched, 1), result);
  std::int32_t max_weight = kUsualMaxWeight;
  for (;;) {
    const std::int32_t drawn = evaluate_resamples(WeightedAp(matched, max_weight), result);
    if (drawn <= max_weight) return result;
    max_weight = std::max(drawn, max_weight * 2);
  }
}

Result<PairedDifference> paired_difference(const ResampledAp& baseline, const ResampledAp& network,
                                           double tolerance) {
  if (!(tolerance >= 0 && tolerance <= 1)) {
    return error("bootstrap: the tolerance must be from 0 to 1, found {}", tolerance);
  }
  if (baseline.image_ids != network.image_ids || baseline.category_ids != network.category_ids ||
      baseline.objects != network.objects) {
    return error("bootstrap: the two networks were not evaluated on the same images and objects");
  }
  const BootstrapOptions& options = network.options;
  if (baseline.options.seed != options.seed || baseline.options.resamples != options.resamples) {
    return error(
        "bootstrap: the two networks were not resampled alike (seed {} and {}, {} and {} "
        "resamples)",
        baseline.options.seed, options.seed, baseline.options.resamples, options.resamples);
  }
  PairedDifference result;
  result.options = options;
  result.tolerance = tolerance;
  result.images = static_cast<std::int64_t>(network.image_ids.size());
  const auto resamples = static_cast<std::size_t>(options.resamples);
  result.classes.resize(network.category_ids.size());
  parallel_for(result.classes.size(), options.threads, [&](std::size_t k) {
    const auto of_class = [&](const ResampledAp& side) {
      return std::span(side.resampled_class_ap).subspan(k * resamples, resamples);
    };
    result.classes[k] = {
        network.category_ids[k], network.objects[k], network.object_images[k],
        difference(baseline.class_ap[k], network.class_ap[k], of_class(baseline), of_class(network),
                   options.confidence, support_of(network.object_images[k]))};
  });
  const Support support = support_of(result.classes, result.images);
  result.effective_images = support.degrees + 1;
  result.ap = difference(baseline.ap, network.ap, baseline.resampled_ap, network.resampled_ap,
                         options.confidence, support);
  result.ap50 = difference(baseline.ap50, network.ap50, baseline.resampled_ap50,
                           network.resampled_ap50, options.confidence, support);
  for (const std::int64_t objects : network.objects) result.objects += objects;
  std::size_t defined = 0, above = 0;
  for (std::size_t b = 0; b < resamples; ++b) {
    if (network.resampled_ap[b] < 0) continue;
    ++defined;
    above += baseline.resampled_ap[b] - network.resampled_ap[b] > tolerance ? 1 : 0;
  }
  if (defined > 0) {
    result.loss_above_tolerance = static_cast<double>(above) / static_cast<double>(defined);
  }
  return result;
}

}  // namespace qyolo::metrics
