// Encoded tensors as bytes: exactly the bits that a decoder needs, and back, bit for bit.
//
// Every part of a tensor is a byte string of its own:
//   codes        k bits per weight, in the tensor's memory order: the weight's code in two's
//                complement, or its magnitude below its sign (CodeLayout). A tail of a scheme with
//                a side bit (see CodeLayout): its code in k - 1 bits, and above it the side, 1 for
//                the negative tail
//   regions      of piecewise-linear schemes: 1 bit per weight, 1 in a tail; raw or entropy-coded
//   scales       group by group, FP32 or FP16 (SchemeStorage::scale_bits), or a byte each: E8M0 or
//                E4M3 (SchemeStorage::scale_format)
//   zero-points  group by group: FP32, FP16, or integers in two's complement of
//                SchemeStorage::zero_point_bits
//   breakpoints  group by group, FP32 or FP16
//   corrections  filter by filter, with bias correction: gain and offset, FP32
//   codebooks    group by group, the values of its codes, ascending: FP32 or FP16
//   tensor scale one FP32 value that all groups share
// Integers of a few bits follow each other as bit_stream.h says; floats are little-endian.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "harness/quant/quantize.h"

namespace qyolo::quant {

enum class Part : std::size_t {
  kCodes,
  kRegions,
  kScales,
  kZeroPoints,
  kBreakpoints,
  kCorrections,
  kCodebooks,
  kTensorScale
};
inline constexpr std::array kPartNames = {
    std::string_view("codes"),       std::string_view("regions"),
    std::string_view("scales"),      std::string_view("zero_points"),
    std::string_view("breakpoints"), std::string_view("corrections"),
    std::string_view("codebooks"),   std::string_view("tensor_scale")};
inline constexpr std::size_t kParts = kPartNames.size();

enum class RegionCoding {
  kRaw,      // 1 bit per weight
  kEntropy,  // see region_coding.h
};

// "raw", "entropy".
[[nodiscard]] std::string_view region_coding_name(RegionCoding coding);
Result<RegionCoding> parse_region_coding(std::string_view name);

using PartBytes = std::array<std::span<const std::byte>, kParts>;
using PartSizes = std::array<std::int64_t, kParts>;

struct PackedTensor {
  std::array<std::vector<std::byte>, kParts> parts;  // empty where the recipe has no such part

  [[nodiscard]] const std::vector<std::byte>& operator[](Part part) const {
    return parts[static_cast<std::size_t>(part)];
  }
  [[nodiscard]] PartBytes bytes() const;
};

// Bytes of each part with raw regions: each part of storage_bits(), rounded up.
// REQUIRES: every dimension of the shape is positive.
[[nodiscard]] PartSizes packed_sizes(const Recipe& recipe, const Shape& shape);

// REQUIRES: a tensor as quantize() makes it. threads 0: all.
[[nodiscard]] PackedTensor pack(const QuantizedTensor& tensor,
                                RegionCoding coding = RegionCoding::kRaw, int threads = 0);

// Trusts nothing but the recipe. Fails unless every part has the size that recipe and shape call
// for, every code lies in its region's range, unused bits are 0, parameters are finite, and scales
// are above 0: then the tensor is one that pack() turns into the same bytes again.
Result<QuantizedTensor> unpack(const Recipe& recipe, const Shape& shape, const PartBytes& parts,
                               RegionCoding coding = RegionCoding::kRaw, int threads = 0);

// The parts of filters [first, first + count) as a tensor of their own: of tensors whose groups lie
// in one filter each or have their positions in all (Granularity::of_filters()), with raw regions;
// nullopt of others. REQUIRES: parts of packed_sizes(); first % 8 == 0, and count % 8 == 0 unless
// the last filter is the tensor's.
[[nodiscard]] std::optional<PartBytes> filters_of(const Recipe& recipe, const Shape& shape,
                                                  const PartBytes& parts, RegionCoding coding,
                                                  std::int64_t first, std::int64_t count);

}  // namespace qyolo::quant
