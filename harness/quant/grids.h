// The values that weights of a group can take: what every code of every region decodes to, in
// ascending order. All that calibrated rounding knows of a scheme.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/quant/scheme.h"

namespace qyolo::quant {

// A code and its region.
struct Level {
  std::int8_t code = 0;
  std::uint8_t region = kCentre;
  bool operator==(const Level&) const = default;
};

// Every level of a scheme, the centre first.
[[nodiscard]] std::vector<Level> all_levels(const Scheme& scheme, const SchemeOptions& options);

// One grid per slot. Thread-safe for reading.
class Grids {
 public:
  Grids(const Scheme& scheme, const SchemeOptions& options, std::size_t slots);

  // Makes the slot's grid that of a group with these parameters.
  void set(std::size_t slot, const GroupParameters& parameters);

  // The place of the value nearest to `target` (of two, the lower one).
  // REQUIRES: the slot has been set; target is no NaN.
  [[nodiscard]] std::size_t nearest(std::size_t slot, double target) const {
    const float* const values = values_.data() + slot * count_;
    std::size_t low = 0;
    for (std::size_t left = count_; left > 1;) {
      const std::size_t half = left / 2;
      low += static_cast<double>(values[low + half]) <= target ? half : 0;
      left -= half;
    }
    if (low + 1 == count_) return low;
    const double below = static_cast<double>(values[low]);
    const double above = static_cast<double>(values[low + 1]);
    return target - below > above - target ? low + 1 : low;
  }
  [[nodiscard]] double value(std::size_t slot, std::size_t place) const {
    return static_cast<double>(values_[slot * count_ + place]);
  }
  [[nodiscard]] Level level(std::size_t slot, std::size_t place) const {
    return levels_[order_[slot * count_ + place]];
  }

 private:
  const Scheme& scheme_;
  SchemeOptions options_;
  std::vector<Level> levels_;
  std::size_t count_;
  std::vector<float> values_;         // of each slot, ascending
  std::vector<std::uint16_t> order_;  // into levels_
};

}  // namespace qyolo::quant
