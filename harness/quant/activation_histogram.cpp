#include "harness/quant/activation_histogram.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "common/parallel.h"

namespace qyolo::quant {
namespace {

constexpr int kMinExponent = -149;                    // of the smallest denormal float
constexpr int kExponentBelowLargest = 30;             // bin numbers stay far inside 64 bits
constexpr std::size_t kGrain = std::size_t{1} << 16;  // values worth a thread

// floor(value / w); `inverse` is 1 / w, a power of two, so that the product is exact.
inline std::int64_t bin_of(double value, double inverse) {
  const double scaled = value * inverse;
  const auto truncated = static_cast<std::int64_t>(scaled);
  return truncated - (scaled < static_cast<double>(truncated) ? 1 : 0);
}

// floor(bin / 2^steps)
inline std::int64_t coarser(std::int64_t bin, int steps) { return bin >> std::min(steps, 63); }

int exponent_for(double min, double max) {
  const double magnitude = std::max(std::abs(min), std::abs(max));
  int exponent = kMinExponent;
  if (magnitude > 0) exponent = std::max(exponent, std::ilogb(magnitude) - kExponentBelowLargest);
  for (;; ++exponent) {
    const double inverse = std::ldexp(1.0, -exponent);
    if (bin_of(max, inverse) - bin_of(min, inverse) < ActivationHistogram::kMaxBins)
      return exponent;
  }
}

struct Slice {
  float min = std::numeric_limits<float>::infinity();
  float max = -std::numeric_limits<float>::infinity();
  std::int64_t not_finite = 0;
  std::vector<std::int64_t> bins = {};
};

void find_extremes(std::span<const float> values, Slice& slice) {
  for (const float value : values) {
    if (!std::isfinite(value)) {
      ++slice.not_finite;
      continue;
    }
    slice.min = value < slice.min ? value : slice.min;
    slice.max = value > slice.max ? value : slice.max;
  }
}

}  // namespace

double ActivationHistogram::width() const { return std::ldexp(1.0, exponent_); }

void ActivationHistogram::cover(double min, double max) {
  const bool empty = bins_.empty();
  min_ = empty ? min : std::min(min_, min);
  max_ = empty ? max : std::max(max_, max);
  const int exponent = exponent_for(min_, max_);
  const double inverse = std::ldexp(1.0, -exponent);
  const std::int64_t first = bin_of(min_, inverse);
  const std::int64_t last = bin_of(max_, inverse);
  std::vector<std::int64_t> bins(static_cast<std::size_t>(last - first + 1));
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    const std::int64_t bin =
        coarser(first_ + static_cast<std::int64_t>(i), exponent - exponent_) - first;
    bins[static_cast<std::size_t>(bin)] += bins_[i];
  }
  exponent_ = exponent;
  first_ = first;
  bins_ = std::move(bins);
}

void ActivationHistogram::observe(std::span<const float> values, int threads) {
  const std::size_t most = static_cast<std::size_t>(threads > 0 ? threads : default_threads());
  const std::size_t count = std::clamp<std::size_t>(values.size() / kGrain, 1, most);
  std::vector<Slice> slices(count);
  const auto part = [&](std::size_t i) {
    const std::size_t begin = values.size() * i / count;
    return values.subspan(begin, values.size() * (i + 1) / count - begin);
  };
  parallel_for(count, threads, [&](std::size_t i) { find_extremes(part(i), slices[i]); });
  Slice all;
  for (const Slice& slice : slices) {
    all.min = std::min(all.min, slice.min);
    all.max = std::max(all.max, slice.max);
    all.not_finite += slice.not_finite;
  }
  not_finite_ += all.not_finite;
  if (all.min > all.max) return;
  cover(static_cast<double>(all.min), static_cast<double>(all.max));
  const double inverse = std::ldexp(1.0, -exponent_);
  const bool all_finite = all.not_finite == 0;
  parallel_for(count, threads, [&](std::size_t i) {
    std::vector<std::int64_t> bins(bins_.size());
    for (const float value : part(i)) {
      if (!all_finite && !std::isfinite(value)) continue;
      ++bins[static_cast<std::size_t>(bin_of(static_cast<double>(value), inverse) - first_)];
    }
    slices[i].bins = std::move(bins);
  });
  for (const Slice& slice : slices) {
    for (std::size_t i = 0; i < bins_.size(); ++i) bins_[i] += slice.bins[i];
  }
  count_ += static_cast<std::int64_t>(values.size()) - all.not_finite;
}

void ActivationHistogram::merge(const ActivationHistogram& other) {
  not_finite_ += other.not_finite_;
  if (other.bins_.empty()) return;
  cover(other.min_, other.max_);
  for (std::size_t i = 0; i < other.bins_.size(); ++i) {
    const std::int64_t bin =
        coarser(other.first_ + static_cast<std::int64_t>(i), exponent_ - other.exponent_) - first_;
    bins_[static_cast<std::size_t>(bin)] += other.bins_[i];
  }
  count_ += other.count_;
}

}  // namespace qyolo::quant
