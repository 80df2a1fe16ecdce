// Quantization schemes: how the weights of one group become k-bit codes, and codes become weights
// again.
//
// Notation (as in the study, arXiv 2407.04943): r a weight, q its code, k the bits, s the scale in
// codes per unit (q = round(r s + z)), z the zero-point. Rounding is half to even. Arithmetic is
// FP64, parameters and reconstructions are stored as FP32.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace qyolo::quant {

// Parameters of one group. What a scheme does not use stays 0. Piecewise-linear schemes have three
// regions: 0 centre, 1 positive tail, 2 negative tail; uniform schemes use region 0 alone.
struct GroupParameters {
  std::array<float, 3> scale{};
  std::array<float, 3> zero_point{};
  float breakpoint = 0;
};

// What a decoder must keep, per group and per weight (for memory accounting and packing).
struct SchemeStorage {
  int scales = 0;
  int zero_points = 0;
  int breakpoints = 0;
  int region_bits = 0;  // per weight
};

struct SchemeOptions {
  int bits = 4;                         // k, 2 to 8
  bool include_zero = false;            // affine: extend the range to contain 0
  std::string breakpoint = "gaussian";  // piecewise-linear: how the breakpoint is chosen
};

// One scheme; stateless and thread-safe.
class Scheme {
 public:
  virtual ~Scheme() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual std::string_view help() const = 0;  // one line
  [[nodiscard]] virtual SchemeStorage storage() const = 0;

  // Parameters for these weights. REQUIRES: weights finite, not empty.
  [[nodiscard]] virtual GroupParameters fit(std::span<const float> weights,
                                            const SchemeOptions& options) const = 0;

  // Codes (signed, within k bits) and regions (0 if the scheme has none) of the weights; decode is
  // the only way back. regions may be empty for schemes with region_bits == 0.
  virtual void encode(std::span<const float> weights, const GroupParameters& parameters,
                      const SchemeOptions& options, std::span<std::int8_t> codes,
                      std::span<std::uint8_t> regions) const = 0;
  virtual void decode(std::span<const std::int8_t> codes, std::span<const std::uint8_t> regions,
                      const GroupParameters& parameters, const SchemeOptions& options,
                      std::span<float> weights) const = 0;
};

// The registry: a new scheme is one file and one line in schemes.cpp.
const std::vector<const Scheme*>& all_schemes();
// Fails with the list of names.
Result<const Scheme*> find_scheme(std::string_view name);

}  // namespace qyolo::quant
