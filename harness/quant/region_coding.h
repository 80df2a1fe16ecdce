// Entropy coding of the region bits of a piecewise-linear scheme: whether each weight is in a tail.
//
// Each bit is predicted from what a decoder knows by then (the weight's k-bit field, the bits
// before it, its input channel), the predictions are mixed in the logistic domain by weights that
// are learnt on the way, and an arithmetic coder codes the bit with the mixed probability. All of
// it is integer arithmetic: every machine writes and reads the same bytes. There is exactly one
// coding of given bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/result.h"
#include "harness/quant/granularity.h"

namespace qyolo::quant {

// tails: 0 or 1 per weight, in the tensor's memory order. fields: the weights' k-bit fields (see
// packing.h). REQUIRES: spans of shape.size().
[[nodiscard]] std::vector<std::byte> encode_regions(std::span<const std::uint8_t> tails,
                                                    std::span<const std::uint8_t> fields,
                                                    const Shape& shape);
// Fails unless `coded` is what encode_regions() makes of some bits; always ends, and never reads
// outside `coded`.
Status decode_regions(std::span<const std::byte> coded, std::span<const std::uint8_t> fields,
                      const Shape& shape, std::span<std::uint8_t> tails);

}  // namespace qyolo::quant
