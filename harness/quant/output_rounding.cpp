#include "harness/quant/output_rounding.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <utility>

#include "harness/quant/fused_loops.h"

namespace qyolo::quant {
namespace {

constexpr float kLeak = 0.02F;  // of errors that the activation swallows
// Of the mean curvature of a filter's weights, added to each: what keeps a weight where it is. More
// where weights may go anywhere than where they are to go to a code nearby.
constexpr double kDamping = 0.005;
constexpr double kRelaxDamping = 0.05;
constexpr int kRelaxPasses = 2;
constexpr double kLeastLeft = 1e-9;  // of a curvature, beside what the bias takes up
constexpr double kSameRatio = 1e-6;  // of values that single precision has
constexpr std::size_t kWeights = 4;  // whose products are summed at once

using Lanes [[gnu::vector_size(32)]] = float;

// Sums of kWeights weights' inputs with the slopes, and of each pair of them (i <= j, by rows) with
// the curvatures, [weight or pair][lane].
constexpr std::size_t kPairs = kWeights * (kWeights + 1) / 2;
constexpr std::size_t pair_of(std::size_t i, std::size_t j) {  // i <= j
  return i * (2 * kWeights - i + 1) / 2 + (j - i);
}
struct WeightSums {
  std::array<double, kWeights * kLanes8> slopes;
  std::array<double, kPairs * kLanes8> curvatures;
};
// Positions summed in single precision, before they are added to the rest in double.
constexpr std::size_t kSummedAtOnce = 512;

// The inputs of kWeights weights.
using Inputs = std::array<const float*, kWeights>;

// What some weights have changed by, [weight][lane].
struct Steps {
  Inputs inputs{};
  std::array<float, kWeights * kLanes8> by{};
  bool any = false;
};

// The sums of some positions. What is slow is to read the maps, and so several weights have theirs
// at once, and what they do to one another follows from the pairs. Each has a name, and a register.
struct SomeSums {
  Lanes slope0{}, slope1{}, slope2{}, slope3{};
  Lanes pair00{}, pair01{}, pair02{}, pair03{}, pair11{}, pair12{}, pair13{}, pair22{}, pair23{},
      pair33{};

