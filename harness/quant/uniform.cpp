#include "harness/quant/uniform.h"

#include "harness/quant/grid_search.h"

namespace qyolo::quant {

FittedParameters UniformScheme::fit(std::span<const float> weights,
                                    const SchemeOptions& options) const {
  const Interval range = find_range(weights, options, symmetric());
  if (options.range.kind != Range::Kind::kMse) return parameters(range, options);
  const auto shrunk = [&](int percent) { return shrink(range, (100 - percent) / 100.0); };
  const int percent = coarse_to_fine(0, 99, 10, [&](int candidate) {
    return squared_error(weights, map(parameters(shrunk(candidate), options), options));
  });
  return parameters(shrunk(percent), options);
}

FittedParameters UniformScheme::fit_weighted(std::span<const float> weights,
                                             std::span<const double> importance,
                                             const SchemeOptions& options) const {
  if (options.range.kind != Range::Kind::kHmse) return fit(weights, options);
  const int percent = coarse_to_fine(0, 99, 10, [&](int candidate) {
    const double ratio = (100 - candidate) / 100.0;
    return squared_error(weights, importance,
                         map(fit_shrunk(weights, ratio, ratio, options), options));
  });
  const double ratio = (100 - percent) / 100.0;
  return fit_shrunk(weights, ratio, ratio, options);
}

FittedParameters UniformScheme::fit_shrunk(std::span<const float> weights, double low_ratio,
                                           double high_ratio, const SchemeOptions& options) const {
  const Interval full = find_range(weights, options, symmetric());
  return parameters({symmetric() ? -full.high * high_ratio : shrink(full, low_ratio).low,
                     shrink(full, high_ratio).high},
                    options);
}

void UniformScheme::encode(std::span<const float> weights, const FittedParameters& parameters,
                           const SchemeOptions& options, std::span<std::int8_t> codes,
                           std::span<std::uint8_t> /*regions*/) const {
  LinearMap encoding = map(parameters, options);
  encoding.scale = parameters.encoding_scale[0];
  encode_linear(weights, encoding, codes);
}

void UniformScheme::decode(std::span<const std::int8_t> codes,
                           std::span<const std::uint8_t> /*regions*/,
                           const GroupParameters& parameters, const SchemeOptions& options,
                           std::span<float> weights) const {
  decode_linear(codes, map(parameters, options), weights);
}

}  // namespace qyolo::quant
