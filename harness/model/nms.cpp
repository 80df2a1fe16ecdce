#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

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

// Indices of the candidates by descending score, of equal scores the earlier first. Sorted only as
// far as they are asked for: NMS usually ends long before the last one.
class ByDescendingScore {
 public:
  ByDescendingScore(std::span<const Candidate> candidates, std::size_t limit)
      : size_(std::min(candidates.size(), limit)) {
    keys_.reserve(candidates.size());
    for (const Candidate& candidate : candidates)
      keys_.push_back(std::uint64_t{descending(candidate.score)} << 32 | keys_.size());
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  // REQUIRES: place < size().
  std::size_t operator[](std::size_t place) {
    while (place >= sorted_) sort_more();
    return keys_[place] & 0xffffffffU;
  }

 private:
  // Ascends as the score descends; the same for both zeros.
  static std::uint32_t descending(float score) {
    const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);
    constexpr std::uint32_t kSign = 0x80000000U;
    return (bits & kSign) != 0 ? bits : ~(bits | kSign);
  }

  void sort_more() {
    constexpr std::size_t kFirst = 1024;
    const auto at = [&](std::size_t place) {
      return keys_.begin() + static_cast<std::ptrdiff_t>(place);
    };
    const std::size_t end = std::min(keys_.size(), std::max(kFirst, 4 * sorted_));
    if (end < keys_.size()) std::nth_element(at(sorted_), at(end), keys_.end());
    std::sort(at(sorted_), at(end));
    sorted_ = end;
  }

  std::vector<std::uint64_t> keys_;  // score, then index
  std::size_t size_;
  std::size_t sorted_ = 0;
};

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
  ByDescendingScore order(candidates,
                          static_cast<std::size_t>(std::max(options.max_candidates, 0)));
  const auto limit = static_cast<std::size_t>(std::max(options.max_detections, 0));
  const bool apart = classes_are_apart(candidates);

  std::vector<Candidate> kept;
  std::vector<std::vector<OffsetBox>> kept_boxes;  // by class; all in one where classes can touch
  for (std::size_t place = 0; place < order.size() && kept.size() < limit; ++place) {
    const Candidate& candidate = candidates[order[place]];
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
