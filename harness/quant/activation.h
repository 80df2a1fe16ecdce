// Static activation quantization: one set of parameters per tensor, found before inference from
// what a network computes on calibration images.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "harness/quant/options.h"
#include "harness/quant/range.h"

namespace qyolo::quant {

// How the range of an activation tensor is found from its histogram (activation_range.h says
// exactly what is computed).
struct CalibrationMethod {
  enum class Kind { kMinMax, kPercentile, kMse, kEntropy };
  Kind kind = Kind::kMse;
  double percentile = 100;  // kPercentile: P, in (50, 100]

  // "minmax", "percentile:P", "mse", "entropy".
  static Result<CalibrationMethod> parse(std::string_view name);
  static const std::vector<Choice>& all();
  [[nodiscard]] std::string name() const;
  bool operator==(const CalibrationMethod&) const = default;
};

inline constexpr int kMinActivationBits = 4;
inline constexpr int kMaxActivationBits = 8;

struct ActivationOptions {
  int bits = 8;  // kMinActivationBits to kMaxActivationBits
  CalibrationMethod method = {};
  // The inputs of a concatenation share one range, so that it needs no requantization.
  bool shared = true;

  bool operator==(const ActivationOptions&) const = default;
};

// x^ = scale (q - zero_point), q = clip(round(x / scale) + zero_point, 0, 2^bits - 1), rounding
// half to even. The scale is what integer kernels and ONNX call so: units per code, the inverse of
// a weight's (scheme.h).
struct ActivationParameters {
  float scale = 1;
  int zero_point = 0;
  int bits = 8;

  bool operator==(const ActivationParameters&) const = default;
};

// Covers [low, high] extended to contain 0, so that 0 (and zero padding) is exact:
//   scale = (high - low) / (2^bits - 1) as FP32, zero_point = round(-low / scale).
// Scales are normal FP32 numbers, and at most so large that every x^ is finite. [0, 0]: scale 1,
// zero-point 0. REQUIRES: low <= high, both finite; bits from kMinActivationBits to
// kMaxActivationBits.
[[nodiscard]] ActivationParameters activation_parameters(const Interval& range, int bits);

}  // namespace qyolo::quant
