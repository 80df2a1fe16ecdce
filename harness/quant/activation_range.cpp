#include "harness/quant/activation_range.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>
#include "harness/quant/rounding.h"

namespace qyolo::quant {
namespace {

// --- percentile ---

double quantile(const ActivationHistogram& histogram, double fraction) {
  const Interval extremes = histogram.extremes();
  const double target = fraction * static_cast<double>(histogram.count());
  const auto bins = histogram.bins();
  double below = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const double content = static_cast<double>(bins[i]);
    if (content > 0 && below + content >= target) {
      const double edge = static_cast<double>(histogram.first_bin() + static_cast<std::int64_t>(i));
      const double begin = std::max(edge * histogram.width(), extremes.low);
      const double end = std::min((edge + 1) * histogram.width(), extremes.high);
      return begin + (end - begin) * std::clamp((target - below) / content, 0.0, 1.0);
    }
    below += content;
  }
  return extremes.high;
}

// --- mse ---

struct WeightedValue {
  double value = 0;
  double count = 0;
};

std::vector<WeightedValue> centres(const ActivationHistogram& histogram) {
  const Interval extremes = histogram.extremes();
  std::vector<WeightedValue> values;
  const auto bins = histogram.bins();
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (bins[i] == 0) continue;
    const double bin = static_cast<double>(histogram.first_bin() + static_cast<std::int64_t>(i));
    values.push_back({std::clamp((bin + 0.5) * histogram.width(), extremes.low, extremes.high),
                      static_cast<double>(bins[i])});
  }
  return values;
}

// Sum of count (x - x^)^2.
double squared_error(std::span<const WeightedValue> values,
                     const ActivationParameters& parameters) {
  const double scale = static_cast<double>(parameters.scale);
  const double low = -static_cast<double>(parameters.zero_point);
  const double high = low + static_cast<double>((1 << parameters.bits) - 1);
  double sum = 0;
  for (const WeightedValue& at : values) {
    // Limits are integers, so that limiting before rounding is the same.
    const double code = round_half_even(std::clamp(at.value / scale, low, high));
    const double difference = at.value - code * scale;
    sum += at.count * (difference * difference);
  }
  return sum;
}

Interval least_squares_range(const ActivationHistogram& histogram, int bits) {
  constexpr int kSteps = 100;
  const std::vector<WeightedValue> values = centres(histogram);
  const Interval extremes = histogram.extremes();
  const double min = std::min(extremes.low, 0.0);
  const double max = std::max(extremes.high, 0.0);
  const auto range = [&](int low, int high) {
    return Interval{min * low / kSteps, max * high / kSteps};
  };
  int low = kSteps, high = kSteps;
  double least = squared_error(values, activation_parameters(range(low, high), bits));
  // Takes a candidate that is strictly better.
  const auto consider = [&](int candidate_low, int candidate_high) {
    const double value =
        squared_error(values, activation_parameters(range(candidate_low, candidate_high), bits));
    if (value >= least) return false;
    least = value;
    low = candidate_low;
    high = candidate_high;
    return true;
  };
  for (bool changed = true; std::exchange(changed, false);) {
    for (int i = kSteps; max > 0 && i >= 0; --i) changed |= consider(low, i);
    for (int i = kSteps; min < 0 && i >= 0; --i) changed |= consider(i, high);
  }
  return range(low, high);
}

// --- entropy ---

struct Magnitudes {
  double width = 0;
  std::vector<double> bins;  // from 0 on
};

Magnitudes magnitudes_of(const ActivationHistogram& histogram) {
  constexpr std::size_t kMost = 4096;
  Magnitudes result{histogram.width(), {}};
  const auto bins = histogram.bins();
  const auto magnitude_bin = [&](std::size_t i) {
    const std::int64_t bin = histogram.first_bin() + static_cast<std::int64_t>(i);
    return static_cast<std::size_t>(bin < 0 ? -bin - 1 : bin);
  };
  const std::size_t last = std::max(magnitude_bin(0), magnitude_bin(bins.size() - 1));
  // Far from 0 there are many empty bins before the first: merge before they are made.
  int steps = 0;
  while ((last >> steps) >= kMost) ++steps;
  result.width = std::ldexp(result.width, steps);
  result.bins.resize((last >> steps) + 1);
  for (std::size_t i = 0; i < bins.size(); ++i)
    result.bins[magnitude_bin(i) >> steps] += static_cast<double>(bins[i]);
  return result;
}

