#include <fmt/ranges.h>

#include <algorithm>

#include "harness/quant/scheme.h"

namespace qyolo::quant {

// The registry: each scheme is a function of its own file.
#define QYOLO_SCHEMES(X) \
  X(affine)              \
  X(symmetric)           \
  X(pwlq)                \
  X(pwlq_fang)           \
  X(pwlq_overlap)

#define QYOLO_DECLARE(scheme) const Scheme& scheme();
QYOLO_SCHEMES(QYOLO_DECLARE)
#undef QYOLO_DECLARE

const std::vector<const Scheme*>& all_schemes() {
#define QYOLO_ADDRESS(scheme) &scheme(),
  static const std::vector<const Scheme*> schemes = {QYOLO_SCHEMES(QYOLO_ADDRESS)};
#undef QYOLO_ADDRESS
  return schemes;
}

Result<const Scheme*> find_scheme(std::string_view name) {
  const auto& schemes = all_schemes();
  const auto found = std::find_if(schemes.begin(), schemes.end(),
                                  [&](const Scheme* scheme) { return scheme->name() == name; });
  if (found != schemes.end()) return *found;
  std::vector<std::string_view> names;
  for (const Scheme* scheme : schemes) names.push_back(scheme->name());
  return error("scheme '{}': expected one of {}", name, fmt::join(names, ", "));
}

Status check_options(const Scheme& scheme, const SchemeOptions& options) {
  if (options.bits < 2 || options.bits > 8) {
    return error("bits {}: expected 2 to 8", options.bits);
  }
  if (options.scale_bits != 16 && options.scale_bits != 32) {
    return error("scale_bits {}: expected 16 or 32", options.scale_bits);
  }
  const Range& range = options.range;
  if (range.kind == Range::Kind::kPercentile &&
      !(range.percentile > 50 && range.percentile <= 100)) {
    return error("range {}: expected a percentile above 50 and up to 100", range.name());
  }
  if (options.bias_correction && (options.rounding != Rounding::kNearest || range.needs_inputs())) {
    return error(
        "bias_correction matches moments of weights; with rounding {} and range {} the biases are "
        "corrected by the layer's outputs already",
        rounding_name(options.rounding), range.name());
  }
  if (scheme.piecewise() && range.kind != Range::Kind::kMinMax) {
    return error("range {}: {} covers all weights; expected minmax", range.name(), scheme.name());
  }
  return {};
}

}  // namespace qyolo::quant
