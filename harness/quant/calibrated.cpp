#include "harness/quant/calibrated.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <memory>

#include "common/parallel.h"
#include "harness/quant/filter_rounding.h"
#include "harness/quant/grid_search.h"
#include "harness/quant/kernels.h"

namespace qyolo::quant {
namespace {

// Added to the diagonal of H, as a share of its mean (Frantar et al.).
constexpr double kDamping = 0.01;
constexpr int kRefits = 3;          // of scales to codes, and codes to scales
constexpr int kOutputPasses = 6;    // over biases and codes; after every other one, scales
constexpr int kLargestShrink = 79;  // percent that Range::Kind::kOutput takes off a range at most

// Which group each weight of a tensor belongs to, and whether groups lie within filters: then group
// g is one of filter g / per_filter.
struct GroupMap {
  GroupMap(const Shape& shape, const Granularity& granularity)
      : group(static_cast<std::size_t>(shape.size())) {
    const std::int64_t filter = shape.c * shape.kh * shape.kw;
    const std::int64_t count = granularity.group_count(shape);
    within_filters = count % shape.n == 0;
    for (std::int64_t g = 0; g < count; ++g) {
      const Group found = granularity.group(shape, g);
      for (std::int64_t i = 0; i < found.outer; ++i) {
        for (std::int64_t j = 0; j < found.inner; ++j) {
          const std::int64_t at = found.offset + i * found.stride_outer + j * found.stride_inner;
          group[static_cast<std::size_t>(at)] = static_cast<std::uint32_t>(g);
          within_filters = within_filters && at / filter == g / (count / shape.n);
        }
      }
    }
    groups = static_cast<std::size_t>(count);
    per_filter = within_filters ? groups / static_cast<std::size_t>(shape.n) : 0;
  }

  std::vector<std::uint32_t> group;
  std::size_t groups = 0, per_filter = 0;
  bool within_filters = false;
};

// The weights of a group, in the order of its positions, and how much each counts.
struct GroupWeights {
  std::vector<float> weights;
  std::vector<double> importance;
};

using Percents = std::array<int, kLanes8>;  // taken off the ranges of each filter of a block

class TensorRounding {
 public:
  TensorRounding(std::span<const float> weights, const Shape& shape, const Recipe& recipe,
                 std::span<const InputMoments> inputs, std::span<const RoundingOrder> orders,
                 const FilterOutputs& outputs, int threads)
      : weights_(weights),
        targets_(weights.begin(), weights.end()),
        recipe_(recipe),
        inputs_(inputs),
        orders_(orders),
        outputs_(outputs),
        threads_(threads),
        tensor_scale_(recipe.scheme->tensor_scale(largest_magnitude(weights))),
        filter_size_(static_cast<std::size_t>(shape.c * shape.kh * shape.kw)),
        filters_(static_cast<std::size_t>(shape.n)),
        groups_(shape, recipe.granularity),
        bias_change_(filters_) {
    tensor_.recipe = recipe;
    tensor_.shape = shape;
    tensor_.codes.resize(weights.size());
    if (recipe.scheme->piecewise()) tensor_.regions.resize(weights.size());
    tensor_.parameters.resize(groups_.groups);
  }

  CalibratedTensor run() {
    const bool searches = recipe_.options.range.kind == Range::Kind::kOutput;
    if (!groups_.within_filters) {
      for_each_block([&](std::size_t first, std::size_t count) {
        if (!looks_at_outputs(first)) return;
        relax(first, count, *outputs_of(first, count));
      });
      const int percent = searches ? coarse_to_fine(0, kLargestShrink, 10,
                                                    [&](int taken) { return error_at(taken); })
                                   : 0;
      fit_all(percent);
      const Grids grids = all_grids();
      for_each_block(
          [&](std::size_t first, std::size_t count) { round_into_tensor(first, count, grids); });
    } else {
      for_each_block([&](std::size_t first, std::size_t count) {
        const auto outputs = looks_at_outputs(first) ? outputs_of(first, count) : nullptr;
        if (outputs != nullptr) relax(first, count, *outputs);
        const std::vector<GroupWeights> groups = groups_of(first, count);
        finish(first, count, groups, searches ? best_shrinks(first, count, groups) : Percents(),
               outputs.get());
      });
    }
    return {std::move(tensor_), std::move(bias_change_)};
  }