// Prefix sums, so that a sum over neighbouring bins is one difference. Counts are integers below
// 2^53, so that these are exact.
struct Prefix {
  std::vector<double> content{0};  // of the bins before i
  std::vector<double> filled{0};   // how many of them are not empty
  std::vector<double> plogp{0};    // sum of c log c over them

  explicit Prefix(std::span<const double> bins) {
    for (const double bin : bins) {
      content.push_back(content.back() + bin);
      filled.push_back(filled.back() + (bin > 0 ? 1 : 0));
      plogp.push_back(plogp.back() + (bin > 0 ? bin * std::log(bin) : 0));
    }
  }
};

// D(i). With c the counts, n their sum, o the outliers and k their sum over the first i bins:
// P = (c + [last] o) / n and Q = (level's content / level's filled bins) / k, so that
// D = sum P log P - sum over levels of (level's P) log(level's Q).
double divergence(const Prefix& prefix, std::size_t bins, std::size_t levels) {
  const double total = prefix.content.back();
  const double kept = prefix.content[bins];
  const double outliers = total - kept;
  if (kept == 0) return std::numeric_limits<double>::infinity();
  const double last = kept - prefix.content[bins - 1];
  const double reference = last + outliers;
  const double plogp =
      prefix.plogp[bins - 1] + (reference > 0 ? reference * std::log(reference) : 0);
  double cross = 0;
  std::size_t begin = 0;
  for (std::size_t level = 0; level < levels; ++level) {
    const std::size_t end = (level + 1) * bins / levels;
    const double content = prefix.content[end] - prefix.content[begin];
    double mass = content;
    double filled = prefix.filled[end] - prefix.filled[begin];
    if (end == bins) {
      mass += outliers;
      if (last == 0 && outliers > 0) filled += 1;
    }
    if (mass > 0 && content == 0) return std::numeric_limits<double>::infinity();
    if (mass > 0) cross += mass * std::log(content / filled / kept);
    begin = end;
  }
  return (plogp - total * std::log(total) - cross) / total;
}

double entropy_threshold(const ActivationHistogram& histogram, int bits) {
  const Magnitudes magnitudes = magnitudes_of(histogram);
  const Prefix prefix(magnitudes.bins);
  const std::size_t levels = std::size_t{1} << (bits - 1);
  double least = std::numeric_limits<double>::infinity();
  double threshold = std::numeric_limits<double>::infinity();
  for (std::size_t i = magnitudes.bins.size(); i >= levels; --i) {
    const double value = divergence(prefix, i, levels);
    if (value >= least) continue;
    least = value;
    threshold = (static_cast<double>(i) + 0.5) * magnitudes.width;
  }
  return threshold;
}

}  // namespace

Interval find_activation_range(const ActivationHistogram& histogram,
                               const CalibrationMethod& method, int bits) {
  const Interval extremes = histogram.extremes();
  if (histogram.count() == 0) return extremes;
  switch (method.kind) {
    case CalibrationMethod::Kind::kMinMax:
      break;
    case CalibrationMethod::Kind::kPercentile:
      return {quantile(histogram, 1 - method.percentile / 100),
              quantile(histogram, method.percentile / 100)};
    case CalibrationMethod::Kind::kMse:
      return least_squares_range(histogram, bits);
    case CalibrationMethod::Kind::kEntropy: {
      const double threshold = entropy_threshold(histogram, bits);
      return {std::clamp(extremes.low, -threshold, threshold),
              std::clamp(extremes.high, -threshold, threshold)};
    }
  }
  return extremes;
}

double expected_squared_error(const ActivationHistogram& histogram,
                              const ActivationParameters& parameters) {
  if (histogram.count() == 0) return 0;
  return squared_error(centres(histogram), parameters) / static_cast<double>(histogram.count());
}

}  // namespace qyolo::quant