  [[gnu::always_inline]] void add(const Inputs& x, std::size_t p, const Lanes& slope,
                                  const Lanes& curvature) {
    const float x0 = x[0][p], x1 = x[1][p], x2 = x[2][p], x3 = x[3][p];
    slope0 += x0 * slope;
    slope1 += x1 * slope;
    slope2 += x2 * slope;
    slope3 += x3 * slope;
    const Lanes across0 = x0 * curvature;
    pair00 += x0 * across0;
    pair01 += x1 * across0;
    pair02 += x2 * across0;
    pair03 += x3 * across0;
    const Lanes across1 = x1 * curvature;
    pair11 += x1 * across1;
    pair12 += x2 * across1;
    pair13 += x3 * across1;
    const Lanes across2 = x2 * curvature;
    pair22 += x2 * across2;
    pair23 += x3 * across2;
    pair33 += x3 * (x3 * curvature);
  }
  [[gnu::always_inline]] void add_to(WeightSums& sums) const {
    const Lanes slopes[kWeights] = {slope0, slope1, slope2, slope3};
    const Lanes pairs[kPairs] = {pair00, pair01, pair02, pair03, pair11,
                                 pair12, pair13, pair22, pair23, pair33};
    for (std::size_t i = 0; i < kWeights; ++i)
      for (std::size_t lane = 0; lane < kLanes8; ++lane)
        sums.slopes[i * kLanes8 + lane] += static_cast<double>(slopes[i][lane]);
    for (std::size_t i = 0; i < kPairs; ++i)
      for (std::size_t lane = 0; lane < kLanes8; ++lane)
        sums.curvatures[i * kLanes8 + lane] += static_cast<double>(pairs[i][lane]);
  }
};

// `slope_at(p, curvature, slope)` gives a position's slope.
template <class SlopeAt>
[[gnu::always_inline]] inline void sum_positions(const Inputs& x, std::size_t positions,
                                                 const float* curvatures, const SlopeAt& slope_at,
                                                 WeightSums& sums) {
  sums = {};
  for (std::size_t begin = 0; begin < positions; begin += kSummedAtOnce) {
    SomeSums some;
    for (std::size_t p = begin; p < std::min(positions, begin + kSummedAtOnce); ++p) {
      Lanes s, c;
      std::memcpy(&c, curvatures + p * kLanes8, sizeof c);
      slope_at(p, c, s);
      some.add(x, p, s, c);
    }
    some.add_to(sums);
  }
}

QYOLO_FUSED_LOOPS
void sum_products(const Inputs& x, std::size_t positions, const float* slopes,
                  const float* curvatures, WeightSums& sums) {
  const auto slope_at = [&](std::size_t p, const Lanes&, Lanes& s) __attribute__((always_inline)) {
    std::memcpy(&s, slopes + p * kLanes8, sizeof s);
  };
  sum_positions(x, positions, curvatures, slope_at, sums);
}

// The slopes follow `steps` of the weights whose inputs are `changed`, [weight][lane]; then
// sum_products() of others'.
QYOLO_FUSED_LOOPS
void change_and_sum(const Inputs& changed, const float* steps, const Inputs& x,
                    std::size_t positions, const float* curvatures, float* slopes,
                    WeightSums& sums) {
  Lanes by[kWeights];
  std::memcpy(by, steps, sizeof by);
  const auto slope_at = [&](std::size_t p, const Lanes& c, Lanes& s)
      __attribute__((always_inline)) {
    std::memcpy(&s, slopes + p * kLanes8, sizeof s);
    Lanes moved = changed[0][p] * by[0];
    for (std::size_t i = 1; i < kWeights; ++i) moved += changed[i][p] * by[i];
    s += c * moved;
    std::memcpy(slopes + p * kLanes8, &s, sizeof s);
  };
  sum_positions(x, positions, curvatures, slope_at, sums);
}

// sums += values[i] x[i] of kWeights weights, [weight][lane].
QYOLO_FUSED_LOOPS
void add_products(const Inputs& x, std::size_t positions, const float* values, float* sums) {
  Lanes value[kWeights];
  std::memcpy(value, values, sizeof value);
  for (std::size_t p = 0; p < positions; ++p) {
    Lanes sum;
    std::memcpy(&sum, sums + p * kLanes8, sizeof sum);
    for (std::size_t i = 0; i < kWeights; ++i) sum += x[i][p] * value[i];
    std::memcpy(sums + p * kLanes8, &sum, sizeof sum);
  }
}

// e^x within 3e-6 of it, for x in [-87, 87], in operations that vectors have, too.
inline float exponential(float x) {
  constexpr float kLog2E = 1.44269504F;
  constexpr float kRounder = 12582912.0F;  // 1.5 * 2^23: its last bits are integers
  const float power = x * kLog2E;
  const float rounded = power + kRounder;
  const float rest = power - (rounded - kRounder);
  const float root =
      1.0F + rest * (0.69314718F +
                     rest * (0.24022651F +
                             rest * (0.05550411F + rest * (0.00961813F + rest * 0.00133336F))));
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(root) +
                              (std::bit_cast<std::uint32_t>(rounded) << 23U));
}

// Outputs of an activation, and its derivatives.
QYOLO_FUSED_LOOPS
void activate_silu(const float* sums, std::size_t count, float* outputs, float* derivatives) {
  for (std::size_t i = 0; i < count; ++i) {
    const float sum = sums[i];
    const float bounded = sum < -87.0F ? -87.0F : (sum > 87.0F ? 87.0F : sum);
    const float sigmoid = 1.0F / (1.0F + exponential(-bounded));
    outputs[i] = sum * sigmoid;
    derivatives[i] = sigmoid * (1.0F + bounded * (1.0F - sigmoid));
  }
}
QYOLO_FUSED_LOOPS
void activate_sigmoid(const float* sums, std::size_t count, float* outputs, float* derivatives) {
  for (std::size_t i = 0; i < count; ++i) {
    const float bounded = sums[i] < -87.0F ? -87.0F : (sums[i] > 87.0F ? 87.0F : sums[i]);
    outputs[i] = 1.0F / (1.0F + exponential(-bounded));
    derivatives[i] = outputs[i] * (1.0F - outputs[i]);
  }
}
void activate(const Activation& activation, const float* sums, std::size_t count, float* outputs,
              float* derivatives) {
  if (activation.kind == Activation::Kind::kSiLU)
    return activate_silu(sums, count, outputs, derivatives);
  if (activation.kind == Activation::Kind::kSigmoid)
    return activate_sigmoid(sums, count, outputs, derivatives);
  const float below = activation.kind == Activation::Kind::kIdentity    ? 1.0F
                      : activation.kind == Activation::Kind::kLeakyReLU ? activation.slope
                                                                        : 0.0F;
  for (std::size_t i = 0; i < count; ++i) {
    derivatives[i] = sums[i] > 0 ? 1.0F : below;
    outputs[i] = sums[i] * derivatives[i];
  }
}

// From outputs and derivatives to half the derivatives of the loss, in their place; the loss of
// each lane is added to `loss`.
QYOLO_FUSED_LOOPS
void derive_loss(const float* counts, std::size_t positions, const float* sums, const float* wanted,
                 const float* wanted_outputs, float* outputs, float* derivatives, double* loss) {
  for (std::size_t p = 0; p < positions; ++p) {
    for (std::size_t at = p * kLanes8; at < (p + 1) * kLanes8; ++at) {
      const float change = sums[at] - wanted[at], missed = outputs[at] - wanted_outputs[at];
      const float derivative = derivatives[at];
      outputs[at] = counts[p] * (derivative * missed + kLeak * change);
      derivatives[at] = counts[p] * (derivative * derivative + kLeak);
      loss[at % kLanes8] +=
          static_cast<double>(counts[p] * (missed * missed + kLeak * change * change));
    }
  }
}

// The weights of a filter of this size, as they lie.
std::vector<std::size_t> in_order(std::size_t size) {
  std::vector<std::size_t> weights(size);
  std::iota(weights.begin(), weights.end(), std::size_t{0});
  return weights;
}

// to += factors step, lane by lane.
QYOLO_FUSED_LOOPS
void add_steps(const float* factors, std::size_t size, const float* step, float* to) {
  for (std::size_t at = 0; at < size; ++at) to[at] += factors[at] * step[at % kLanes8];
}

}  // namespace

