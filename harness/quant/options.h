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

// How a scheme that does not cover all weights by itself finds the range of its codes.
struct Range {
  enum class Kind {
    kMinMax,      // the smallest and the largest weight
    kPercentile,  // the quantiles 1 - P/100 and P/100 (symmetric: P/100 of |r|), by linear
                  // interpolation between the sorted weights; minmax where they coincide
    kMse,     // minmax shrunk by the ratio out of .01, .02 ... 1 that makes the smallest squared
              // error, looked for in steps of .1 and then of .01
    kHmse,    // the same, each weight's squared error counted by the mean square of its input
    kOutput,  // the same, by the error of the filter's outputs (calibrated.h)
  };
  Kind kind = Kind::kMinMax;
  double percentile = 100;  // kPercentile: P, in (50, 100]

  // "minmax", "percentile:P", "mse", "hmse", "output".
  static Result<Range> parse(std::string_view name);
  static const std::vector<Choice>& all();
  [[nodiscard]] std::string name() const;
  // Whether it needs the moments of a layer's inputs.
  [[nodiscard]] bool needs_inputs() const { return kind == Kind::kHmse || kind == Kind::kOutput; }
  bool operator==(const Range&) const = default;
};

// How weights become codes: each to its nearest, or looking at the layer's inputs (calibrated.h).
enum class Rounding { kNearest, kGptq, kCoordinate };

// "nearest", "gptq", "coordinate".
Result<Rounding> parse_rounding(std::string_view name);
[[nodiscard]] std::string_view rounding_name(Rounding rounding);
const std::vector<Choice>& all_roundings();

// How a piecewise-linear scheme finds its breakpoint p (see breakpoint.h).
enum class Breakpoint { kGaussian, kLaplace, kGaussianApprox, kLaplaceApprox, kSearch };

// "gaussian", "laplace", "gaussian-approx", "laplace-approx", "search".
Result<Breakpoint> parse_breakpoint(std::string_view name);
[[nodiscard]] std::string_view breakpoint_name(Breakpoint method);
const std::vector<Choice>& all_breakpoints();

struct SchemeOptions {
  int bits = 4;                                   // k, 2 to 8
  bool include_zero = false;                      // affine: extend the range to contain 0
  Range range = {};                               // uniform schemes and tables; kmeans: kHmse
  Breakpoint breakpoint = Breakpoint::kGaussian;  // piecewise-linear schemes

  // Width of a stored scale, breakpoint and float offset: 32 or 16 (IEEE half precision, for which
  // weights must be within +-65504). They are rounded before the weights are encoded.
  int scale_bits = 32;
  // Store zero-points as integers instead of FP32; SchemeStorage says how many bits they take.
  bool integer_zero_points = false;

  // Per filter, match mean and standard deviation of the reconstruction to the original, at the
  // cost of two FP32 values per filter (Banner et al., arXiv 1810.05723).
  bool bias_correction = false;

  Rounding rounding = Rounding::kNearest;

  bool operator==(const SchemeOptions&) const = default;
};

}  // namespace qyolo::quant
