#include <fmt/ranges.h>

#include <algorithm>

#include "common/spelling.h"
#include "harness/quant/kernels.h"
#include "harness/quant/scheme.h"

namespace qyolo::quant {

// The registry: each scheme is a function of its own file.
#define QYOLO_SCHEMES(X) \
  X(affine)              \
  X(symmetric)           \
  X(pwlq)                \
  X(pwlq_fang)           \
  X(pwlq_overlap)        \
  X(kmeans)              \
  X(nf4)                 \
  X(mxfp4)               \
  X(nvfp4)               \
  X(fp8_e4m3)            \
  X(fp8_e5m2)            \
  X(apot)

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
  return error("scheme '{}': expected one of {}{}", name, fmt::join(names, ", "),
               did_you_mean(name, names));
}

Status check_options(const Scheme& scheme, const SchemeOptions& options) {
  if (options.bits < 2 || options.bits > 8) {
    return error("bits {}: expected 2 to 8", options.bits);
  }
  const SchemeLimits limits = scheme.limits();
  if (options.bits < limits.least_bits || options.bits > limits.most_bits) {
    return error("bits {}: {} has {}{}", options.bits, scheme.name(), limits.least_bits,
                 limits.least_bits < limits.most_bits ? fmt::format(" to {}", limits.most_bits)
                                                      : std::string());
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
  if (!scheme.takes(range.kind)) {
    return error("range {}: {} covers all weights; expected minmax{}", range.name(), scheme.name(),
                 scheme.takes(Range::Kind::kHmse) ? " or hmse" : "");
  }
  return {};
}

Status check_granularity(const Scheme& scheme, std::string_view granularity) {
  const std::int64_t block = scheme.limits().block;
  if (block == 0 || granularity == fmt::format("group:{}", block)) return {};
  return error("granularity {}: {} has one scale for {} weights; expected group:{}", granularity,
               scheme.name(), block, block);
}

FittedParameters Scheme::fit(std::span<const float> weights, const SchemeOptions& options) const {
  return fit({weights, {}, tensor_scale(largest_magnitude(weights))}, options);
}

}  // namespace qyolo::quant
