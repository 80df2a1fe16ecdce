#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "harness/model/postprocess.h"

namespace qyolo::model {
namespace {

constexpr float kClassOffset = 4096;  // pixels between the boxes of neighbouring classes

// A box moved aside by its class, in FP32 as the official code does it: the rounding at the far end
// is part of the result.
struct OffsetBox {
  float x1, y1, x2, y2, area;

  explicit OffsetBox(const Candidate& candidate) {
    const float offset = static_cast<float>(candidate.class_index) * kClassOffset;
    x1 = candidate.x1 + offset, y1 = candidate.y1 + offset;
    x2 = candidate.x2 + offset, y2 = candidate.y2 + offset;
    area = (x2 - x1) * (y2 - y1);
  }

  [[nodiscard]] float iou(const OffsetBox& other) const {
    const float width = std::max(0.0F, std::min(x2, other.x2) - std::max(x1, other.x1));
    const float height = std::max(0.0F, std::min(y2, other.y2) - std::max(y1, other.y1));
    const float intersection = width * height;
    return intersection / (area + other.area - intersection);
  }
};

// Keeps the `limit` highest scores, highest first; of equal ones the earlier.
void keep_highest(std::vector<Candidate>& candidates, std::size_t limit) {
  std::vector<std::size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto before = [&](std::size_t a, std::size_t b) {
    return candidates[a].score != candidates[b].score ? candidates[a].score > candidates[b].score
                                                      : a < b;
  };
  if (order.size() > limit) {
    std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(limit), order.end(),
                     before);
    order.resize(limit);
  }
  std::sort(order.begin(), order.end(), before);
  std::vector<Candidate> kept;
  kept.reserve(order.size());
  for (const std::size_t i : order) kept.push_back(candidates[i]);
  candidates = std::move(kept);
}

// Whether boxes of different classes cannot touch, so that each class can be done by itself.
bool classes_are_apart(std::span<const Candidate> candidates) {
  constexpr float kRounding = 8;  // FP32 at the offset of class 10,000
  constexpr int kLargestClass = 10000;
  float low = std::numeric_limits<float>::infinity(), high = -low;
  for (const Candidate& candidate : candidates) {
    low = std::min(low, candidate.x1);
    high = std::max(high, candidate.x2);
    if (candidate.class_index > kLargestClass) return false;
  }
  return high - low < kClassOffset - kRounding;
}

}  // namespace

std::vector<Candidate> non_maximum_suppression(std::vector<Candidate> candidates,
                                               const PostprocessOptions& options) {
  keep_highest(candidates, static_cast<std::size_t>(std::max(options.max_candidates, 0)));
  const auto limit = static_cast<std::size_t>(std::max(options.max_detections, 0));
  const bool apart = classes_are_apart(candidates);

  std::vector<Candidate> kept;
  std::vector<std::vector<OffsetBox>> kept_boxes;  // by class; all in one where classes can touch
  for (const Candidate& candidate : candidates) {
    if (kept.size() == limit) break;
    const auto group = static_cast<std::size_t>(apart ? candidate.class_index : 0);
    if (group >= kept_boxes.size()) kept_boxes.resize(group + 1);
    const OffsetBox box(candidate);
    const bool suppressed = std::ranges::any_of(kept_boxes[group], [&](const OffsetBox& stronger) {
      return static_cast<double>(stronger.iou(box)) > options.iou;
    });
    if (suppressed) continue;
    kept.push_back(candidate);
    kept_boxes[group].push_back(box);
  }
  return kept;
}

}  // namespace qyolo::model