 private:
  [[nodiscard]] std::size_t input_of(std::size_t filter) const {
    return filter / (filters_ / inputs_.size());
  }

  // Calls body(first, count) for blocks of filters with common inputs.
  void for_each_block(const std::function<void(std::size_t, std::size_t)>& body) {
    const std::size_t per_input = filters_ / inputs_.size();
    const std::size_t blocks = (per_input + kLanes8 - 1) / kLanes8;
    parallel_for(blocks * inputs_.size(), threads_, [&](std::size_t i) {
      const std::size_t begin = i % blocks * kLanes8;
      body(i / blocks * per_input + begin, std::min(kLanes8, per_input - begin));
    });
  }

  [[nodiscard]] GroupWeights group_weights(std::size_t index) const {
    const Group group = recipe_.granularity.group(tensor_.shape, static_cast<std::int64_t>(index));
    GroupWeights found;
    for (std::int64_t i = 0; i < group.outer; ++i) {
      for (std::int64_t j = 0; j < group.inner; ++j) {
        const auto at = static_cast<std::size_t>(group.offset + i * group.stride_outer +
                                                 j * group.stride_inner);
        const std::size_t place = at % filter_size_;
        found.weights.push_back(targets_[at]);
        found.importance.push_back(inputs_[input_of(at / filter_size_)].second.at(place, place));
      }
    }
    return found;
  }

  [[nodiscard]] GroupParameters fit(const GroupWeights& group, int percent) const {
    const GroupView view{group.weights, group.importance, tensor_scale_};
    if (recipe_.options.range.kind != Range::Kind::kOutput)
      return recipe_.scheme->fit(view, recipe_.options);
    const double ratio = (100 - percent) / 100.0;
    return recipe_.scheme->fit_shrunk(view, ratio, ratio, recipe_.options);
  }

  void fit_all(int percent) {
    parallel_for(groups_.groups, threads_,
                 [&](std::size_t g) { tensor_.parameters[g] = fit(group_weights(g), percent); });
  }

  // A block of these filters: targets, where nothing else is said, and slots. Slots are groups; of
  // groups within filters, those of the block from 0 on.
  [[nodiscard]] FilterBlock block_of(std::size_t first, std::size_t count) const {
    return block_of(first, count, targets_);
  }
  [[nodiscard]] FilterBlock block_of(std::size_t first, std::size_t count,
                                     std::span<const float> targets) const {
    FilterBlock block;
    block.filters = count;
    block.targets.resize(filter_size_ * kLanes8);
    block.slots.resize(filter_size_ * kLanes8);
    const std::size_t base = groups_.within_filters ? first * groups_.per_filter : 0;
    for (std::size_t lane = 0; lane < count; ++lane) {
      for (std::size_t i = 0; i < filter_size_; ++i) {
        const std::size_t at = (first + lane) * filter_size_ + i;
        block.targets[i * kLanes8 + lane] = static_cast<double>(targets[at]);
        block.slots[i * kLanes8 + lane] = static_cast<std::uint32_t>(groups_.group[at] - base);
      }
    }
    return block;
  }

  [[nodiscard]] std::vector<GroupWeights> groups_of(std::size_t first, std::size_t count) const {
    std::vector<GroupWeights> groups;
    for (std::size_t g = first * groups_.per_filter; g < (first + count) * groups_.per_filter; ++g)
      groups.push_back(group_weights(g));
    return groups;
  }

