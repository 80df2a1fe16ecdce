#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/file.h"
#include "datasets/dataset.h"
#include "tests/support/paths.h"

namespace qyolo::datasets {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

// Categories, of which those with an id in `annotated` have an annotation.
GroundTruth truth_with(const std::vector<Category>& categories,
                       const std::vector<std::int64_t>& annotated) {
  GroundTruth truth;
  truth.images = {{1, "a.jpg", 0, 0}};
  truth.categories = categories;
  for (const std::int64_t id : annotated) truth.annotations.push_back({id, 1, id, {}, 1, false});
  return truth;
}

ClassMap mapped(const std::vector<std::string>& names, const GroundTruth& truth,
                const ClassRules& rules = {}) {
  auto map = map_classes(names, truth, rules);
  EXPECT_TRUE(map.ok()) << map.error().message;
  return map.ok() ? *map : ClassMap{};
}

std::string failure(const std::vector<std::string>& names, const GroundTruth& truth,
                    const ClassRules& rules = {}) {
  const auto map = map_classes(names, truth, rules);
  EXPECT_FALSE(map.ok());
  return map.ok() ? "" : map.error().message;
}

TEST(MapClasses, Coco80GetsTheTableOfIdsUpTo90) {
  const auto ids = coco_ids();
  ASSERT_EQ(ids.size(), 80U);
  const auto names = numbered(80, "class");
  std::vector<Category> categories;
  for (std::size_t k = 80; k-- > 0;) categories.push_back({ids[k], names[k]});
  EXPECT_EQ(mapped(names, truth_with(categories, ids)).category_of_class, ids);
}

TEST(MapClasses, OrderAndIdsDoNotMatter) {
  const GroundTruth truth = truth_with({{70, "nut"}, {-2, "gear"}, {5, "bolt"}}, {70, -2, 5});
  const ClassMap map = mapped({"nut", "bolt", "gear"}, truth);
  EXPECT_THAT(map.category_of_class, ElementsAre(70, 5, -2));
  EXPECT_THAT(map.notes, IsEmpty());
  // Also where order was asked for: all names say what they are.
  EXPECT_THAT(mapped({"nut", "bolt", "gear"}, truth, {true, {}}).category_of_class,
              ElementsAre(70, 5, -2));
}

TEST(MapClasses, WhatOneSideLacksIsANoteUnlessItIsAnnotated) {
  const std::vector<Category> categories = {{0, "parts"}, {1, "nut"}};
  const ClassMap map = mapped({"nut", "bolt"}, truth_with(categories, {1}));
  EXPECT_THAT(map.category_of_class, ElementsAre(1, kNoCategory));
  EXPECT_THAT(
      map.notes,
      ElementsAre("1 category has no annotation and is no class of the network: parts (id 0)",
                  "1 class of the network is no category of the annotations: bolt"));
  EXPECT_EQ(failure({"nut", "bolt"}, truth_with(categories, {0, 1})),
            "1 annotated category is no class of the network: parts (id 0); model: nut, bolt; "
            "annotations: parts, nut; --class-map FILE says which class a category is, "
            "--ignore-class-names pairs by order");
}

TEST(MapClasses, OfTwoCategoriesOfOneNameTheAnnotatedOneCounts) {
  const std::vector<Category> categories = {{0, "nut"}, {1, "nut"}, {2, "bolt"}};
  EXPECT_THAT(mapped({"nut", "bolt"}, truth_with(categories, {1, 2})).category_of_class,
              ElementsAre(1, 2));
  EXPECT_THAT(mapped({"nut", "bolt"}, truth_with(categories, {0, 2})).category_of_class,
              ElementsAre(0, 2));
  EXPECT_THAT(mapped({"nut", "bolt"}, truth_with(categories, {})).category_of_class,
              ElementsAre(0, 2));
  EXPECT_THAT(failure({"nut", "bolt"}, truth_with(categories, {0, 1})),
              HasSubstr("nut (id 0) and nut (id 1) are both the class 'nut'"));
}

TEST(MapClasses, AClassMapSaysWhichClassACategoryIs) {
  const GroundTruth truth = truth_with({{1, "Mutter"}, {2, "bolt"}}, {1, 2});
  EXPECT_THAT(mapped({"nut", "bolt"}, truth, {false, {{"Mutter", "nut"}}}).category_of_class,
              ElementsAre(1, 2));
  EXPECT_THAT(failure({"nut", "bolt"}, truth, {false, {{"Schraube", "nut"}}}),
              HasSubstr("names the category 'Schraube', which the annotations do not have"));
  EXPECT_THAT(failure({"nut", "bolt"}, truth, {false, {{"Mutter", "gear"}}}),
              HasSubstr("names the class 'gear', which the model does not have: nut, bolt"));
}

TEST(MapClasses, ByOrderTheNamesMayDiffer) {
  const std::vector<Category> categories = {{1, "nut"}, {7, "Bolt"}};
  const ClassRules by_order{true, {}};
  EXPECT_THAT(mapped({"nut", "bolt"}, truth_with(categories, {1, 7}), by_order).category_of_class,
              ElementsAre(1, 7));
  EXPECT_EQ(failure({"nut", "bolt", "gear"}, truth_with(categories, {1}), by_order),
            "the model has 3 classes (nut, bolt, gear) and the annotations have 2 categories (nut, "
            "Bolt)");
  const ClassMap map =
      mapped({"a", "b"}, truth_with({{0, "root"}, {1, "c"}, {7, "d"}}, {1, 7}), by_order);
  EXPECT_THAT(map.category_of_class, ElementsAre(1, 7));
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("by order with the 2 that have annotations")));
}

TEST(MapClasses, ARepeatedCategoryIdIsAnError) {
  EXPECT_EQ(failure({"nut", "bolt"}, truth_with({{3, "nut"}, {3, "bolt"}}, {3})),
            "the category id 3 is used by 'nut' and by 'bolt', expected distinct ids");
}

TEST(ClassMapFile, IsAnObjectOfNames) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "map.json";
  const auto read = [&](const std::string& text) {
    EXPECT_TRUE(write_file(path, text).ok());
    return read_class_map(path);
  };
  EXPECT_EQ(read(R"({"Mutter": "nut"})")->at("Mutter"), "nut");
  EXPECT_THAT(read("[]").error().message, HasSubstr("category name -> class name"));
  EXPECT_THAT(read(R"({"Mutter": 3})").error().message, HasSubstr("'Mutter'"));
}

}  // namespace
}  // namespace qyolo::datasets
