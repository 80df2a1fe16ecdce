#include "metrics/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace qyolo::metrics {
namespace {

std::vector<double> sorted(std::span<const double> samples) {
  std::vector<double> result(samples.begin(), samples.end());
  std::ranges::sort(result);
  return result;
}

double quantile_of_sorted(const std::vector<double>& samples, double q) {
  const double place = q * static_cast<double>(samples.size() - 1);
  const double below = std::floor(place);
  const auto index = static_cast<std::size_t>(below);
  const double low = samples[index];
  const double high = samples[std::min(index + 1, samples.size() - 1)];
  const double weight = place - below;
  // From the nearer end, so that the result never leaves [low, high].
  return weight < 0.5 ? low + (high - low) * weight : high - (high - low) * (1 - weight);
}

// Mean and sum of squared deviations, updated sample by sample (Welford 1962).
struct Moments {
  double mean = 0;
  double squares = 0;
};

Moments moments(std::span<const double> samples) {
  Moments result;
  double count = 0;
  for (const double sample : samples) {
    count += 1;
    const double deviation = sample - result.mean;
    result.mean += deviation / count;
    result.squares += deviation * (sample - result.mean);
  }
  return result;
}

}  // namespace

double quantile(std::span<const double> samples, double q) {
  return quantile_of_sorted(sorted(samples), q);
}

Summary summarize(std::span<const double> samples) {
  const std::vector<double> ordered = sorted(samples);
  const Moments found = moments(samples);
  Summary summary;
  summary.mean = found.mean;
  if (samples.size() > 1) {
    summary.stddev = std::sqrt(found.squares / static_cast<double>(samples.size() - 1));
  }
  summary.min = ordered.front();
  summary.median = quantile_of_sorted(ordered, 0.5);
  summary.p95 = quantile_of_sorted(ordered, 0.95);
  summary.p99 = quantile_of_sorted(ordered, 0.99);
  summary.max = ordered.back();
  std::vector<double> deviations;
  deviations.reserve(samples.size());
  for (const double sample : samples) deviations.push_back(std::abs(sample - summary.median));
  summary.mad = quantile(deviations, 0.5);
  return summary;
}

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

double normal_quantile(double p) {
  double low = -40, high = 40;
  for (;;) {
    const double middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    (normal_cdf(middle) < p ? low : high) = middle;
  }
}

double student_t_quantile(double p, double degrees) {
  const double z = normal_quantile(p);
  const double z2 = z * z;
  const double first = z * (z2 + 1) / 4;
  const double second = z * ((5 * z2 + 16) * z2 + 3) / 96;
  const double third = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
  return z + (first + (second + third / degrees) / degrees) / degrees;
}

}  // namespace qyolo::metrics