  // Parameters and grids of some filters' groups, those of lane l shrunk by percents[l].
  struct FittedGroups {
    std::vector<GroupParameters> parameters;
    Grids grids;
  };
  [[nodiscard]] FittedGroups fit_groups(std::span<const GroupWeights> groups,
                                        const Percents& percents) const {
    FittedGroups fitted{{}, Grids(*recipe_.scheme, recipe_.options, groups.size())};
    for (std::size_t slot = 0; slot < groups.size(); ++slot) {
      fitted.parameters.push_back(fit(groups[slot], percents[slot / groups_.per_filter]));
      fitted.grids.set(slot, fitted.parameters.back());
    }
    return fitted;
  }

  // What to shrink each filter's ranges by for the least error of its outputs, in steps of 10 and
  // then of 1.
  [[nodiscard]] Percents best_shrinks(std::size_t first, std::size_t count,
                                      std::span<const GroupWeights> groups) const {
    const RoundingOrder& order = orders_[input_of(first)];
    FilterBlock block = block_of(first, count);
    Percents best{};
    std::array<double, kLanes8> least;
    least.fill(std::numeric_limits<double>::infinity());
    const auto attempt = [&](const Percents& percents) {
      round_filters(order, fit_groups(groups, percents).grids, recipe_.options.rounding, block);
      for (std::size_t lane = 0; lane < count; ++lane) {
        if (!(block.error[lane] < least[lane])) continue;
        least[lane] = block.error[lane];
        best[lane] = percents[lane];
      }
    };
    Percents tried;
    for (int percent = 0; percent <= kLargestShrink; percent += 10) {
      tried.fill(percent);
      attempt(tried);
    }
    const Percents centre = best;
    for (int by = -9; by <= 9; ++by) {
      if (by == 0) continue;
      for (std::size_t lane = 0; lane < kLanes8; ++lane)
        tried[lane] = std::clamp(centre[lane] + by, 0, kLargestShrink);
      attempt(tried);
    }
    return best;
  }

  // Error of all filters' outputs with every range shrunk by this.
  [[nodiscard]] double error_at(int percent) {
    fit_all(percent);
    const Grids grids = all_grids();
    std::vector<double> errors(filters_);
    for_each_block([&](std::size_t first, std::size_t count) {
      FilterBlock block = block_of(first, count);
      round_filters(orders_[input_of(first)], grids, recipe_.options.rounding, block);
      for (std::size_t lane = 0; lane < count; ++lane) errors[first + lane] = block.error[lane];
    });
    double sum = 0;
    for (const double value : errors) sum += value;
    return sum;
  }

  [[nodiscard]] Grids all_grids() const {
    Grids grids(*recipe_.scheme, recipe_.options, groups_.groups);
    for (std::size_t g = 0; g < groups_.groups; ++g) grids.set(g, tensor_.parameters[g]);
    return grids;
  }

  // `outputs`: of these filters; none: they are not looked at.
  void finish(std::size_t first, std::size_t count, std::span<const GroupWeights> groups,
              const Percents& percents, OutputRounding* outputs) {
    FittedGroups fitted = fit_groups(groups, percents);
    FilterBlock block = rounded_block(first, count, fitted.grids);
    if (recipe_.options.rounding == Rounding::kCoordinate) {
      for (int i = 0; i < kRefits; ++i) refit(first, fitted, block);
    }
    change_biases(first, block, fitted.grids);
    if (outputs != nullptr) round_outputs(first, block, fitted.grids, &fitted, *outputs);
    std::ranges::copy(
        fitted.parameters,
        tensor_.parameters.begin() + static_cast<std::ptrdiff_t>(first * groups_.per_filter));
    store(first, count, fitted.grids, block);
  }

  [[nodiscard]] FilterBlock rounded_block(std::size_t first, std::size_t count,
                                          const Grids& grids) const {
    const std::size_t input = input_of(first);
    FilterBlock block = block_of(first, count);
    round_filters(orders_[input], grids, recipe_.options.rounding, block);
    if (recipe_.options.rounding == Rounding::kCoordinate)
      improve_filters(orders_[input], inputs_[input].second, grids, block);
    return block;
  }