OutputRounding::Maps& OutputRounding::spare_maps() {
  thread_local Maps maps;
  return maps;
}

OutputRounding::~OutputRounding() { spare_maps() = std::move(maps_); }

OutputRounding::OutputRounding(const InputSamples& samples, const Activation& activation,
                               const FilterBlock& block, std::span<const float> bias)
    : samples_(samples), activation_(activation), maps_(std::move(spare_maps())) {
  std::ranges::copy(bias, bias_.begin());
  make_sums(
      samples.wanted, block, [&](std::size_t at) { return block.targets[at]; }, maps_.wanted);
  maps_.wanted_outputs.resize(maps_.wanted.size());
  maps_.slopes.resize(maps_.wanted.size());
  maps_.curvatures.resize(maps_.wanted.size());
  activate(activation, maps_.wanted.data(), maps_.wanted.size(), maps_.wanted_outputs.data(),
           maps_.slopes.data());
}

template <class Value>
void OutputRounding::make_sums(const std::vector<float>& inputs, const FilterBlock& block,
                               const Value& value, Map& sums) const {
  sums.resize(samples_.positions * kLanes8);
  for (std::size_t at = 0; at < sums.size(); ++at) sums[at] = bias(at % kLanes8);
  add_weights(inputs, in_order(block.targets.size() / kLanes8), block.filters, value, sums);
}

template <class Value>
void OutputRounding::add_weights(const std::vector<float>& inputs,
                                 std::span<const std::size_t> weights, std::size_t filters,
                                 const Value& value, Map& sums) const {
  Inputs x;
  std::array<float, kWeights * kLanes8> values;
  for (std::size_t begin = 0; begin < weights.size(); begin += kWeights) {
    x.fill(inputs.data());  // what is missing of the last ones counts nothing
    values.fill(0);
    for (std::size_t i = 0; i < std::min(kWeights, weights.size() - begin); ++i) {
      const std::size_t weight = weights[begin + i];
      x[i] = inputs.data() + weight * samples_.positions;
      for (std::size_t lane = 0; lane < filters; ++lane)
        values[i * kLanes8 + lane] = static_cast<float>(value(weight * kLanes8 + lane));
    }
    add_products(x, samples_.positions, values.data(), sums.data());
  }
}

void OutputRounding::linearize() {
  // The derivatives and outputs of the sums, then what the loss makes of them, in their place.
  activate(activation_, maps_.sums.data(), maps_.sums.size(), maps_.slopes.data(),
           maps_.curvatures.data());
  loss_ = {};
  derive_loss(samples_.counts.data(), samples_.positions, maps_.sums.data(), maps_.wanted.data(),
              maps_.wanted_outputs.data(), maps_.slopes.data(), maps_.curvatures.data(),
              loss_.data());
}

