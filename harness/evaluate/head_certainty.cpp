#include "harness/evaluate/head_certainty.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "metrics/statistics.h"

namespace qyolo::harness {
namespace {

constexpr double kSmallestProbability = 1e-7;
// An anchor below this cannot become a detection under the usual threshold of evaluation.
constexpr float kLeastScored = 0.001F;
constexpr std::size_t kObjectness = 4, kScores = 5;  // places in a row
// Some 100 kB each for 80 classes at 640 pixels.
constexpr std::size_t kMostImages = 1000;

double square(double value) { return value * value; }

}  // namespace

double bernoulli_kl(double p, double q) {
  p = std::clamp(p, kSmallestProbability, 1 - kSmallestProbability);
  q = std::clamp(q, kSmallestProbability, 1 - kSmallestProbability);
  return std::max(0.0, p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q)));
}

std::optional<HeadCertainty> summarize(std::span<const HeadComparison> images) {
  if (images.empty()) return std::nullopt;
  const auto count = static_cast<double>(images.size());
  std::vector<double> divergences;
  HeadCertainty found;
  found.images = static_cast<std::int64_t>(images.size());
  std::int64_t changed = 0;
  for (const HeadComparison& image : images) {
    if (!std::isfinite(image.kl)) return std::nullopt;
    divergences.push_back(image.kl);
    found.top += image.top;
    changed += image.changed;
  }
  const metrics::Summary summary = metrics::summarize(divergences);
  found.kl = summary.mean;
  found.kl_standard_error = summary.stddev / std::sqrt(count);
  found.kl_median = summary.median;
  found.kl_p999 = metrics::quantile(divergences, 0.999);
  found.kl_max = summary.max;
  if (found.top == 0) return found;
  found.changed = static_cast<double>(changed) / static_cast<double>(found.top);
  double squares = 0;
  for (const HeadComparison& image : images) {
    squares +=
        square(static_cast<double>(image.changed) - found.changed * static_cast<double>(image.top));
  }
  if (images.size() > 1) {
    found.changed_standard_error =
        std::sqrt(squares * count / (count - 1)) / static_cast<double>(found.top);
  }
  return found;
}

ReferenceScores::Top ReferenceScores::top_of(float objectness,
                                             std::span<const float> class_scores) const {
  if (classes_ == 1) return {objectness, 0};  // the class score of one class is untrained
  const auto best = std::ranges::max_element(class_scores);
  return {objectness * *best, static_cast<std::size_t>(best - class_scores.begin())};
}

void ReferenceScores::keep(std::size_t image, std::span<const float> rows) {
  const std::size_t columns = kScores + classes_;
  Image& kept = images_[image];
  kept = {};
  for (std::size_t at = 0; at < rows.size(); at += columns) {
    const float objectness = rows[at + kObjectness];
    kept.objectness.push_back(objectness);
    if (objectness < kLeastScored) continue;
    const auto scores = rows.subspan(at + kScores, classes_);
    kept.class_scores.insert(kept.class_scores.end(), scores.begin(), scores.end());
  }
  kept.class_scores.shrink_to_fit();
}

HeadComparison ReferenceScores::compare(std::size_t image, std::span<const float> rows) const {
  const std::size_t columns = kScores + classes_;
  const Image& reference = images_[image];
  HeadComparison compared;
  std::size_t next = 0;
  bool finite = true;
  for (std::size_t anchor = 0; anchor < reference.objectness.size(); ++anchor) {
    const float expected = reference.objectness[anchor];
    const float found = rows[anchor * columns + kObjectness];
    const auto scores = rows.subspan(anchor * columns + kScores, classes_);
    finite = finite && std::isfinite(expected) && std::isfinite(found);
    compared.kl += bernoulli_kl(double{expected}, double{found});
    Top before, after;
    if (expected >= kLeastScored) {
      const auto known = std::span(reference.class_scores).subspan(next, classes_);
      next += classes_;
      const auto usable = [](float score) { return std::isfinite(score); };
      finite = finite && std::ranges::all_of(known, usable) && std::ranges::all_of(scores, usable);
      for (std::size_t c = 0; classes_ > 1 && c < classes_; ++c)
        compared.kl += double{expected} * bernoulli_kl(double{known[c]}, double{scores[c]});
      before = top_of(expected, known);
    }
    if (found >= kTopScore) after = top_of(found, scores);
    const bool was = before.score >= kTopScore, is = after.score >= kTopScore;
    if (!was && !is) continue;
    ++compared.top;
    if (was != is || before.class_index != after.class_index) ++compared.changed;
  }
  if (!finite) compared.kl = std::numeric_limits<double>::infinity();
  return compared;
}

std::vector<bool> images_looked_at(std::size_t count) {
  std::vector<bool> looked_at(count, count <= kMostImages);
  for (std::size_t i = 0; count > kMostImages && i < kMostImages; ++i)
    looked_at[i * count / kMostImages] = true;
  return looked_at;
}

}  // namespace qyolo::harness
