// How sure a cell's difference from the baseline is.
#pragma once

#include <optional>
#include <span>

#include "common/coco_types.h"
#include "common/result.h"
#include "harness/cell/experiment.h"
#include "metrics/bootstrap.h"

namespace qyolo::harness {

// Keeps the baseline on all resamples (8 bytes per class and resample), so that a cell costs only
// its own share. Not for use from several threads at once; the ground truth must outlive it.
class Uncertainty {
 public:
  Uncertainty(const UncertaintyOptions& options, const GroundTruth& truth, int threads);

  // No comparison is wanted: the experiment asks for no resamples.
  [[nodiscard]] bool off() const { return options_.resamples == 0; }
  [[nodiscard]] bool has_baseline() const { return baseline_.has_value(); }

  // `detections` as evaluated. REQUIRES: not off().
  Status set_baseline(std::span<const Detection> detections);
  // `tolerance`: a fraction of AP. REQUIRES: has_baseline().
  [[nodiscard]] Result<metrics::PairedDifference> compare(std::span<const Detection> detections,
                                                          double tolerance) const;
  // By the tolerance and the margin of the options.
  [[nodiscard]] Result<metrics::PairedDifference> compare(
      std::span<const Detection> detections) const;
  // Whether a difference was made with the resamples, seed, tolerance and margin of the
  // options.
  [[nodiscard]] bool is_of_these(const metrics::PairedDifference& difference) const;

 private:
  [[nodiscard]] Result<metrics::ResampledAp> resample(std::span<const Detection> detections) const;

  UncertaintyOptions options_;
  const GroundTruth& truth_;
  int threads_;
  std::optional<metrics::ResampledAp> baseline_;
};

}  // namespace qyolo::harness
