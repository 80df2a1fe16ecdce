#include "harness/quant/grids.h"

#include <algorithm>
#include <numeric>

namespace qyolo::quant {

std::vector<Level> all_levels(const Scheme& scheme, const SchemeOptions& options) {
  const CodeLayout layout = scheme.code_layout(options);
  std::vector<Level> levels;
  const auto add = [&](const CodeRange& range, std::uint8_t region) {
    for (int code = range.low; code <= range.high; ++code)
      levels.push_back({static_cast<std::int8_t>(code), region});
  };
  add(layout.centre, kCentre);
  if (!scheme.piecewise()) return levels;
  add(layout.tail, kPositiveTail);
  if (layout.side_bit) add(layout.tail, kNegativeTail);
  return levels;
}

Grids::Grids(const Scheme& scheme, const SchemeOptions& options, std::size_t slots)
    : scheme_(scheme),
      options_(options),
      levels_(all_levels(scheme, options)),
      count_(levels_.size()),
      values_(slots * count_),
      order_(slots * count_) {}

void Grids::set(std::size_t slot, const GroupParameters& parameters) {
  std::vector<std::int8_t> codes(count_);
  std::vector<std::uint8_t> regions(scheme_.piecewise() ? count_ : 0);
  for (std::size_t i = 0; i < count_; ++i) {
    codes[i] = levels_[i].code;
    if (!regions.empty()) regions[i] = levels_[i].region;
  }
  std::vector<float> decoded(count_);
  scheme_.decode(codes, regions, parameters, options_, decoded);
  const std::span<std::uint16_t> order = std::span(order_).subspan(slot * count_, count_);
  std::iota(order.begin(), order.end(), std::uint16_t{0});
  std::ranges::stable_sort(order, {}, [&](std::uint16_t i) { return decoded[i]; });
  for (std::size_t i = 0; i < count_; ++i) values_[slot * count_ + i] = decoded[order[i]];
}

}  // namespace qyolo::quant
