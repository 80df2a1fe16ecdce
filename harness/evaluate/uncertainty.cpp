#include "harness/evaluate/uncertainty.h"

#include <cmath>

#include "metrics/matched_detections.h"
#include "metrics/verdict.h"

namespace qyolo::harness {

Uncertainty::Uncertainty(const UncertaintyOptions& options, const GroundTruth& truth, int threads)
    : options_(options), truth_(truth), threads_(threads) {}

Result<metrics::ResampledAp> Uncertainty::resample(std::span<const Detection> detections) const {
  metrics::BootstrapOptions options;
  options.resamples = options_.resamples;
  options.seed = options_.seed;
  options.threads = threads_;
  QYOLO_TRY(const auto matched, metrics::match_detections(truth_, detections, threads_));
  return metrics::resample_ap(matched, options);
}

Status Uncertainty::set_baseline(std::span<const Detection> detections) {
  QYOLO_TRY(baseline_, resample(detections));
  return {};
}

Result<metrics::PairedDifference> Uncertainty::compare(
    std::span<const Detection> detections) const {
  QYOLO_TRY(metrics::PairedDifference difference,
            compare(detections, options_.tolerance * metrics::kPoint));
  difference.margin = options_.margin * metrics::kPoint;
  return difference;
}

bool Uncertainty::is_of_these(const metrics::PairedDifference& difference) const {
  constexpr double kRounding = 1e-12;
  return difference.options.resamples == options_.resamples &&
         difference.options.seed == options_.seed &&
         std::abs(difference.tolerance - options_.tolerance * metrics::kPoint) < kRounding &&
         std::abs(difference.margin - options_.margin * metrics::kPoint) < kRounding;
}

Result<metrics::PairedDifference> Uncertainty::compare(std::span<const Detection> detections,
                                                       double tolerance) const {
  QYOLO_TRY(const metrics::ResampledAp network, resample(detections));
  return metrics::paired_difference(*baseline_, network, tolerance);
}

}  // namespace qyolo::harness
