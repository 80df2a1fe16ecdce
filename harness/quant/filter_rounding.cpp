#include "harness/quant/filter_rounding.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "harness/quant/fused_loops.h"

namespace qyolo::quant {
namespace {

constexpr std::size_t kRows = 8;     // columns of H whose sums are made at once
constexpr int kMostPasses = 16;      // of coordinate descent; it ends by itself before
constexpr double kMostDamping = 10;  // beyond it, H says nothing

using Lanes [[gnu::vector_size(64)]] = double;

// sums[r] = sum over i in [begin, end) of ratios[r * pitch + i] errors[i], r < kRows.
QYOLO_FUSED_LOOPS
void sum_rows(const double* ratios, std::size_t pitch, std::size_t begin, std::size_t end,
              const double* errors, double* sums) {
  Lanes sum[kRows] = {};
  for (std::size_t i = begin; i < end; ++i) {
    Lanes error;
    std::memcpy(&error, errors + i * kLanes8, sizeof error);
    for (std::size_t r = 0; r < kRows; ++r) sum[r] += ratios[r * pitch + i] * error;
  }
  std::memcpy(sums, sum, sizeof sum);
}

// to[i] += factors[i] step, lane by lane.
QYOLO_FUSED_LOOPS
void add_scaled(const double* factors, std::size_t count, const double* step, double* to) {
  Lanes by;
  std::memcpy(&by, step, sizeof by);
  for (std::size_t i = 0; i < count; ++i) {
    Lanes value;
    std::memcpy(&value, to + i * kLanes8, sizeof value);
    value += factors[i] * by;
    std::memcpy(to + i * kLanes8, &value, sizeof value);
  }
}

}  // namespace

RoundingOrder::RoundingOrder(const SymmetricMatrix& second, double damping, int threads) {
  const std::size_t size = second.size();
  const std::vector<double> diagonal = second.diagonal();
  order_.resize(size);
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::ranges::stable_sort(order_, {}, [&](std::size_t i) { return diagonal[i]; });
  const double mean =
      std::accumulate(diagonal.begin(), diagonal.end(), 0.0) / static_cast<double>(size);
  bool regular = false;
  for (double share = damping; mean > 0 && !regular && share <= kMostDamping; share *= 10) {
    factor_ = second.permuted(order_);
    ridge_ = share * mean;
    for (std::size_t i = 0; i < size; ++i) factor_.at(i, i) += ridge_;
    regular = factor_.factorize(threads);
  }
  informed_ = regular;
  if (!regular) {
    factor_ = SymmetricMatrix(size);
    for (std::size_t i = 0; i < size; ++i) factor_.at(i, i) = 1;
    ridge_ = 1;
  }
  pivots_ = factor_.diagonal();
  for (std::size_t j = 0; j < size; ++j) {
    for (std::size_t i = j + 1; i < size; ++i) factor_.at(j, i) = factor_.at(i, j) / pivots_[j];
  }
}

void round_filters(const RoundingOrder& order, const Grids& grids, Rounding rounding,
                   FilterBlock& block) {
  const std::size_t size = order.size();
  thread_local std::vector<double> errors;
  errors.assign(size * kLanes8, 0);
  block.places.resize(size * kLanes8);
  block.error = {};
  std::array<double, kRows * kLanes8> sums;
  const bool makes_up = rounding != Rounding::kNearest;
  for (std::size_t end = size; end > 0;) {
    const std::size_t begin = end > kRows ? end - kRows : 0;
    // Of fewer than kRows rows, the sums of those behind them are made, too, and not used.
    const std::size_t first = std::min(begin, size >= kRows ? size - kRows : 0);
    if (size >= kRows) {
      sum_rows(order.ratios(first), size, end, size, errors.data(), sums.data());
    } else {
      sums = {};
    }
    for (std::size_t j = end; j-- > begin;) {
      double* const sum = sums.data() + (j - first) * kLanes8;
      const double* const ratios = order.ratios(j);
      for (std::size_t i = j + 1; i < end; ++i) {
        for (std::size_t lane = 0; lane < kLanes8; ++lane)
          sum[lane] += ratios[i] * errors[i * kLanes8 + lane];
      }
      const std::size_t at = order.weight(j) * kLanes8;
      for (std::size_t lane = 0; lane < block.filters; ++lane) {
        const double weight = block.targets[at + lane];
        const double target = weight + sum[lane];
        const std::uint32_t slot = block.slots[at + lane];
        const std::size_t place = grids.nearest(slot, makes_up ? target : weight);
        const double value = grids.value(slot, place);
        block.places[at + lane] = static_cast<std::uint16_t>(place);
        errors[j * kLanes8 + lane] = weight - value;
        const double missed = order.pivot(j) * (target - value);
        block.error[lane] += missed * missed;
      }
    }
    end = begin;
  }
}

namespace {

using LaneValues = std::array<double, kLanes8>;

// to += (H + ridge) values, where the values, [weight][lane], are those of these weights.
void add_products(const RoundingOrder& order, const SymmetricMatrix& second,
                  std::span<const std::size_t> weights, const std::vector<double>& values,
                  std::vector<double>& to) {
  for (const std::size_t j : weights) {
    const double* const step = values.data() + j * kLanes8;
    add_scaled(second.row(j).data(), order.size(), step, to.data());
    for (std::size_t lane = 0; lane < kLanes8; ++lane)
      to[j * kLanes8 + lane] += order.ridge() * step[lane];
  }
}

}  // namespace

std::vector<double> values_of(const Grids& grids, const FilterBlock& block) {
  std::vector<double> values(block.targets.size());
  for (std::size_t i = 0; i < values.size(); i += kLanes8) {
    for (std::size_t lane = 0; lane < block.filters; ++lane)
      values[i + lane] = grids.value(block.slots[i + lane], block.places[i + lane]);
  }
  return values;
}

std::vector<std::vector<std::size_t>> weights_of_groups(const FilterBlock& block,
                                                        std::size_t per_filter) {
  std::vector<std::vector<std::size_t>> groups(per_filter);
  for (std::size_t i = 0; i < block.targets.size() / kLanes8; ++i)
    groups[block.slots[i * kLanes8]].push_back(i);
  return groups;
}

std::vector<double> best_factors(const RoundingOrder& order, const SymmetricMatrix& second,
                                 const Grids& grids, const FilterBlock& block,
                                 std::size_t per_filter) {
  const std::size_t size = order.size();
  const std::vector<double> values = values_of(grids, block);
  std::vector<double> errors(size * kLanes8);
  const std::vector<std::vector<std::size_t>> groups = weights_of_groups(block, per_filter);
  std::vector<std::size_t> all(size);
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t lane = 0; lane < block.filters; ++lane) {
      const std::size_t at = i * kLanes8 + lane;
      errors[at] = block.targets[at] - values[at];
    }
  }
  std::vector<double> slopes(size * kLanes8), products(size * kLanes8);
  add_products(order, second, all, errors, slopes);
  std::vector<double> factors(per_filter * block.filters, 1.0);
  for (std::size_t group = 0; group < per_filter; ++group) {
    std::ranges::fill(products, 0.0);
    add_products(order, second, groups[group], values, products);
    LaneValues along{}, curvature{}, less{};
    for (const std::size_t i : groups[group]) {
      for (std::size_t lane = 0; lane < kLanes8; ++lane) {
        const std::size_t at = i * kLanes8 + lane;
        along[lane] += values[at] * slopes[at];
        curvature[lane] += values[at] * products[at];
      }
    }
    for (std::size_t lane = 0; lane < block.filters; ++lane) {
      // (e - (t - 1) v)^2 is least at t - 1 = v H e / v H v.
      const double by = curvature[lane] > 0 ? along[lane] / curvature[lane] : 0;
      if (!(by > -kMostRescaled && by < kMostRescaled)) continue;
      factors[lane * per_filter + group] = 1 + by;
      less[lane] = by;
    }
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t lane = 0; lane < kLanes8; ++lane)
        slopes[i * kLanes8 + lane] -= less[lane] * products[i * kLanes8 + lane];
    }
  }
  return factors;
}

