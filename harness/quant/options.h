// The choices beside scheme, bits and granularity: how a group's range and breakpoint are found,
// and how its parameters are stored.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace qyolo::quant {

// A named choice and one line of help.
struct Choice {
  std::string_view name;
  std::string_view help;
};

// P of "percentile:P", in (50, 100]; nullopt for a name of another kind. Fails for a P outside,
// with `what` before the name.
Result<std::optional<double>> parse_percentile(std::string_view what, std::string_view name);
[[nodiscard]] std::string percentile_name(double percentile);

// How a uniform scheme finds the range that its codes cover.
struct Range {
  enum class Kind {
    kMinMax,      // the smallest and the largest weight
    kPercentile,  // the quantiles 1 - P/100 and P/100 (symmetric: P/100 of |r|), by linear
                  // interpolation between the sorted weights; minmax where they coincide
    kMse,  // minmax shrunk by the ratio out of .01, .02 ... 1 that makes the smallest squared
           // error, looked for in steps of .1 and then of .01
  };
  Kind kind = Kind::kMinMax;
  double percentile = 100;  // kPercentile: P, in (50, 100]

  // "minmax", "percentile:P", "mse".
  static Result<Range> parse(std::string_view name);
  static const std::vector<Choice>& all();
  [[nodiscard]] std::string name() const;
  bool operator==(const Range&) const = default;
};

// How a piecewise-linear scheme finds its breakpoint p (see breakpoint.h).
enum class Breakpoint { kGaussian, kLaplace, kGaussianApprox, kLaplaceApprox, kSearch };

// "gaussian", "laplace", "gaussian-approx", "laplace-approx", "search".
Result<Breakpoint> parse_breakpoint(std::string_view name);
[[nodiscard]] std::string_view breakpoint_name(Breakpoint method);
const std::vector<Choice>& all_breakpoints();

struct SchemeOptions {
  int bits = 4;                                   // k, 2 to 8
  bool include_zero = false;                      // affine: extend the range to contain 0
  Range range = {};                               // uniform schemes
  Breakpoint breakpoint = Breakpoint::kGaussian;  // piecewise-linear schemes

  // Width of a stored scale, breakpoint and float offset: 32 or 16 (IEEE half precision, for which
  // weights must be within +-65504). They are rounded before the weights are encoded.
  int scale_bits = 32;
  // Store zero-points as integers instead of FP32; SchemeStorage says how many bits they take.
  bool integer_zero_points = false;

  // Per filter, match mean and standard deviation of the reconstruction to the original, at the
  // cost of two FP32 values per filter (Banner et al., arXiv 1810.05723).
  bool bias_correction = false;

  bool operator==(const SchemeOptions&) const = default;
};

}  // namespace qyolo::quant
