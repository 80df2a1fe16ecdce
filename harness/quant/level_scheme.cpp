#include "harness/quant/level_scheme.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "harness/quant/grid_search.h"
#include "harness/quant/parameters.h"
#include "harness/quant/range.h"
#include "harness/quant/small_floats.h"

namespace qyolo::quant {
namespace {

constexpr double kLargestFloat = std::numeric_limits<float>::max();
constexpr double kSmallestHalf = 1.0 / (1 << 24);

}  // namespace

CodeLayout LevelScheme::code_layout(const SchemeOptions& options) const {
  const auto end = static_cast<int>(table(options).size() / 2);
  return {.centre = {-end, end}, .sign_magnitude = true};
}

GroupParameters LevelScheme::parameters(double largest, const GroupView& /*group*/,
                                        const SchemeOptions& options) const {
  if (largest == 0) return {.scale = {1}};
  if (options.scale_bits == 16) largest = std::max(largest, kSmallestHalf);
  const float stored = round_stored(largest, options.scale_bits);
  return {.scale = {std::max(stored, std::numeric_limits<float>::denorm_min())}};
}

double LevelScheme::factor(const GroupParameters& parameters) const {
  return static_cast<double>(parameters.scale[0]);
}

FittedParameters LevelScheme::fit(const GroupView& group, const SchemeOptions& options) const {
  const double largest = find_range(group.weights, options, true).high;
  const bool counts = options.range.kind == Range::Kind::kHmse && !group.importance.empty();
  if (options.range.kind != Range::Kind::kMse && !counts)
    return {parameters(largest, group, options), {}};
  const std::span<const double> values = table(options);
  const auto shrunk = [&](int percent) {
    return parameters(largest * widest() * (100 - percent) / 100.0, group, options);
  };
  // Of few values all midpoints are looked at, without a branch.
  constexpr std::size_t kFew = 16;
  std::array<double, kFew> middles{};
  const bool few = values.size() <= kFew;
  for (std::size_t i = 0; few && i + 1 < values.size(); ++i)
    middles[i] = (values[i] + values[i + 1]) / 2;
  const std::size_t last = values.size() - 1;
  const auto place_of = [&](double target) {
    if (!few) return nearest_place(values, target);
    std::size_t place = 0;
    for (std::size_t i = 0; i < last; ++i) place += target > middles[i] ? 1 : 0;
    return place;
  };
  const int percent = coarse_to_fine(0, 99, 10, [&](int candidate) {
    const double by = factor(shrunk(candidate));
    double sum = 0;
    for (std::size_t i = 0; i < group.weights.size(); ++i) {
      const double weight = static_cast<double>(group.weights[i]);
      const double error = weight - values[place_of(weight / by)] * by;
      sum += counts ? group.importance[i] * error * error : error * error;
    }
    return sum;
  });
  return {shrunk(percent), {}};
}

FittedParameters LevelScheme::fit_shrunk(const GroupView& group, double /*low_ratio*/,
                                         double high_ratio, const SchemeOptions& options) const {
  const double largest = find_range(group.weights, options, true).high;
  return {parameters(largest * widest() * high_ratio, group, options), {}};
}

std::optional<GroupParameters> LevelScheme::rescaled(const GroupParameters& parameters, double by,
                                                     const SchemeOptions& options) const {
  if (storage(options).scale_format != ScaleFormat::kFloat) return std::nullopt;
  const auto scale =
      usable_scale(static_cast<double>(parameters.scale[0]) * by, options.scale_bits);
  if (!scale) return std::nullopt;
  GroupParameters scaled = parameters;
  scaled.scale[0] = *scale;
  return scaled;
}

void LevelScheme::encode(std::span<const float> weights, const FittedParameters& parameters,
                         const SchemeOptions& options, std::span<std::int8_t> codes,
                         std::span<std::uint8_t> /*regions*/) const {
  const std::span<const double> values = table(options);
  const int first = code_layout(options).centre.low;
  const double by = factor(parameters);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::size_t place = nearest_place(values, static_cast<double>(weights[i]) / by, first);
    codes[i] = static_cast<std::int8_t>(static_cast<int>(place) + first);
  }
}

void LevelScheme::decode(std::span<const std::int8_t> codes,
                         std::span<const std::uint8_t> /*regions*/,
                         const GroupParameters& parameters, const SchemeOptions& options,
                         std::span<float> weights) const {
  const std::span<const double> values = table(options);
  const int first = code_layout(options).centre.low;
  const double by = factor(parameters);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const double value = values[static_cast<std::size_t>(codes[i] - first)] * by;
    weights[i] = static_cast<float>(std::clamp(value, -kLargestFloat, kLargestFloat));
  }
}

}  // namespace qyolo::quant
