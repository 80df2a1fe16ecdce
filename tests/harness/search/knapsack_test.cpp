#include "harness/search/knapsack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;
using Groups = std::vector<std::vector<Choice>>;

constexpr double kNothing = std::numeric_limits<double>::infinity();

// The cheapest cost by trying everything.
double brute_force(const Groups& groups, std::int64_t budget, std::size_t group = 0) {
  if (group == groups.size()) return 0;
  double best = kNothing;
  for (const Choice& choice : groups[group]) {
    if (choice.size <= budget)
      best = std::min(best, choice.cost + brute_force(groups, budget - choice.size, group + 1));
  }
  return best;
}

Groups random_groups(std::mt19937& random) {
  Groups groups(1 + random() % 5);
  for (auto& group : groups) {
    group.resize(1 + random() % 5);
    // Whole costs, so that sums are exact in any order.
    for (Choice& choice : group)
      choice = {static_cast<std::int64_t>(random() % 40), static_cast<double>(random() % 100)};
  }
  return groups;
}

std::int64_t all_of(const Groups& groups) {
  std::int64_t size = 0;
  for (const auto& group : groups) size += std::ranges::max_element(group, {}, &Choice::size)->size;
  return size;
}

TEST(Knapsack, WithUnitsOfOneByteFindsTheOptimumOfEveryBudget) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const Groups groups = random_groups(random);
    const auto knapsack = Knapsack::make(groups, all_of(groups));
    ASSERT_TRUE(knapsack.ok()) << knapsack.error().message;
    ASSERT_EQ(knapsack->unit(), 1);
    for (std::int64_t budget = 0; budget <= all_of(groups); budget += 3) {
      const double best = brute_force(groups, budget);
      const auto found = knapsack->solve(budget);
      ASSERT_EQ(found.has_value(), best != kNothing) << "round " << round << " budget " << budget;
      if (!found) continue;
      EXPECT_EQ(found->cost, best) << "round " << round << " budget " << budget;
      EXPECT_LE(found->size, budget);
      EXPECT_LE(found->lower_bound, best);
      std::int64_t size = 0;
      double cost = 0;
      for (std::size_t i = 0; i < groups.size(); ++i) {
        size += groups[i][found->choices[i]].size;
        cost += groups[i][found->choices[i]].cost;
      }
      EXPECT_EQ(size, found->size);
      EXPECT_EQ(cost, found->cost);
    }
  }
}

TEST(Knapsack, WithCoarseUnitsFitsAndIsAsGoodAsASlightlySmallerBudget) {
  std::mt19937 random(11);
  int worse = 0;
  for (int round = 0; round < 300; ++round) {
    const Groups groups = random_groups(random);
    const std::int64_t budget = all_of(groups) / 2;
    const auto knapsack = Knapsack::make(groups, budget, 12);
    ASSERT_TRUE(knapsack.ok());
    const std::int64_t slack =
        (knapsack->unit() - 1) * static_cast<std::int64_t>(groups.size()) + knapsack->unit() - 1;
    const double bound = brute_force(groups, budget - slack);
    const auto found = knapsack->solve(budget);
    if (!found) {
      EXPECT_EQ(bound, kNothing);
      continue;
    }
    EXPECT_LE(found->size, budget);
    EXPECT_LE(found->cost, bound);
    EXPECT_LE(found->lower_bound, brute_force(groups, budget));
    if (found->cost > brute_force(groups, budget)) ++worse;
  }
  EXPECT_GT(worse, 0) << "the units are too fine to test anything";
}

TEST(Knapsack, LowerBoundIsTightWhereTheRelaxationIsWhole) {
  // Steps of equal size: the greedy choice is optimal at every step.
  const Groups groups = {{{0, 10}, {10, 4}, {20, 1}}, {{0, 9}, {10, 2}}};
  const auto knapsack = Knapsack::make(groups, 30);
  ASSERT_TRUE(knapsack.ok());
  EXPECT_EQ(knapsack->solve(10)->cost, 12);
  EXPECT_EQ(knapsack->solve(10)->lower_bound, 12);
  EXPECT_EQ(knapsack->solve(20)->lower_bound, 6);
  EXPECT_EQ(knapsack->solve(15)->lower_bound, 9);  // half of the second step
  EXPECT_EQ(knapsack->solve(15)->cost, 12);
}

TEST(Knapsack, RefusesWhatIsNoChoice) {
  EXPECT_THAT(Knapsack::make({}, 5).error().message, HasSubstr("nothing to choose from"));
  EXPECT_THAT(Knapsack::make({{{1, 1}}, {}}, 5).error().message, HasSubstr("group 1"));
  EXPECT_THAT(Knapsack::make({{{-1, 1}}}, 5).error().message, HasSubstr("-1 bytes"));
  EXPECT_FALSE(Knapsack::make({{{1, -0.5}}}, 5).ok());
  EXPECT_FALSE(Knapsack::make({{{1, kNothing}}}, 5).ok());
}

TEST(Knapsack, HasNoAnswerWhereTheSmallestChoicesDoNotFit) {
  const auto knapsack = Knapsack::make({{{4, 1}}, {{5, 1}, {7, 0}}}, 11);
  ASSERT_TRUE(knapsack.ok());
  EXPECT_EQ(knapsack->smallest(), 9);
  EXPECT_FALSE(knapsack->solve(8));
  EXPECT_FALSE(knapsack->solve(-1));
  EXPECT_EQ(knapsack->solve(9)->cost, 2);
  EXPECT_EQ(knapsack->solve(1000)->cost, 1);
}

}  // namespace
}  // namespace qyolo::harness
