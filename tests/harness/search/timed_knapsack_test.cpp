#include "harness/search/timed_knapsack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace qyolo::harness {
namespace {

using Groups = std::vector<std::vector<Choice>>;

constexpr double kNone = std::numeric_limits<double>::infinity();

// The cheapest cost of at most that size and time, by trying everything.
double cheapest(const Groups& groups, std::int64_t budget, double limit, std::size_t group = 0) {
  if (group == groups.size()) return 0;
  double best = kNone;
  for (const Choice& choice : groups[group]) {
    if (choice.size > budget || choice.milliseconds > limit) continue;
    best = std::min(best, choice.cost + cheapest(groups, budget - choice.size,
                                                 limit - choice.milliseconds, group + 1));
  }
  return best;
}

// Few sizes and times, as of layers: some choices fast and large, some slow and small.
Groups some_groups(std::mt19937& random) {
  Groups groups(4 + random() % 3);
  for (auto& group : groups) {
    group.resize(2 + random() % 4);
    for (Choice& choice : group) {
      choice = {static_cast<std::int64_t>(1 + random() % 40),
                static_cast<double>(1 + random() % 100), static_cast<double>(1 + random() % 8)};
    }
  }
  return groups;
}

std::int64_t most_bytes(const Groups& groups) {
  std::int64_t size = 0;
  for (const auto& group : groups) size += std::ranges::max_element(group, {}, &Choice::size)->size;
  return size;
}

TEST(TimedKnapsack, WithoutALimitIsTheKnapsack) {
  std::mt19937 random(3);
  const Groups groups = some_groups(random);
  const auto timed = TimedKnapsack::make(groups, most_bytes(groups));
  const auto plain = Knapsack::make(groups, most_bytes(groups));
  ASSERT_TRUE(timed.ok() && plain.ok());
  EXPECT_EQ(timed->smallest(), plain->smallest());
  EXPECT_EQ(timed->unit(), plain->unit());
  for (std::int64_t budget = 0; budget <= most_bytes(groups); ++budget) {
    const auto a = timed->solve(budget), b = plain->solve(budget);
    ASSERT_EQ(a.has_value(), b.has_value());
    if (a) {
      EXPECT_EQ(a->choices, b->choices);
    }
  }
}

// Every selection keeps both bounds; where there is one, one is found; its lower bound is one; and
// the relaxation misses little.
TEST(TimedKnapsack, KeepsBothBoundsWhereverThatCanBeDone) {
  std::mt19937 random(11);
  int found_some = 0, optimal = 0;
  double excess = 0;
  for (int round = 0; round < 120; ++round) {
    const Groups groups = some_groups(random);
    const double limit = 8 + static_cast<double>(random() % 20);
    const auto timed = TimedKnapsack::make(groups, most_bytes(groups), limit);
    ASSERT_TRUE(timed.ok()) << timed.error().message;
    for (std::int64_t budget = 0; budget <= most_bytes(groups); budget += 7) {
      const double best = cheapest(groups, budget, limit);
      const auto selection = timed->solve(budget);
      ASSERT_EQ(selection.has_value(), best != kNone) << round << " at " << budget;
      ASSERT_EQ(budget >= timed->smallest(), best != kNone) << round << " at " << budget;
      if (!selection) continue;
      ++found_some;
      double cost = 0, time = 0;
      std::int64_t size = 0;
      for (std::size_t i = 0; i < groups.size(); ++i) {
        const Choice& choice = groups[i][selection->choices[i]];
        cost += choice.cost;
        time += choice.milliseconds;
        size += choice.size;
      }
      EXPECT_EQ(cost, selection->cost);
      EXPECT_LE(size, budget);
      EXPECT_LE(time, limit);
      EXPECT_GE(cost, best);
      EXPECT_LE(selection->lower_bound, best * (1 + 1e-9));
      optimal += cost == best ? 1 : 0;
      excess += cost / best - 1;
    }
  }
  ASSERT_GT(found_some, 500);
  EXPECT_GT(optimal, found_some / 2);
  EXPECT_LT(excess / found_some, 0.15);
}

TEST(TimedKnapsack, SaysThatNothingIsFastEnough) {
  const auto timed = TimedKnapsack::make({{{1, 2, 5}, {3, 1, 4}}}, 10, 3.5);
  ASSERT_TRUE(timed.ok());
  EXPECT_GT(timed->smallest(), 10);
  EXPECT_FALSE(timed->solve(10).has_value());
}

}  // namespace
}  // namespace qyolo::harness
