#include "harness/quant/kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "common/target_clones.h"
#include "harness/quant/rounding.h"

#ifndef __AVX2__
#define QYOLO_MULTIVERSION QYOLO_TARGET_CLONES("avx2", "default")
#else
#define QYOLO_MULTIVERSION
#endif

namespace qyolo::quant {
namespace {

// Sums run over this many independent lanes, so that a vector unit can keep the order.
constexpr std::size_t kLanes = 8;

// Sum of term(i) for i in [0, count).
template <class Term>
[[gnu::always_inline]] inline double sum_of(std::size_t count, Term term) {
  std::array<double, kLanes> lanes{};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += term(i + lane);
  }
  for (std::size_t lane = 0; i + lane < count; ++lane) lanes[lane] += term(i + lane);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

inline double clip(double value, double low, double high) {
  value = value < low ? low : value;
  return value > high ? high : value;
}

inline float to_float(double value) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return static_cast<float>(clip(value, -kLargest, kLargest));
}

inline double code_of(double weight, const LinearMap& map) {
  return round_half_even(
      clip((weight - map.offset) * map.scale + map.zero_point, map.low, map.high));
}

inline double value_of(double code, const LinearMap& map) {
  return (code - map.zero_point) / map.scale + map.offset;
}

// The map of one weight, chosen without branches.
inline LinearMap choose(const PiecewiseMap& map, bool centre, bool negative) {
  const double zero_point = negative ? map.negative.zero_point : map.positive.zero_point;
  const double offset = negative ? map.negative.offset : map.positive.offset;
  return {.scale = centre ? map.centre.scale : map.positive.scale,
          .zero_point = centre ? map.centre.zero_point : zero_point,
          .offset = centre ? map.centre.offset : offset,
          .low = centre ? map.centre.low : map.positive.low,
          .high = centre ? map.centre.high : map.positive.high};
}

}  // namespace

QYOLO_MULTIVERSION
std::optional<std::size_t> find_unusable(std::span<const float> weights, float limit) {
  const float* weight = weights.data();
  const std::size_t count = weights.size();
  constexpr std::size_t kBlock = 1024;
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, count);
    int usable = 1;
    for (std::size_t i = begin; i < end; ++i) usable &= std::abs(weight[i]) <= limit ? 1 : 0;
    if (usable != 0) continue;
    for (std::size_t i = begin; i < end; ++i) {
      if (!(std::abs(weight[i]) <= limit)) return i;
    }
  }
  return std::nullopt;
}

float largest_magnitude(std::span<const float> weights) {
  const Extremes extremes = find_extremes(weights);
  return std::max(std::abs(extremes.min), std::abs(extremes.max));
}

QYOLO_MULTIVERSION
Extremes find_extremes(std::span<const float> weights) {
  const float* weight = weights.data();
  const std::size_t count = weights.size();
  Extremes result{weight[0], weight[0]};
  std::size_t i = 0;
  if (count >= kLanes) {
    std::array<float, kLanes> low;
    std::array<float, kLanes> high;
    low.fill(weight[0]);
    high.fill(weight[0]);
    for (; i + kLanes <= count; i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        low[lane] = std::min(low[lane], weight[i + lane]);
      }
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        high[lane] = std::max(high[lane], weight[i + lane]);
      }
    }
    result = {*std::min_element(low.begin(), low.end()),
              *std::max_element(high.begin(), high.end())};
  }
  for (; i < count; ++i) {
    result.min = std::min(result.min, weight[i]);
    result.max = std::max(result.max, weight[i]);
  }
  return result;
}

QYOLO_MULTIVERSION
Moments find_moments(std::span<const float> weights) {
  const float* weight = weights.data();
  const double count = static_cast<double>(weights.size());
  const double mean =
      sum_of(weights.size(), [=](std::size_t i) { return static_cast<double>(weight[i]); }) / count;
  const double squares = sum_of(weights.size(), [=](std::size_t i) {
    const double difference = static_cast<double>(weight[i]) - mean;
    return difference * difference;
  });
  return {mean, std::sqrt(squares / count)};
}