  // The scales that suit the codes best, then the codes that suit these.
  void refit(std::size_t first, FittedGroups& fitted, FilterBlock& block) const {
    const std::size_t input = input_of(first);
    if (!orders_[input].informed()) return;
    const std::vector<double> factors = best_factors(orders_[input], inputs_[input].second,
                                                     fitted.grids, block, groups_.per_filter);
    if (rescale(factors, fitted))
      improve_filters(orders_[input], inputs_[input].second, fitted.grids, block);
  }

  // Multiplies the values of groups, those that can be; whether any could.
  bool rescale(std::span<const double> factors, FittedGroups& fitted) const {
    bool changed = false;
    for (std::size_t slot = 0; slot < factors.size(); ++slot) {
      const auto scaled =
          recipe_.scheme->rescaled(fitted.parameters[slot], factors[slot], recipe_.options);
      if (!scaled) continue;
      fitted.parameters[slot] = *scaled;
      fitted.grids.set(slot, *scaled);
      changed = true;
    }
    return changed;
  }

  // What rounding changes the sums by on average is taken off the biases.
  void change_biases(std::size_t first, const FilterBlock& block, const Grids& grids) {
    const std::vector<double>& mean = inputs_[input_of(first)].mean;
    for (std::size_t i = 0; i < filter_size_; ++i) {
      for (std::size_t lane = 0; lane < block.filters; ++lane) {
        const std::size_t at = i * kLanes8 + lane;
        const double value = grids.value(block.slots[at], block.places[at]);
        bias_change_[first + lane] += (block.targets[at] - value) * mean[i];
      }
    }
  }

  // Samples say something where there are more of them than weights to be told.
  [[nodiscard]] bool looks_at_outputs(std::size_t first) const {
    const std::size_t input = input_of(first);
    return recipe_.options.rounding == Rounding::kCoordinate && orders_[input].informed() &&
           inputs_[input].samples.positions >= filter_size_;
  }

  [[nodiscard]] std::unique_ptr<OutputRounding> outputs_of(std::size_t first,
                                                           std::size_t count) const {
    const std::span<const float> bias =
        outputs_.bias.empty() ? outputs_.bias : outputs_.bias.subspan(first, count);
    return std::make_unique<OutputRounding>(inputs_[input_of(first)].samples, outputs_.activation,
                                            block_of(first, count, weights_), bias);
  }

  void relax(std::size_t first, std::size_t count, OutputRounding& outputs) {
    FilterBlock block = block_of(first, count);
    outputs.relax(block);
    for (std::size_t lane = 0; lane < count; ++lane) {
      bias_change_[first + lane] = outputs.bias_change()[lane];
      for (std::size_t i = 0; i < filter_size_; ++i)
        targets_[(first + lane) * filter_size_ + i] =
            static_cast<float>(block.targets[i * kLanes8 + lane]);
    }
  }

