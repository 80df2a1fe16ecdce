#include "harness/quant/piecewise.h"

#include <algorithm>
#include <cmath>

#include "harness/quant/breakpoint.h"
#include "harness/quant/grid_search.h"
#include "harness/quant/parameters.h"

namespace qyolo::quant {
namespace {

double analytic_breakpoint(Breakpoint method, double m) {
  switch (method) {
    case Breakpoint::kLaplace:
      return laplace_breakpoint(m);
    case Breakpoint::kGaussianApprox:
      return gaussian_breakpoint_approximation(m);
    case Breakpoint::kLaplaceApprox:
      return laplace_breakpoint_approximation(m);
    case Breakpoint::kGaussian:
    case Breakpoint::kSearch:
      break;
  }
  return gaussian_breakpoint(m);
}

}  // namespace

FittedParameters PiecewiseScheme::fit(const GroupView& group, const SchemeOptions& options) const {
  const std::span<const float> weights = group.weights;
  const Extremes extremes = find_extremes(weights);
  const double m = std::max(std::abs(static_cast<double>(extremes.min)),
                            std::abs(static_cast<double>(extremes.max)));
  double p = m / 2;
  if (extremes.min < extremes.max) {
    if (options.breakpoint == Breakpoint::kSearch) {
      p = search(weights, m, options);
    } else {
      const double deviation = find_moments(weights).deviation;
      p = deviation * analytic_breakpoint(options.breakpoint, m / deviation);
    }
  }
  return parameters(round_stored(p, options.scale_bits), m, options);
}

// p / m in thousandths.
double PiecewiseScheme::search(std::span<const float> weights, double m,
                               const SchemeOptions& options) const {
  const auto breakpoint = [m](int thousandths) { return m * thousandths / 1000; };
  return breakpoint(coarse_to_fine(1, 999, 100, [&](int candidate) {
    const float p = round_stored(breakpoint(candidate), options.scale_bits);
    return squared_error(weights, map(parameters(p, m, options), options));
  }));
}

// The breakpoint may be part of what codes decode to.
std::optional<GroupParameters> PiecewiseScheme::rescaled(const GroupParameters& parameters,
                                                         double by,
                                                         const SchemeOptions& options) const {
  GroupParameters scaled = parameters;
  for (float& scale : scaled.scale) {
    const auto stored = usable_scale(static_cast<double>(scale) / by, options.scale_bits);
    if (!stored) return std::nullopt;
    scale = *stored;
  }
  scaled.breakpoint =
      round_stored(static_cast<double>(parameters.breakpoint) * by, options.scale_bits);
  return scaled;
}

void PiecewiseScheme::encode(std::span<const float> weights, const FittedParameters& parameters,
                             const SchemeOptions& options, std::span<std::int8_t> codes,
                             std::span<std::uint8_t> regions) const {
  PiecewiseMap encoding = map(parameters, options);
  encoding.centre.scale = parameters.encoding_scale[0];
  encoding.positive.scale = parameters.encoding_scale[1];
  encoding.negative.scale = parameters.encoding_scale[1];
  encode_piecewise(weights, encoding, codes, regions);
}

void PiecewiseScheme::decode(std::span<const std::int8_t> codes,
                             std::span<const std::uint8_t> regions,
                             const GroupParameters& parameters, const SchemeOptions& options,
                             std::span<float> weights) const {
  decode_piecewise(codes, regions, map(parameters, options), weights);
}

}  // namespace qyolo::quant
