#include "metrics/coco_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace qyolo::metrics {
namespace {

using ::testing::ElementsAre;

constexpr std::uint32_t kAbsent = IdIndex::kAbsent;

TEST(IdIndex, NumbersDistinctIdsInAscendingOrder) {
  const IdIndex index({7, -3, 7, 0});
  EXPECT_THAT(index.ids(), ElementsAre(-3, 0, 7));
  EXPECT_EQ(index.find(-3), 0U);
  EXPECT_EQ(index.find(0), 1U);
  EXPECT_EQ(index.find(7), 2U);
  for (const std::int64_t unknown : {-4, -2, 1, 6, 8}) EXPECT_EQ(index.find(unknown), kAbsent);
}

TEST(IdIndex, FindsIdsThatAreFarApart) {
  constexpr std::int64_t kLow = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kHigh = std::numeric_limits<std::int64_t>::max();
  const IdIndex index({kHigh, 5, kLow});
  EXPECT_EQ(index.find(kLow), 0U);
  EXPECT_EQ(index.find(5), 1U);
  EXPECT_EQ(index.find(kHigh), 2U);
  EXPECT_EQ(index.find(4), kAbsent);
  EXPECT_EQ(index.find(kLow + 1), kAbsent);
  EXPECT_EQ(index.find(kHigh - 1), kAbsent);
}

TEST(IdIndex, KnowsNothingIfThereAreNoIds) { EXPECT_EQ(IdIndex({}).find(0), kAbsent); }

std::vector<std::uint32_t> items(const ItemGroups& groups, std::size_t k) {
  const auto span = groups.of_class(k);
  return {span.begin(), span.end()};
}

TEST(ItemGroups, OrdersByClassThenImageThenPlace) {
  //                        item:  0  1  2  3  4  5
  const std::vector<std::uint32_t> image = {1, 0, 1, 0, 1, 0};
  const std::vector<std::uint32_t> category = {0, 2, 0, 0, 2, 0};
  const ItemGroups groups(image, category, 2, 3, true);
  EXPECT_THAT(items(groups, 0), ElementsAre(3, 5, 0, 2));
  EXPECT_TRUE(items(groups, 1).empty());
  EXPECT_THAT(items(groups, 2), ElementsAre(1, 4));
  const auto runs = groups.runs_of_class(0);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[1].image, 1U);
  EXPECT_EQ(runs[1].begin, 2U);
  EXPECT_EQ(runs[1].end, 4U);
}

TEST(ItemGroups, OfOneClassOrderByImageThenCategoryThenPlace) {
  const std::vector<std::uint32_t> image = {1, 0, 1, 0, 1, 0};
  const std::vector<std::uint32_t> category = {1, 2, 0, 0, 0, 1};
  const ItemGroups groups(image, category, 2, 3, false);
  EXPECT_THAT(items(groups, 0), ElementsAre(3, 5, 1, 2, 4, 0));
}

TEST(ItemGroups, LeaveOutWhatIsAbsent) {
  const ItemGroups groups({0, kAbsent, 0}, std::vector<std::uint32_t>{0, 0, kAbsent}, 1, 1, true);
  EXPECT_THAT(items(groups, 0), ElementsAre(0));
}

}  // namespace
}  // namespace qyolo::metrics
