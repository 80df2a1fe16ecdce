#include "harness/search/knapsack.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace qyolo::harness {
namespace {

constexpr double kUnreachable = std::numeric_limits<double>::infinity();

Status check(const std::vector<std::vector<Choice>>& groups) {
  if (groups.empty()) return error("there is nothing to choose from");
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].empty()) return error("group {} has no choices", i);
    if (groups[i].size() > std::numeric_limits<std::uint16_t>::max())
      return error("group {} has {} choices, expected at most 65535", i, groups[i].size());
    for (const Choice& choice : groups[i]) {
      if (choice.size < 0 || !(choice.cost >= 0) || !std::isfinite(choice.cost)) {
        return error("group {} has a choice of {} bytes and a cost of {}, expected neither below 0",
                     i, choice.size, choice.cost);
      }
    }
  }
  return {};
}

// The choices that the linear relaxation uses: the lower convex hull, sizes ascending.
std::vector<Choice> lower_hull(std::vector<Choice> choices) {
  std::ranges::sort(choices, [](const Choice& a, const Choice& b) {
    return std::pair(a.size, a.cost) < std::pair(b.size, b.cost);
  });
  std::vector<Choice> hull;
  for (const Choice& choice : choices) {
    if (!hull.empty() && choice.cost >= hull.back().cost) continue;
    while (hull.size() >= 2) {
      const Choice& a = hull[hull.size() - 2];
      const Choice& b = hull.back();
      const double to_b = (a.cost - b.cost) * static_cast<double>(choice.size - a.size);
      const double to_choice = (a.cost - choice.cost) * static_cast<double>(b.size - a.size);
      if (to_b > to_choice) break;
      hull.pop_back();
    }
    hull.push_back(choice);
  }
  return hull;
}

}  // namespace

Result<Knapsack> Knapsack::make(std::vector<std::vector<Choice>> groups, std::int64_t capacity,
                                std::int64_t units) {
  QYOLO_CHECK_OK(check(groups));
  Knapsack knapsack;
  knapsack.groups_ = std::move(groups);
  capacity = std::max<std::int64_t>(0, capacity);
  const std::int64_t useful = knapsack.largest();
  units = std::max<std::int64_t>(1, units);
  knapsack.unit_ = std::max<std::int64_t>(1, (std::min(capacity, useful) + units - 1) / units);
  // Room for what rounding up to units adds to the cheapest choices.
  const auto rounding = knapsack.unit_ * static_cast<std::int64_t>(knapsack.groups_.size());
  capacity = std::min(capacity, useful + rounding);
  knapsack.states_ = static_cast<std::size_t>(capacity / knapsack.unit_) + 1;
  // cost[u]: of the groups so far, in at most u units.
  std::vector<double> cost(knapsack.states_, 0);
  std::vector<double> next(knapsack.states_);
  for (const std::vector<Choice>& group : knapsack.groups_) {
    std::ranges::fill(next, kUnreachable);
    std::vector<std::uint16_t> chosen(knapsack.states_, 0);
    for (std::size_t c = 0; c < group.size(); ++c) {
      const auto taken = static_cast<std::size_t>(knapsack.units_of(group[c].size));
      for (std::size_t u = taken; u < knapsack.states_; ++u) {
        const double sum = cost[u - taken] + group[c].cost;
        if (sum >= next[u]) continue;
        next[u] = sum;
        chosen[u] = static_cast<std::uint16_t>(c);
      }
    }
    knapsack.choice_.push_back(std::move(chosen));
    std::swap(cost, next);
  }
  knapsack.cost_ = std::move(cost);
  return knapsack;
}

std::int64_t Knapsack::units_of(std::int64_t size) const { return (size + unit_ - 1) / unit_; }

std::int64_t Knapsack::smallest() const {
  std::int64_t total = 0;
  for (const auto& group : groups_)
    total += std::ranges::min_element(group, {}, &Choice::size)->size;
  return total;
}

std::int64_t Knapsack::largest() const {
  std::int64_t total = 0;
  for (const auto& group : groups_) {
    total += std::ranges::min_element(group, [](const Choice& a, const Choice& b) {
               return std::pair(a.cost, a.size) < std::pair(b.cost, b.size);
             })->size;
  }
  return total;
}

double Knapsack::lower_bound(std::int64_t budget) const {
  struct Step {
    double saves_per_byte = 0;
    std::int64_t size = 0;
    double saves = 0;
  };
  std::vector<Step> steps;
  double cost = 0;
  std::int64_t room = budget;
  for (const auto& group : groups_) {
    const std::vector<Choice> hull = lower_hull(group);
    cost += hull.front().cost;
    room -= hull.front().size;
    for (std::size_t i = 1; i < hull.size(); ++i) {
      const std::int64_t size = hull[i].size - hull[i - 1].size;
      const double saves = hull[i - 1].cost - hull[i].cost;
      steps.push_back({saves / static_cast<double>(size), size, saves});
    }
  }
  std::ranges::sort(steps, std::greater<>(), &Step::saves_per_byte);
  for (const Step& step : steps) {
    if (step.size > room)
      return std::max(0.0, cost - step.saves_per_byte * static_cast<double>(room));
    room -= step.size;
    cost -= step.saves;
  }
  return std::max(0.0, cost);
}

std::optional<Selection> Knapsack::solve(std::int64_t budget) const {
  if (budget < 0) return std::nullopt;
  const std::size_t states = std::min(states_, static_cast<std::size_t>(budget / unit_) + 1);
  const double best = cost_[states - 1];
  if (!std::isfinite(best)) return std::nullopt;
  auto units = static_cast<std::size_t>(
      std::ranges::find(cost_.begin(), cost_.begin() + static_cast<std::ptrdiff_t>(states), best) -
      cost_.begin());
  Selection selection;
  selection.choices.resize(groups_.size());
  for (std::size_t i = groups_.size(); i-- > 0;) {
    const std::size_t chosen = choice_[i][units];
    const Choice& choice = groups_[i][chosen];
    selection.choices[i] = chosen;
    selection.size += choice.size;
    selection.cost += choice.cost;
    selection.milliseconds += choice.milliseconds;
    units -= static_cast<std::size_t>(units_of(choice.size));
  }
  selection.lower_bound = std::min(selection.cost, lower_bound(budget));
  return selection;
}

}  // namespace qyolo::harness