  // Codes and biases, and where `fitted` owns the grids their scales, for the least error behind
  // the activation. A filter that is none the better stays as it was.
  void round_outputs(std::size_t first, FilterBlock& block, const Grids& grids,
                     FittedGroups* fitted, OutputRounding& outputs) {
    const RoundingOrder& order = orders_[input_of(first)];
    OutputRounding::PerFilter bias{};
    for (std::size_t lane = 0; lane < block.filters; ++lane)
      bias[lane] = bias_change_[first + lane];
    outputs.begin(grids, block, bias);
    const OutputRounding::PerFilter before = outputs.loss();
    const std::vector<std::uint16_t> places = block.places;
    const std::vector<GroupParameters> parameters =
        fitted != nullptr ? fitted->parameters : std::vector<GroupParameters>();
    for (int pass = 0; pass < kOutputPasses; ++pass) {
      outputs.pass(order, grids, block);
      if (fitted == nullptr || pass % 2 != 0) continue;
      const std::vector<double> values = values_of(grids, block);
      if (rescale(outputs.best_factors(grids, block, groups_.per_filter), *fitted))
        outputs.follow(values, grids, block);
    }
    for (std::size_t lane = 0; lane < block.filters; ++lane) {
      if (outputs.loss()[lane] < before[lane]) {
        bias_change_[first + lane] = outputs.bias_change()[lane];
        continue;
      }
      for (std::size_t i = 0; i < filter_size_; ++i)
        block.places[i * kLanes8 + lane] = places[i * kLanes8 + lane];
      for (std::size_t slot = lane * groups_.per_filter;
           fitted != nullptr && slot < (lane + 1) * groups_.per_filter; ++slot) {
        fitted->parameters[slot] = parameters[slot];
        fitted->grids.set(slot, parameters[slot]);
      }
    }
  }

  void round_into_tensor(std::size_t first, std::size_t count, const Grids& grids) {
    FilterBlock block = rounded_block(first, count, grids);
    change_biases(first, block, grids);
    if (looks_at_outputs(first)) {
      round_outputs(first, block, grids, nullptr, *outputs_of(first, count));
    }
    store(first, count, grids, block);
  }

  void store(std::size_t first, std::size_t count, const Grids& grids, const FilterBlock& block) {
    for (std::size_t lane = 0; lane < count; ++lane) {
      for (std::size_t i = 0; i < filter_size_; ++i) {
        const std::size_t from = i * kLanes8 + lane;
        const Level level = grids.level(block.slots[from], block.places[from]);
        const std::size_t at = (first + lane) * filter_size_ + i;
        tensor_.codes[at] = level.code;
        if (!tensor_.regions.empty()) tensor_.regions[at] = level.region;
      }
    }
  }

  std::span<const float> weights_;
  std::vector<float> targets_;  // what is rounded: the weights, or what they have been relaxed to
  const Recipe& recipe_;
  std::span<const InputMoments> inputs_;
  std::span<const RoundingOrder> orders_;  // of these
  FilterOutputs outputs_;
  int threads_;
  float tensor_scale_;
  std::size_t filter_size_, filters_;
  GroupMap groups_;
  QuantizedTensor tensor_;
  std::vector<double> bias_change_;
};

}  // namespace

bool needs_inputs(const Recipe& recipe) {
  return recipe.options.rounding != Rounding::kNearest || recipe.options.range.needs_inputs();
}

std::vector<RoundingOrder> rounding_orders(std::span<const InputMoments> inputs, int threads) {
  std::vector<RoundingOrder> orders;
  for (const InputMoments& input : inputs) orders.emplace_back(input.second, kDamping, threads);
  return orders;
}

Result<CalibratedTensor> quantize_calibrated(std::span<const float> weights, const Shape& shape,
                                             const Recipe& recipe,
                                             std::span<const InputMoments> inputs,
                                             const FilterOutputs& outputs, int threads,
                                             std::span<const RoundingOrder> orders) {
  QYOLO_CHECK_OK(check_weights(weights, shape, recipe));
  const auto size = static_cast<std::size_t>(shape.c * shape.kh * shape.kw);
  const auto fits = [&](const InputMoments& input) { return input.second.size() == size; };
  if (inputs.empty() || static_cast<std::size_t>(shape.n) % inputs.size() != 0 ||
      !std::ranges::all_of(inputs, fits)) {
    return error("moments of {} inputs do not fit the shape [{}, {}, {}, {}]", inputs.size(),
                 shape.n, shape.c, shape.kh, shape.kw);
  }
  std::vector<RoundingOrder> made;
  if (orders.empty()) orders = made = rounding_orders(inputs, threads);
  return TensorRounding(weights, shape, recipe, inputs, orders, outputs, threads).run();
}

}  // namespace qyolo::quant
