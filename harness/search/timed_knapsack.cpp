#include "harness/search/timed_knapsack.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace qyolo::harness {
namespace {

// Prices go from one at which time counts next to nothing to one at which little else does.
constexpr double kFirstPrice = 1e-5;  // of the largest cost per millisecond of all choices
constexpr double kPriceStep = 1.25;
constexpr int kPrices = 104;  // up to about 1e5 times the largest
constexpr std::int64_t kPricedUnits = 1 << 14;

double largest_cost(const std::vector<std::vector<Choice>>& groups) {
  double sum = 0;
  for (const auto& group : groups) sum += std::ranges::max_element(group, {}, &Choice::cost)->cost;
  return sum;
}

double largest_time(const std::vector<std::vector<Choice>>& groups) {
  double sum = 0;
  for (const auto& group : groups)
    sum += std::ranges::max_element(group, {}, &Choice::milliseconds)->milliseconds;
  return sum;
}

}  // namespace

Result<TimedKnapsack> TimedKnapsack::make(std::vector<std::vector<Choice>> groups,
                                          std::int64_t capacity, std::optional<double> limit) {
  TimedKnapsack made;
  QYOLO_TRY(Knapsack free, Knapsack::make(groups, capacity));
  made.smallest_ = free.smallest();
  made.known_[0] = std::make_unique<const Knapsack>(std::move(free));
  made.capacity_ = capacity;
  made.limit_ = limit;
  made.groups_ = std::move(groups);
  if (!limit) return made;
  const double time = largest_time(made.groups_);
  made.first_price_ = time > 0 ? kFirstPrice * largest_cost(made.groups_) / time : 0;
  // Of time alone: the least of each budget.
  std::vector<std::vector<Choice>> times = made.groups_;
  for (auto& group : times)
    for (Choice& choice : group) choice.cost = choice.milliseconds;
  QYOLO_TRY(Knapsack fastest, Knapsack::make(std::move(times), capacity, kPricedUnits));
  made.fastest_ = std::make_unique<const Knapsack>(std::move(fastest));
  const auto keeps = [&](std::int64_t budget) {
    const auto selection = made.fastest_->solve(budget);
    return selection && selection->milliseconds <= *limit;
  };
  std::int64_t low = made.smallest_ - 1, high = capacity + 1;  // high: known to keep it, or beyond
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (keeps(middle) ? high : low) = middle;
  }
  made.smallest_ = high;
  return made;
}

double TimedKnapsack::price(int step) const {
  return step == 0 ? 0 : first_price_ * std::pow(kPriceStep, step - 1);
}

const Knapsack& TimedKnapsack::of_price(int step) const {
  auto& known = known_[step];
  if (!known) {
    std::vector<std::vector<Choice>> priced = groups_;
    for (auto& group : priced)
      for (Choice& choice : group) choice.cost += price(step) * choice.milliseconds;
    // Checked when the first one was made.
    known = std::make_unique<const Knapsack>(
        Knapsack::make(std::move(priced), capacity_, kPricedUnits).value());
  }
  return *known;
}

double TimedKnapsack::cost_of(const Selection& selection) const {
  double cost = 0;
  for (std::size_t i = 0; i < groups_.size(); ++i) cost += groups_[i][selection.choices[i]].cost;
  return cost;
}

std::optional<Selection> TimedKnapsack::solve(std::int64_t budget) const {
  if (!limit_) return of_price(0).solve(budget);
  if (budget < smallest_) return std::nullopt;
  std::optional<Selection> found;
  double lower_bound = 0;
  const auto take = [&](std::optional<Selection> selection) {
    selection->cost = cost_of(*selection);
    if (!found || selection->cost < found->cost) found = std::move(selection);
  };
  // Whether the selection at that price keeps the limit.
  const auto attempt = [&](int step) {
    auto selection = of_price(step).solve(budget);
    if (!selection) return false;
    lower_bound = std::max(lower_bound, selection->lower_bound - price(step) * *limit_);
    const bool keeps = selection->milliseconds <= *limit_;
    if (keeps) take(std::move(selection));
    return keeps;
  };
  if (!attempt(0)) {
    int low = 0, high = kPrices;
    if (!attempt(high)) take(fastest_->solve(budget));
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      (attempt(middle) ? high : low) = middle;
    }
  }
  found->lower_bound = std::min(found->cost, lower_bound);
  return found;
}

}  // namespace qyolo::harness
