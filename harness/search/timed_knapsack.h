// The knapsack whose choices also take time, of which there is a limit.
//
// Lagrangian relaxation (Everett 1963): each millisecond is given a price, the knapsack of costs
// and prices is solved, and the lowest price whose selection keeps the limit is taken. What is
// found always keeps both bounds; between prices it may miss a cheaper selection, and the
// relaxation's own lower bound says by how much at most.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/result.h"
#include "harness/search/knapsack.h"

namespace qyolo::harness {

class TimedKnapsack {
 public:
  // As Knapsack::make(). `limit`: milliseconds of a selection, at most; none: they are not looked
  // at.
  static Result<TimedKnapsack> make(std::vector<std::vector<Choice>> groups, std::int64_t capacity,
                                    std::optional<double> limit = std::nullopt);

  // The cheapest selection found that keeps the budget (bytes) and the limit; nothing where even
  // the fastest choices of that budget take longer.
  [[nodiscard]] std::optional<Selection> solve(std::int64_t budget) const;

  [[nodiscard]] std::int64_t unit() const { return of_price(0).unit(); }  // bytes
  // The least budget that solve() finds something for; above the capacity: there is none.
  [[nodiscard]] std::int64_t smallest() const { return smallest_; }

 private:
  TimedKnapsack() = default;
  // Of the price at that place of the ladder, made when it is first asked for; 0: no price.
  [[nodiscard]] const Knapsack& of_price(int step) const;
  [[nodiscard]] double price(int step) const;
  [[nodiscard]] double cost_of(const Selection& selection) const;

  std::vector<std::vector<Choice>> groups_;
  std::int64_t capacity_ = 0;
  std::int64_t smallest_ = 0;
  std::optional<double> limit_;
  double first_price_ = 0;                   // cost per millisecond
  std::unique_ptr<const Knapsack> fastest_;  // its costs are milliseconds
  mutable std::map<int, std::unique_ptr<const Knapsack>> known_;
};

}  // namespace qyolo::harness
