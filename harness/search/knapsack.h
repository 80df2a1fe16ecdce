// The multiple-choice knapsack: one choice out of each group, so that the costs add up to as little
// as possible and the sizes fit a budget. Here a group is a layer, and its choices are ways to
// quantize it.
//
// Solved by dynamic programming over sizes in units: a choice's size is rounded up to whole units,
// so that what is found always fits. With units of one byte it is the optimum; else it costs no
// more than the optimum for a budget that is smaller by (unit - 1) bytes per group. A lower bound
// of what any choice within the budget can cost (of the linear relaxation, Sinha & Zoltners 1979)
// says how far it can be from the optimum. One solver answers for every budget up to its capacity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/result.h"

namespace qyolo::harness {

struct Choice {
  std::int64_t size = 0;
  double cost = 0;
  double milliseconds = 0;  // that it takes; Knapsack only adds them up
};

struct Selection {
  std::vector<std::size_t> choices;  // one per group
  std::int64_t size = 0;             // exact
  double cost = 0;
  double lower_bound = 0;  // of the cost of any selection of at most the budget
  double milliseconds = 0;
};

class Knapsack {
 public:
  // Fails without groups, on a group without choices, on a negative size, on a cost that is
  // negative or not finite, and on more than 65,535 choices in a group. Sizes are in bytes;
  // `capacity` is the largest budget that will be asked for, divided into about `units` units.
  static Result<Knapsack> make(std::vector<std::vector<Choice>> groups, std::int64_t capacity,
                               std::int64_t units = 1 << 15);

  // The cheapest selection whose size is at most `budget` (or the capacity, if that is less);
  // among equally cheap ones one of the fewest units. Nothing where even the smallest choices do
  // not fit.
  [[nodiscard]] std::optional<Selection> solve(std::int64_t budget) const;

  [[nodiscard]] std::int64_t unit() const { return unit_; }  // bytes
  [[nodiscard]] std::int64_t smallest() const;               // the sizes of the smallest choices
  // The sizes of the cheapest choices: nothing is gained beyond.
  [[nodiscard]] std::int64_t largest() const;

 private:
  [[nodiscard]] std::int64_t units_of(std::int64_t size) const;
  [[nodiscard]] double lower_bound(std::int64_t budget) const;

  std::vector<std::vector<Choice>> groups_;
  std::int64_t unit_ = 1;
  std::size_t states_ = 0;                          // units of the capacity, and 0
  std::vector<std::vector<std::uint16_t>> choice_;  // of each group, for each number of units
  std::vector<double> cost_;                        // of all groups, for each number of units
};

}  // namespace qyolo::harness
