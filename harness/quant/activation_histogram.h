// What calibration remembers of a tensor: its extremes and a histogram, in one pass.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/quant/range.h"

namespace qyolo::quant {

// Bins are [i w, (i + 1) w) for integers i, with one width w for all, a power of two: the smallest
// for which all values fall into at most kMaxBins neighbouring bins (at least 2^-149 and 2^-30 of
// the largest magnitude, so that a tensor of one value has a width, too). Where a value does not
// fit, w doubles and bins merge in pairs, exactly. What the histogram holds is therefore decided
// by the set of values alone: not by their order, nor by how they are cut into batches, nor by the
// number of threads. More than half of kMaxBins bins span the range, unless one of the two limits
// holds.
class ActivationHistogram {
 public:
  static constexpr std::int64_t kMaxBins = 8192;

  // NaN and infinities are only counted. threads 0: all.
  void observe(std::span<const float> values, int threads = 1);
  void merge(const ActivationHistogram& other);

  [[nodiscard]] std::int64_t count() const { return count_; }  // of finite values
  [[nodiscard]] std::int64_t not_finite() const { return not_finite_; }
  // The smallest and the largest value. 0 and 0 of none.
  [[nodiscard]] Interval extremes() const { return {min_, max_}; }

  // Counts of the bins from first_bin() on; the first and the last are not 0. Empty of no values.
  [[nodiscard]] std::span<const std::int64_t> bins() const { return bins_; }
  [[nodiscard]] std::int64_t first_bin() const { return first_; }
  [[nodiscard]] double width() const;

  bool operator==(const ActivationHistogram&) const = default;

 private:
  // Makes room for values in [min, max].
  void cover(double min, double max);

  std::int64_t count_ = 0;
  std::int64_t not_finite_ = 0;
  double min_ = 0;
  double max_ = 0;
  int exponent_ = 0;  // w = 2^exponent_
  std::int64_t first_ = 0;
  std::vector<std::int64_t> bins_;
};

}  // namespace qyolo::quant
