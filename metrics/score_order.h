// The order of detections by score.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace qyolo::metrics {

// Positions 0..n-1 by descending score; equal scores (0 and -0 are equal) keep their order.
// Linear: a radix sort on the leading bits, then a comparison sort of what they leave equal.
// REQUIRES: no NaN; fewer than 2^32 scores.
[[nodiscard]] std::vector<std::uint32_t> descending_order(std::span<const double> scores);

}  // namespace qyolo::metrics
