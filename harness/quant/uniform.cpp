#include "harness/quant/uniform.h"

#include "harness/quant/grid_search.h"
#include "harness/quant/parameters.h"

namespace qyolo::quant {

FittedParameters UniformScheme::fit(const GroupView& group, const SchemeOptions& options) const {
  const Interval range = find_range(group.weights, options, symmetric());
  const auto shrunk = [&](int percent) { return shrink(range, (100 - percent) / 100.0); };
  if (options.range.kind == Range::Kind::kHmse && !group.importance.empty()) {
    const auto ratio = [](int percent) { return (100 - percent) / 100.0; };
    const int percent = coarse_to_fine(0, 99, 10, [&](int candidate) {
      const FittedParameters found = fit_shrunk(group, ratio(candidate), ratio(candidate), options);
      return squared_error(group.weights, group.importance, map(found, options));
    });
    return fit_shrunk(group, ratio(percent), ratio(percent), options);
  }
  if (options.range.kind != Range::Kind::kMse) return parameters(range, options);
  const int percent = coarse_to_fine(0, 99, 10, [&](int candidate) {
    return squared_error(group.weights, map(parameters(shrunk(candidate), options), options));
  });
  return parameters(shrunk(percent), options);
}

FittedParameters UniformScheme::fit_shrunk(const GroupView& group, double low_ratio,
                                           double high_ratio, const SchemeOptions& options) const {
  const Interval full = find_range(group.weights, options, symmetric());
  return parameters({symmetric() ? -full.high * high_ratio : shrink(full, low_ratio).low,
                     shrink(full, high_ratio).high},
                    options);
}

std::optional<GroupParameters> UniformScheme::rescaled(const GroupParameters& parameters, double by,
                                                       const SchemeOptions& options) const {
  const auto scale =
      usable_scale(static_cast<double>(parameters.scale[0]) / by, options.scale_bits);
  if (!scale) return std::nullopt;
  GroupParameters scaled = parameters;
  scaled.scale[0] = *scale;
  return scaled;
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
