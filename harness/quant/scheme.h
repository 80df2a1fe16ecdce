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
// finite float. A range of one value c uses parameters that decode to c, unless all the scales that
// a standard allows are powers of two (mxfp4).
//
// Schemes with a table of values (level_scheme.h) have no linear map: their scale is the factor
// that a table whose largest value is 1 is multiplied by, or as the standard has it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "harness/quant/codebook.h"
#include "harness/quant/options.h"

namespace qyolo::quant {

// Parameters of one group: exactly what is stored of it. A scheme uses the first
// SchemeStorage::scales scales, behind them what all groups of a tensor share, and the first
// SchemeStorage::zero_points zero-points; the rest is 0.
struct GroupParameters {
  std::array<float, 2> scale{};       // uniform: s; piecewise-linear: centre, tails; tables: factor
  std::array<float, 2> zero_point{};  // uniform: z; piecewise-linear: positive, negative tail
  float breakpoint = 0;               // p, same unit as the weights
  Codebook codebook{};                // SchemeStorage::codebook values

  bool operator==(const GroupParameters&) const = default;
};

// Parameters together with the scales that weights are encoded with.
struct FittedParameters : GroupParameters {
  std::array<double, 2> encoding_scale{};

  bool operator==(const FittedParameters&) const = default;
};

// Region of a weight under a piecewise-linear scheme.
inline constexpr std::uint8_t kCentre = 0, kPositiveTail = 1, kNegativeTail = 2;

// How a scale is stored: as a float of 16 or 32 bits, or in a byte as OCP MX v1.0 has it: a power
// of two (E8M0), or a positive number with three bits behind its leading one (E4M3).
enum class ScaleFormat { kFloat, kE8m0, kE4m3 };

// What a decoder must keep, for memory accounting and packing.
struct SchemeStorage {
  // Per group: how many of each, and bits of one.
  int scales = 0;
  int zero_points = 0;
  int breakpoints = 0;
  int codebook = 0;     // values that codes stand for
  int scale_bits = 32;  // of a scale, of a breakpoint and of a codebook's value
  ScaleFormat scale_format = ScaleFormat::kFloat;
  int tensor_scales = 0;  // FP32, once per tensor: the scale behind a group's own
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

// What the k bits of a weight hold. A code is in two's complement, or unsigned where `low` is 0, or
// as its magnitude below its sign.
struct CodeLayout {
  CodeRange centre;  // in k bits; of uniform schemes: all codes
  CodeRange tail{};
  // Whether a tail's code takes k - 1 bits, and the highest bit is its side: 1 for the negative
  // tail. Else it takes k bits, and both tails are kPositiveTail.
  bool side_bit = false;
  bool sign_magnitude = false;
};

// What a scheme is defined for.
struct SchemeLimits {
  int least_bits = 2, most_bits = 8;
  std::int64_t block =
      0;  // its groups are blocks of so many weights of a filter; 0: any granularity
  int most_searched_bits =
      8;  // wider codes gain nothing over uniform ones: searches leave them out
};

// A group that parameters are looked for.
struct GroupView {
  std::span<const float> weights;  // finite, not empty
  // How many times an error of each weight counts, for Range::Kind::kHmse: one for each weight,
  // finite and not negative. Empty: all alike.
  std::span<const double> importance = {};
  float tensor_scale = 0;  // Scheme::tensor_scale() of the tensor
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

  [[nodiscard]] virtual SchemeLimits limits() const { return {}; }
  // Whether it can find its parameters in this way.
  [[nodiscard]] virtual bool takes(Range::Kind range) const = 0;

  // What all groups of a tensor share whose largest magnitude is this.
  [[nodiscard]] virtual float tensor_scale(float /*largest*/) const { return 0; }
  // Parameters for these weights.
  [[nodiscard]] virtual FittedParameters fit(const GroupView& group,
                                             const SchemeOptions& options) const = 0;
  // Of a group that is a tensor by itself. REQUIRES: weights finite, not empty.
  [[nodiscard]] FittedParameters fit(std::span<const float> weights,
                                     const SchemeOptions& options) const;
  // Parameters for the full range of the weights, its ends shrunk by these ratios in (0, 1]
  // (symmetric: by the second): what Range::Kind::kOutput chooses from.
  [[nodiscard]] virtual FittedParameters fit_shrunk(const GroupView& group, double /*low_ratio*/,
                                                    double /*high_ratio*/,
                                                    const SchemeOptions& options) const {
    return fit(group, options);
  }

  // Parameters under which every code decodes to `by` times its value, as nearly as they can be
  // stored; none where the scheme's scales are too coarse for that. REQUIRES: by > 0.
  [[nodiscard]] virtual std::optional<GroupParameters> rescaled(
      const GroupParameters& /*parameters*/, double /*by*/,
      const SchemeOptions& /*options*/) const {
    return std::nullopt;
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
// Likewise for a granularity's name.
Status check_granularity(const Scheme& scheme, std::string_view granularity);

// The registry: a new scheme is one file and one line in schemes.cpp.
const std::vector<const Scheme*>& all_schemes();
// Fails with the list of names.
Result<const Scheme*> find_scheme(std::string_view name);

}  // namespace qyolo::quant