QYOLO_MULTIVERSION
void encode_linear(std::span<const float> weights, const LinearMap& map,
                   std::span<std::int8_t> codes) {
  const float* weight = weights.data();
  std::int8_t* code = codes.data();
  const LinearMap local = map;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    code[i] =
        static_cast<std::int8_t>(static_cast<int>(code_of(static_cast<double>(weight[i]), local)));
  }
}

QYOLO_MULTIVERSION
void decode_linear(std::span<const std::int8_t> codes, const LinearMap& map,
                   std::span<float> weights) {
  const std::int8_t* code = codes.data();
  float* weight = weights.data();
  const LinearMap local = map;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    weight[i] = to_float(value_of(static_cast<double>(static_cast<int>(code[i])), local));
  }
}

QYOLO_MULTIVERSION
void encode_piecewise(std::span<const float> weights, const PiecewiseMap& map,
                      std::span<std::int8_t> codes, std::span<std::uint8_t> regions) {
  const float* weight = weights.data();
  std::int8_t* code = codes.data();
  std::uint8_t* region = regions.data();
  const PiecewiseMap local = map;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double value = static_cast<double>(weight[i]);
    const bool centre = std::abs(value) < local.breakpoint;
    const bool negative = value < 0;
    const double tail = negative ? local.negative_region : 1.0;
    code[i] =
        static_cast<std::int8_t>(static_cast<int>(code_of(value, choose(local, centre, negative))));
    region[i] = static_cast<std::uint8_t>(static_cast<int>(centre ? 0.0 : tail));
  }
}

QYOLO_MULTIVERSION
void decode_piecewise(std::span<const std::int8_t> codes, std::span<const std::uint8_t> regions,
                      const PiecewiseMap& map, std::span<float> weights) {
  const std::int8_t* code = codes.data();
  const std::uint8_t* region = regions.data();
  float* weight = weights.data();
  const PiecewiseMap local = map;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const double where = static_cast<double>(static_cast<int>(region[i]));
    weight[i] = to_float(value_of(static_cast<double>(static_cast<int>(code[i])),
                                  choose(local, where<0.5, where> 1.5)));
  }
}

QYOLO_MULTIVERSION
double squared_error(std::span<const float> weights, const LinearMap& map) {
  const float* weight = weights.data();
  return sum_of(weights.size(), [weight, local = map](std::size_t i) {
    const double value = static_cast<double>(weight[i]);
    const double difference = value - value_of(code_of(value, local), local);
    return difference * difference;
  });
}

QYOLO_MULTIVERSION
double squared_error(std::span<const float> weights, std::span<const double> importance,
                     const LinearMap& map) {
  const float* weight = weights.data();
  const double* counts = importance.data();
  return sum_of(weights.size(), [weight, counts, local = map](std::size_t i) {
    const double value = static_cast<double>(weight[i]);
    const double difference = value - value_of(code_of(value, local), local);
    return counts[i] * difference * difference;
  });
}

QYOLO_MULTIVERSION
double squared_error(std::span<const float> weights, const PiecewiseMap& map) {
  const float* weight = weights.data();
  return sum_of(weights.size(), [weight, local = map](std::size_t i) {
    const double value = static_cast<double>(weight[i]);
    const LinearMap chosen = choose(local, std::abs(value) < local.breakpoint, value < 0);
    const double difference = value - value_of(code_of(value, chosen), chosen);
    return difference * difference;
  });
}

QYOLO_MULTIVERSION
ErrorSums error_sums(std::span<const float> original, std::span<const float> reconstructed) {
  const float* before = original.data();
  const float* after = reconstructed.data();
  const double signal = sum_of(original.size(), [=](std::size_t i) {
    const double value = static_cast<double>(before[i]);
    return value * value;
  });
  const double noise = sum_of(original.size(), [=](std::size_t i) {
    const double difference = static_cast<double>(before[i]) - static_cast<double>(after[i]);
    return difference * difference;
  });
  return {signal, noise};
}

QYOLO_MULTIVERSION
void correct(std::span<float> weights, double gain, double offset) {
  float* weight = weights.data();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weight[i] = to_float(static_cast<double>(weight[i]) * gain + offset);
  }
}

}  // namespace qyolo::quant
