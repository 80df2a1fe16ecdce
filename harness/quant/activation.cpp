#include "harness/quant/activation.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace qyolo::quant {
namespace {}  // namespace

const std::vector<Choice>& CalibrationMethod::all() {
  static const std::vector<Choice> choices = {
      {"minmax", "from the smallest to the largest value"},
      {"percentile:P", "from the quantile 1 - P/100 to the quantile P/100, 50 < P <= 100"},
      {"mse", "each end where the squared error on the histogram is least"},
      {"entropy", "the threshold of least Kullback-Leibler divergence, as TensorRT describes it"},
  };
  return choices;
}

Result<CalibrationMethod> CalibrationMethod::parse(std::string_view name) {
  if (name == "minmax") return CalibrationMethod{.kind = Kind::kMinMax};
  if (name == "mse") return CalibrationMethod{.kind = Kind::kMse};
  if (name == "entropy") return CalibrationMethod{.kind = Kind::kEntropy};
  QYOLO_TRY(const std::optional<double> percentile, parse_percentile("activation range", name));
  if (percentile) return CalibrationMethod{.kind = Kind::kPercentile, .percentile = *percentile};
  std::vector<std::string_view> names;
  for (const Choice& choice : all()) names.push_back(choice.name);
  return error("activation range '{}': expected one of {}", name, fmt::join(names, ", "));
}

std::string CalibrationMethod::name() const {
  switch (kind) {
    case Kind::kMinMax:
      return "minmax";
    case Kind::kPercentile:
      return percentile_name(percentile);
    case Kind::kMse:
      return "mse";
    case Kind::kEntropy:
      break;
  }
  return "entropy";
}

ActivationParameters activation_parameters(const Interval& range, int bits) {
  const double low = std::min(range.low, 0.0);
  const double high = std::max(range.high, 0.0);
  ActivationParameters parameters{.bits = bits};
  if (low == high) return parameters;
  const double codes = static_cast<double>((1 << bits) - 1);
  // With one code to spare, so that rounding does not lead beyond the largest finite value.
  const double largest = static_cast<double>(std::numeric_limits<float>::max()) / (codes + 1);
  const double smallest = static_cast<double>(std::numeric_limits<float>::min());
  parameters.scale = static_cast<float>(std::clamp((high - low) / codes, smallest, largest));
  const double zero_point = std::nearbyint(-low / static_cast<double>(parameters.scale));
  parameters.zero_point = static_cast<int>(std::min(zero_point, codes));
  return parameters;
}

}  // namespace qyolo::quant