void improve_filters(const RoundingOrder& order, const SymmetricMatrix& second, const Grids& grids,
                     FilterBlock& block) {
  const std::size_t size = order.size();
  std::vector<double> slopes(size * kLanes8);  // H e
  std::array<double, kLanes8> step{};
  const auto value = [&](std::size_t at) { return grids.value(block.slots[at], block.places[at]); };
  for (std::size_t j = 0; j < size; ++j) {
    for (std::size_t lane = 0; lane < block.filters; ++lane)
      step[lane] = block.targets[j * kLanes8 + lane] - value(j * kLanes8 + lane);
    add_scaled(second.row(j).data(), size, step.data(), slopes.data());
    for (std::size_t lane = 0; lane < block.filters; ++lane)
      slopes[j * kLanes8 + lane] += order.ridge() * step[lane];
  }
  for (int pass = 0; pass < kMostPasses; ++pass) {
    bool changed = false;
    for (std::size_t column = size; column-- > 0;) {
      const std::size_t j = order.weight(column);
      const double curvature = second.at(j, j) + order.ridge();
      step = {};
      bool moves = false;
      for (std::size_t lane = 0; lane < block.filters; ++lane) {
        const std::size_t at = j * kLanes8 + lane;
        const double now = value(at);
        const double slope = slopes[at];
        const std::size_t place = grids.nearest(block.slots[at], now + slope / curvature);
        const double by = grids.value(block.slots[at], place) - now;  // e changes by -by
        // (e - by)^2: the error falls by by (2 slope - by curvature).
        const double gain = by * (2 * slope - by * curvature);
        if (by == 0 || !(gain > 0)) continue;
        block.places[at] = static_cast<std::uint16_t>(place);
        block.error[lane] -= gain;
        step[lane] = -by;
        moves = true;
      }
      if (!moves) continue;
      changed = true;
      add_scaled(second.row(j).data(), size, step.data(), slopes.data());
      for (std::size_t lane = 0; lane < block.filters; ++lane)
        slopes[j * kLanes8 + lane] += order.ridge() * step[lane];
    }
    if (!changed) break;
  }
}

}  // namespace qyolo::quant
