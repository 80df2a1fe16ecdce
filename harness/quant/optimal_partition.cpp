#include "harness/quant/optimal_partition.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>

namespace qyolo::quant {
namespace {

constexpr std::size_t kMostPoints = 4096;
// What a number counts at least, of the mean weight: means of numbers that do not count lie among
// them all the same.
constexpr double kLeastShare = 1e-6;

struct Point {
  double at = 0;
  double weight = 0;
};

// Ascending; equal numbers together.
std::vector<Point> points_of(std::span<const float> numbers, std::span<const double> weights) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  const double mean = total > 0 ? total / static_cast<double>(weights.size()) : 1;
  std::vector<Point> points(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double weight = total > 0 ? weights[i] : 1;
    points[i] = {static_cast<double>(numbers[i]), std::max(weight / mean, kLeastShare)};
  }
  std::ranges::stable_sort(points, {}, &Point::at);
  std::size_t kept = 0;
  for (const Point& point : points) {
    if (kept > 0 && points[kept - 1].at == point.at) {
      points[kept - 1].weight += point.weight;
    } else {
      points[kept++] = point;
    }
  }
  points.resize(kept);
  return points;
}

// Those in the same part of the range as one, at their mean.
std::vector<Point> thinned(const std::vector<Point>& points) {
  if (points.size() <= kMostPoints) return points;
  const double low = points.front().at;
  const double width = (points.back().at - low) / static_cast<double>(kMostPoints);
  std::vector<Point> parts;
  std::size_t last = kMostPoints;
  for (const Point& point : points) {
    const auto part = std::min(static_cast<std::size_t>((point.at - low) / width), kMostPoints - 1);
    if (part != last) {
      parts.push_back(point);
      last = part;
    } else {
      Point& whole = parts.back();
      const double weight = whole.weight + point.weight;
      whole.at += (point.at - whole.at) * point.weight / weight;
      whole.weight = weight;
    }
  }
  return parts;
}

class Partition {
 public:
  explicit Partition(const std::vector<Point>& points)
      : size_(points.size()), weight_(size_ + 1), first_(size_ + 1), second_(size_ + 1) {
    double sum = 0, weights = 0;
    for (const Point& point : points) {
      sum += point.weight * point.at;
      weights += point.weight;
    }
    centre_ = sum / weights;  // sums about it lose no digits
    for (std::size_t i = 0; i < size_; ++i) {
      const double at = points[i].at - centre_;
      weight_[i + 1] = weight_[i] + points[i].weight;
      first_[i + 1] = first_[i] + points[i].weight * at;
      second_[i + 1] = second_[i] + points[i].weight * at * at;
    }
  }

  // REQUIRES: count <= size.
  std::vector<double> means(std::size_t count) {
    std::vector<double> before(size_ + 1), now(size_ + 1);
    for (std::size_t end = 0; end <= size_; ++end) before[end] = cost(0, end);
    // begins[c][end]: where cluster c + 1 begins, of the best split of [0, end) into c + 2
    // clusters.
    std::vector<std::vector<std::uint16_t>> begins(count - 1,
                                                   std::vector<std::uint16_t>(size_ + 1));
    for (std::size_t c = 0; c + 1 < count; ++c) {
      fill(before, c + 2, size_, c + 1, size_ - 1, c + 1, now, begins[c]);
      std::swap(before, now);
    }
    std::vector<double> found(count);
    std::size_t end = size_;
    for (std::size_t c = count; c-- > 0;) {
      const std::size_t begin = c == 0 ? 0 : begins[c - 1][end];
      found[c] = centre_ + (first_[end] - first_[begin]) / (weight_[end] - weight_[begin]);
      end = begin;
    }
    return found;
  }

 private:
  [[nodiscard]] double cost(std::size_t begin, std::size_t end) const {
    if (end <= begin + 1) return 0;
    const double sum = first_[end] - first_[begin];
    return std::max(0.0,
                    second_[end] - second_[begin] - sum * sum / (weight_[end] - weight_[begin]));
  }

  // now[end] = least of before[begin] + cost(begin, end), for ends in [low, high] whose best begins
  // lie in [least, most]: they do not fall as ends rise.
  void fill(const std::vector<double>& before, std::size_t low, std::size_t high, std::size_t least,
            std::size_t most, std::size_t clusters, std::vector<double>& now,
            std::vector<std::uint16_t>& begins) const {
    if (low > high) return;
    const std::size_t end = low + (high - low) / 2;
    std::size_t best = std::max(least, clusters);
    double value = std::numeric_limits<double>::infinity();
    for (std::size_t begin = best; begin <= std::min(most, end - 1); ++begin) {
      const double candidate = before[begin] + cost(begin, end);
      if (candidate < value) {
        value = candidate;
        best = begin;
      }
    }
    now[end] = value;
    begins[end] = static_cast<std::uint16_t>(best);
    fill(before, low, end - 1, least, best, clusters, now, begins);
    fill(before, end + 1, high, best, most, clusters, now, begins);
  }

  std::size_t size_;
  double centre_ = 0;
  std::vector<double> weight_, first_, second_;  // sums over the points before
};

}  // namespace

std::vector<double> cluster_means(std::span<const float> numbers, std::span<const double> weights,
                                  std::size_t count) {
  const std::vector<Point> points = points_of(numbers, weights);
  if (points.size() <= count) {
    std::vector<double> means;
    for (const Point& point : points) means.push_back(point.at);
    means.resize(count, means.back());
    return means;
  }
  const std::vector<Point> parts = thinned(points);
  std::vector<double> means = Partition(parts).means(std::min(count, parts.size()));
  means.resize(count, means.back());
  return means;
}

}  // namespace qyolo::quant