void OutputRounding::move_biases() {
  PerFilter slope{}, curvature{};
  for (std::size_t p = 0; p < samples_.positions; ++p) {
    for (std::size_t lane = 0; lane < kLanes8; ++lane) {
      slope[lane] += static_cast<double>(maps_.slopes[p * kLanes8 + lane]);
      curvature[lane] += static_cast<double>(maps_.curvatures[p * kLanes8 + lane]);
    }
  }
  std::array<float, kLanes8> step{};
  for (std::size_t lane = 0; lane < kLanes8; ++lane) {
    if (curvature[lane] > 0) step[lane] = static_cast<float>(-slope[lane] / curvature[lane]);
    bias_change_[lane] += static_cast<double>(step[lane]);
  }
  add_steps(maps_.curvatures.data(), maps_.curvatures.size(), step.data(), maps_.slopes.data());
  for (std::size_t at = 0; at < maps_.sums.size(); ++at) maps_.sums[at] += step[at % kLanes8];
}

template <class Move>
void OutputRounding::move_weights(std::span<const std::size_t> weights, double damping,
                                  const Move& move) {
  const std::size_t positions = samples_.positions;
  PerFilter ridge{};
  for (std::size_t p = 0; p < positions; ++p) {
    for (std::size_t lane = 0; lane < kLanes8; ++lane) {
      ridge[lane] += damping * static_cast<double>(samples_.energies[p] *
                                                   maps_.curvatures[p * kLanes8 + lane]);
    }
  }
  std::vector<float> moved(samples_.inputs.size() / positions * kLanes8);  // [weight][lane]
  std::vector<std::size_t> changed;
  Steps before;
  for (std::size_t begin = 0; begin < weights.size(); begin += kWeights) {
    const std::size_t count = std::min(kWeights, weights.size() - begin);
    Inputs x;
    x.fill(samples_.inputs.data());  // what is missing of the last ones moves nothing
    for (std::size_t i = 0; i < count; ++i)
      x[i] = samples_.inputs.data() + weights[begin + i] * positions;
    WeightSums sums;
    if (before.any) {
      change_and_sum(before.inputs, before.by.data(), x, positions, maps_.curvatures.data(),
                     maps_.slopes.data(), sums);
    } else {
      sum_products(x, positions, maps_.slopes.data(), maps_.curvatures.data(), sums);
    }
    Steps steps{.inputs = x};
    for (std::size_t i = 0; i < count; ++i) {
      bool any = false;
      for (std::size_t lane = 0; lane < kLanes8; ++lane) {
        double slope = sums.slopes[i * kLanes8 + lane];
        for (std::size_t k = 0; k < i; ++k) {
          slope += sums.curvatures[pair_of(k, i) * kLanes8 + lane] *
                   static_cast<double>(steps.by[k * kLanes8 + lane]);
        }
        const std::size_t at = weights[begin + i] * kLanes8 + lane;
        const double curvature = sums.curvatures[pair_of(i, i) * kLanes8 + lane] + ridge[lane];
        moved[at] = static_cast<float>(move(at, slope, curvature, ridge[lane]));
        steps.by[i * kLanes8 + lane] = moved[at];
        any = any || moved[at] != 0;
      }
      if (any) changed.push_back(weights[begin + i]);
      steps.any = steps.any || any;
    }
    before = steps;
  }
  add_weights(
      samples_.inputs, changed, kLanes8, [&](std::size_t at) { return moved[at]; }, maps_.sums);
}

void OutputRounding::relax(FilterBlock& block) {
  make_sums(
      samples_.inputs, block, [&](std::size_t at) { return block.targets[at]; }, maps_.sums);
  linearize();
  const std::vector<double> unrelaxed = block.targets;
  const std::vector<std::size_t> weights = in_order(block.targets.size() / kLanes8);
  for (int pass = 0; pass < kRelaxPasses; ++pass) {
    move_biases();
    move_weights(weights, kRelaxDamping,
                 [&](std::size_t at, double slope, double curvature, double ridge) {
                   if (at % kLanes8 >= block.filters || !(curvature > 0)) return 0.0;
                   slope += ridge * (block.targets[at] - unrelaxed[at]);
                   block.targets[at] -= slope / curvature;
                   return -slope / curvature;
                 });
    linearize();
  }
}

void OutputRounding::begin(const Grids& grids, const FilterBlock& block,
                           const PerFilter& bias_change) {
  bias_change_ = bias_change;
  make_sums(
      samples_.inputs, block,
      [&](std::size_t at) { return grids.value(block.slots[at], block.places[at]); }, maps_.sums);
  linearize();
}

