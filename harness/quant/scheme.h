// Quantization schemes: how the weights of one group become k-bit codes, and codes become weights
// again.
//
// Notation (as in the study, arXiv 2407.04943): r a weight, q its code, k the bits, s the scale in
// codes per unit (q = round(r s + z)), z the zero-point. Rounding is half to even. Arithmetic is
// FP64; parameters and reconstructions are stored as FP32, and what is evaluated is what decodes
// from them.
//
// Codes come from the scale before it is rounded to FP32, as the formulas have it: r s is often
// exactly between two codes (weights trained in FP16 are simple fractions of their group's range),
// and only the exact scale rounds such ties half to even. Where the difference could show in a
// reconstruction (16-bit scales, zero-points beyond 2^12), codes come from the stored scale.
//
// Where FP32 parameters would lose the formula's answer, they are kept representable: a scale is at
// most the largest finite value of its format, and small enough that |z| stays below 2^24 (steps
// finer than the weights' own FP32 spacing are of no use); a reconstruction is at most the largest
// finite float. A range of one value c uses parameters that decode to c.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "harness/quant/options.h"

namespace qyolo::quant {

// Parameters of one group: exactly what is stored of it. A scheme uses the first
// SchemeStorage::scales scales and the first SchemeStorage::zero_points zero-points; the rest is 0.
struct GroupParameters {
  std::array<float, 2> scale{};       // uniform: s; piecewise-linear: centre, tails
  std::array<float, 2> zero_point{};  // uniform: z; piecewise-linear: positive, negative tail
  float breakpoint = 0;               // p, same unit as the weights

  bool operator==(const GroupParameters&) const = default;
};

// Parameters together with the scales that weights are encoded with.
struct FittedParameters : GroupParameters {
  std::array<double, 2> encoding_scale{};

  bool operator==(const FittedParameters&) const = default;
};

// Region of a weight under a piecewise-linear scheme.
inline constexpr std::uint8_t kCentre = 0, kPositiveTail = 1, kNegativeTail = 2;

// What a decoder must keep, for memory accounting and packing.
struct SchemeStorage {
  // Per group: how many of each, and bits of one.
  int scales = 0;
  int zero_points = 0;
  int breakpoints = 0;
  int scale_bits = 32;  // of a scale and of a breakpoint
  int zero_point_bits = 32;
  bool integer_zero_points = false;  // else floats
  // Per weight, beside the k bits of its code: 1 where a weight is in the centre or in a tail. The
  // side of a tail is one of the k bits: the code's own sign, or the bit that a tail's code (k - 1
  // bits) leaves free.
  int region_bits = 0;
};

// The codes of one region: the integers in [low, high].
struct CodeRange {
  int low = 0;
  int high = 0;
};

// What the k bits of a weight hold. A code is in two's complement, or unsigned where `low` is 0.
struct CodeLayout {
  CodeRange centre;  // in k bits; of uniform schemes: all codes
  CodeRange tail{};
  // Whether a tail's code takes k - 1 bits, and the highest bit is its side: 1 for the negative
  // tail. Else it takes k bits, and both tails are kPositiveTail.
  bool side_bit = false;
};

// One scheme; stateless and thread-safe. REQUIRES of all: options passed check_options().
class Scheme {
 public:
  virtual ~Scheme() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual std::string_view help() const = 0;  // one line
  [[nodiscard]] virtual SchemeStorage storage(const SchemeOptions& options) const = 0;
  [[nodiscard]] virtual CodeLayout code_layout(const SchemeOptions& options) const = 0;
  // Whether the scheme has regions besides the centre.
  [[nodiscard]] virtual bool piecewise() const = 0;

  // Parameters for these weights. REQUIRES: weights finite, not empty.
  [[nodiscard]] virtual FittedParameters fit(std::span<const float> weights,
                                             const SchemeOptions& options) const = 0;

  // Likewise, where an error of weights[i] counts importance[i] times: what Range::Kind::kHmse asks
  // for. REQUIRES: spans of one size, importance finite and not negative.
  [[nodiscard]] virtual FittedParameters fit_weighted(std::span<const float> weights,
                                                      std::span<const double> /*importance*/,
                                                      const SchemeOptions& options) const {
    return fit(weights, options);
  }
  // Parameters for the full range of the weights, its ends shrunk by these ratios in (0, 1]
  // (symmetric: by the second): what Range::Kind::kOutput chooses from.
  [[nodiscard]] virtual FittedParameters fit_shrunk(std::span<const float> weights,
                                                    double /*low_ratio*/, double /*high_ratio*/,
                                                    const SchemeOptions& options) const {
    return fit(weights, options);
  }

  // Codes (signed, within k bits; within their region's bits) and regions of the weights; decode is
  // the only way back. REQUIRES: spans of one size; regions is empty for schemes that are not
  // piecewise.
  virtual void encode(std::span<const float> weights, const FittedParameters& parameters,
                      const SchemeOptions& options, std::span<std::int8_t> codes,
                      std::span<std::uint8_t> regions) const = 0;
  virtual void decode(std::span<const std::int8_t> codes, std::span<const std::uint8_t> regions,
                      const GroupParameters& parameters, const SchemeOptions& options,
                      std::span<float> weights) const = 0;
};

// Fails with a sentence if an option is out of its range or makes no sense for the scheme.
Status check_options(const Scheme& scheme, const SchemeOptions& options);

// The registry: a new scheme is one file and one line in schemes.cpp.
const std::vector<const Scheme*>& all_schemes();
// Fails with the list of names.
Result<const Scheme*> find_scheme(std::string_view name);

}  // namespace qyolo::quant
