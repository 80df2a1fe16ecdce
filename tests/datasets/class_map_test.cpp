#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "datasets/dataset.h"

namespace qyolo::datasets {
namespace {

using ::testing::ElementsAre;

// The ids of COCO's 80 detection categories: 1 to 90 without the ten that were never released.
std::vector<std::int64_t> coco_ids() {
  const std::vector<std::int64_t> unused = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83};
  std::vector<std::int64_t> ids;
  for (std::int64_t id = 1; id <= 90; ++id) {
    if (std::find(unused.begin(), unused.end(), id) == unused.end()) ids.push_back(id);
  }
  return ids;
}

std::vector<std::string> numbered(std::size_t count, const std::string& prefix) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

std::string failure(const std::vector<std::string>& names, const std::vector<Category>& categories,
                    bool ignore_names = false) {
  const auto ids = map_classes(names, categories, ignore_names);
  EXPECT_FALSE(ids.ok());
  return ids.ok() ? "" : ids.error().message;
}

TEST(MapClasses, Coco80GetsTheTableOfIdsUpTo90) {
  const auto ids = coco_ids();
  ASSERT_EQ(ids.size(), 80U);
  const auto names = numbered(80, "class");
  std::vector<Category> categories;
  for (std::size_t k = 80; k-- > 0;) categories.push_back({ids[k], names[k]});
  const auto mapped = map_classes(names, categories, false);
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_EQ(*mapped, ids);
}

TEST(MapClasses, ClassKIsTheKthCategoryByAscendingId) {
  const std::vector<Category> categories = {{70, "gear"}, {-2, "nut"}, {5, "bolt"}};
  const auto mapped = map_classes({"nut", "bolt", "gear"}, categories, false);
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_THAT(*mapped, ElementsAre(-2, 5, 70));
}

TEST(MapClasses, NamesThatDifferAreAnErrorUnlessIgnored) {
  const std::vector<Category> categories = {{1, "nut"}, {7, "Bolt"}};
  EXPECT_EQ(failure({"nut", "bolt"}, categories),
            "class 1 is 'bolt' in the model but 'Bolt' (category id 7) in the annotations; "
            "model: nut, bolt; annotations: nut, Bolt");
  const auto mapped = map_classes({"nut", "bolt"}, categories, true);
  ASSERT_TRUE(mapped.ok()) << mapped.error().message;
  EXPECT_THAT(*mapped, ElementsAre(1, 7));
}

TEST(MapClasses, CountsThatDifferAreAnErrorAlsoIfNamesAreIgnored) {
  EXPECT_EQ(failure({"nut", "bolt"}, {{1, "nut"}}, true),
            "the model has 2 classes (nut, bolt) and the annotations have 1 categories (nut)");
  EXPECT_EQ(failure(numbered(12, "c"), {{1, "nut"}}),
            "the model has 12 classes (c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, ... (12 in all)) "
            "and the annotations have 1 categories (nut)");
}

TEST(MapClasses, ARepeatedCategoryIdIsAnError) {
  EXPECT_EQ(failure({"nut", "bolt"}, {{3, "nut"}, {3, "bolt"}}, true),
            "the category id 3 is used by 'nut' and by 'bolt', expected distinct ids");
}

}  // namespace
}  // namespace qyolo::datasets
