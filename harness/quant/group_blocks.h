// Walking a tensor group by group: runs of neighbouring groups, with a copy in group order where a
// group's positions are strided.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/parallel.h"
#include "harness/quant/granularity.h"

namespace qyolo::quant {

// Some consecutive groups. If they are not contiguous, they are at most kMostStrided, of one size,
// and differ by their offsets only. The shape and the granularity must outlive the block.
class GroupBlock {
 public:
  static constexpr std::size_t kMostStrided = 16;

  GroupBlock(const Shape& shape, const Granularity& granularity, std::size_t first,
             std::size_t count)
      : shape_(shape),
        granularity_(granularity),
        first_(first),
        count_(count),
        shared_(group(0)),
        contiguous_(shared_.contiguous()) {
    if (contiguous_) return;
    stride_ = static_cast<std::size_t>(shared_.size()) + kPadding;
    for (std::size_t i = 0; i < count; ++i) offsets_[i] = group(i).offset;
  }

  [[nodiscard]] std::size_t first() const { return first_; }
  [[nodiscard]] std::size_t count() const { return count_; }

  // The values of group i of the block: in the tensor if contiguous, else in the copy that gather()
  // made or scatter() will read.
  template <class T, class Buffer>
  [[nodiscard]] std::span<T> values(std::span<T> tensor, Buffer& copy, std::size_t i) const {
    if (contiguous_) {
      const Group found = group(i);
      return tensor.subspan(static_cast<std::size_t>(found.offset),
                            static_cast<std::size_t>(found.size()));
    }
    return std::span<T>(copy).subspan(i * stride_, static_cast<std::size_t>(shared_.size()));
  }

  template <class T>
  void gather(std::span<const T> tensor, std::vector<T>& copy) const {
    prepare(copy);
    for_each_position(
        [&](std::size_t in_copy, std::size_t in_tensor) { copy[in_copy] = tensor[in_tensor]; });
  }
  template <class T>
  void prepare(std::vector<T>& copy) const {
    if (!contiguous_) copy.resize(stride_ * count_);
  }
  template <class T>
  void scatter(const std::vector<T>& copy, std::span<T> tensor) const {
    for_each_position(
        [&](std::size_t in_copy, std::size_t in_tensor) { tensor[in_tensor] = copy[in_copy]; });
  }

 private:
  // Keeps neighbouring rows of the copy off the same cache sets.
  static constexpr std::size_t kPadding = 16;

  // Groups innermost: neighbouring groups share cache lines of the tensor.
  template <class Function>
  void for_each_position(Function&& function) const {
    if (contiguous_) return;
    std::size_t place = 0;
    for (std::int64_t i = 0; i < shared_.outer; ++i) {
      for (std::int64_t j = 0; j < shared_.inner; ++j, ++place) {
        const std::int64_t position = i * shared_.stride_outer + j * shared_.stride_inner;
        for (std::size_t g = 0; g < count_; ++g) {
          function(g * stride_ + place, static_cast<std::size_t>(offsets_[g] + position));
        }
      }
    }
  }

  [[nodiscard]] Group group(std::size_t i) const {
    return granularity_.group(shape_, static_cast<std::int64_t>(first_ + i));
  }

  const Shape& shape_;
  const Granularity& granularity_;
  std::size_t first_;
  std::size_t count_;
  Group shared_;  // the first group; of a block that is not contiguous, all but the offset
  bool contiguous_;
  std::size_t stride_ = 0;  // between the groups of a copy
  std::array<std::int64_t, kMostStrided> offsets_{};
};

// Calls body(block) for blocks that cover all groups, on up to `threads` threads.
inline void for_each_block(const Shape& shape, const Granularity& granularity, int threads,
                           const std::function<void(const GroupBlock&)>& body) {
  constexpr std::size_t kWeights = 65536;
  const auto groups = static_cast<std::size_t>(granularity.group_count(shape));
  const Group sample = granularity.group(shape, 0);
  const std::size_t most = sample.contiguous() ? kWeights : GroupBlock::kMostStrided;
  const std::size_t size =
      std::clamp(kWeights / static_cast<std::size_t>(sample.size()), std::size_t{1}, most);
  parallel_for((groups - 1) / size + 1, threads, [&](std::size_t i) {
    const std::size_t first = i * size;
    body(GroupBlock(shape, granularity, first, std::min(size, groups - first)));
  });
}

}  // namespace qyolo::quant
