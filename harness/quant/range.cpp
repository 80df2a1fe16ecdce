#include "harness/quant/range.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "harness/quant/kernels.h"

namespace qyolo::quant {
namespace {

Interval full_range(std::span<const float> weights, bool symmetric) {
  const Extremes extremes = find_extremes(weights);
  const double low = static_cast<double>(extremes.min);
  const double high = static_cast<double>(extremes.max);
  if (!symmetric) return {low, high};
  const double magnitude = std::max(std::abs(low), std::abs(high));
  return {-magnitude, magnitude};
}

// Linear interpolation between order statistics, as numpy.quantile by default. Reorders `values`.
double quantile(std::span<float> values, double fraction) {
  const double place = fraction * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), nth, values.end());
  const double lower = static_cast<double>(*nth);
  if (nth + 1 == values.end()) return lower;
  const double upper = static_cast<double>(*std::min_element(nth + 1, values.end()));
  return lower + (place - static_cast<double>(below)) * (upper - lower);
}

Interval percentile_range(std::span<const float> weights, double percentile, bool symmetric) {
  thread_local std::vector<float> values;
  values.assign(weights.begin(), weights.end());
  if (symmetric) {
    for (float& value : values) value = std::abs(value);
    const double magnitude = quantile(values, percentile / 100);
    return {-magnitude, magnitude};
  }
  const double low = quantile(values, 1 - percentile / 100);
  return {low, quantile(values, percentile / 100)};
}

}  // namespace

Interval find_range(std::span<const float> weights, const SchemeOptions& options, bool symmetric) {
  Interval range = full_range(weights, symmetric);
  if (options.range.kind == Range::Kind::kPercentile) {
    const Interval inner = percentile_range(weights, options.range.percentile, symmetric);
    if (inner.low < inner.high) range = inner;
  }
  if (options.include_zero) {
    range.low = std::min(range.low, 0.0);
    range.high = std::max(range.high, 0.0);
  }
  return range;
}

Interval shrink(const Interval& interval, double ratio) {
  const double anchor = std::clamp(0.0, interval.low, interval.high);
  return {anchor + ratio * (interval.low - anchor), anchor + ratio * (interval.high - anchor)};
}

}  // namespace qyolo::quant