void OutputRounding::pass(const RoundingOrder& order, const Grids& grids, FilterBlock& block) {
  move_biases();
  move_weights(order.weights(), kDamping,
               [&](std::size_t at, double slope, double curvature, double ridge) {
                 if (at % kLanes8 >= block.filters || !(curvature > 0)) return 0.0;
                 const std::uint32_t slot = block.slots[at];
                 const double now = grids.value(slot, block.places[at]);
                 slope += ridge * (now - block.targets[at]);
                 const std::size_t place = grids.nearest(slot, now - slope / curvature);
                 const double by = grids.value(slot, place) - now;
                 if (by == 0 || !(by * (2 * slope + by * curvature) < 0)) return 0.0;
                 block.places[at] = static_cast<std::uint16_t>(place);
                 return by;
               });
  linearize();
}

void OutputRounding::sum_group(const Grids& grids, const FilterBlock& block,
                               std::span<const std::size_t> weights, Map& along) const {
  if (weights.size() * kLanes8 == block.targets.size()) {  // all there are
    for (std::size_t at = 0; at < along.size(); ++at)
      along[at] = maps_.sums[at] - bias(at % kLanes8);
    return;
  }
  std::ranges::fill(along, 0.0F);
  add_weights(
      samples_.inputs, weights, block.filters,
      [&](std::size_t at) { return grids.value(block.slots[at], block.places[at]); }, along);
}

void OutputRounding::follow(std::span<const double> before, const Grids& grids,
                            const FilterBlock& block) {
  const std::vector<double> now = values_of(grids, block);
  // Where all values of each filter have become so many times what they were, so have its sums.
  std::array<double, kLanes8> times;
  times.fill(1);
  bool scaled = true;
  for (std::size_t lane = 0; lane < block.filters && scaled; ++lane) {
    double most = 0;
    for (std::size_t at = lane; at < now.size(); at += kLanes8) {
      if (std::abs(before[at]) <= most) continue;
      most = std::abs(before[at]);
      times[lane] = now[at] / before[at];
    }
    for (std::size_t at = lane; at < now.size() && scaled; at += kLanes8)
      scaled = std::abs(now[at] - times[lane] * before[at]) <= kSameRatio * std::abs(now[at]);
  }
  if (!scaled) return begin(grids, block, bias_change_);
  for (std::size_t at = 0; at < maps_.sums.size(); ++at) {
    const std::size_t lane = at % kLanes8;
    maps_.sums[at] = bias(lane) + static_cast<float>(times[lane]) * (maps_.sums[at] - bias(lane));
  }
  linearize();
}

std::vector<double> OutputRounding::best_factors(const Grids& grids, const FilterBlock& block,
                                                 std::size_t per_filter) {
  const std::vector<std::vector<std::size_t>> groups = weights_of_groups(block, per_filter);
  std::vector<double> factors(per_filter * block.filters, 1.0);
  Map &slopes = maps_.slopes_left, &along = maps_.along;
  slopes = maps_.slopes;
  along.resize(slopes.size());
  for (std::size_t group = 0; group < per_filter; ++group) {
    sum_group(grids, block, groups[group], along);
    PerFilter slope{}, curvature{}, bias_slope{}, bias_curvature{}, mixed{};
    for (std::size_t p = 0; p < samples_.positions; ++p) {
      for (std::size_t lane = 0; lane < block.filters; ++lane) {
        const std::size_t at = p * kLanes8 + lane;
        const auto by = static_cast<double>(along[at]);
        const auto c = static_cast<double>(maps_.curvatures[at]),
                   s = static_cast<double>(slopes[at]);
        slope[lane] += s * by;
        curvature[lane] += c * by * by;
        bias_slope[lane] += s;
        bias_curvature[lane] += c;
        mixed[lane] += c * by;
      }
    }
    std::array<float, kLanes8> step{};
    for (std::size_t lane = 0; lane < block.filters; ++lane) {
      if (!(bias_curvature[lane] > 0)) continue;
      // The bias takes up what it can: it is moved next.
      const double share = mixed[lane] / bias_curvature[lane];
      const double left = curvature[lane] - share * mixed[lane];
      if (!(left > kLeastLeft * curvature[lane])) continue;
      const double by = -(slope[lane] - share * bias_slope[lane]) / left;
      if (!(by > -kMostRescaled && by < kMostRescaled)) continue;
      factors[lane * per_filter + group] = 1 + by;
      step[lane] = static_cast<float>(by);
    }
    for (std::size_t at = 0; at < along.size(); ++at) along[at] *= maps_.curvatures[at];
    add_steps(along.data(), along.size(), step.data(), slopes.data());
  }
  return factors;
}

}  // namespace qyolo::quant
