#include "common/ids.h"

#include <gtest/gtest.h>

namespace qyolo {
namespace {

TEST(Ids, AnIntegerIsItselfAndAnythingElseACode) {
  IdNames names;
  EXPECT_EQ(names.add("7", "\"7\"", true), 7);  // the text "7" is the number 7
  const std::int64_t scene = names.add("scene_1", "\"scene_1\"", true);
  EXPECT_TRUE(IdNames::is_code(scene));
  EXPECT_EQ(names.add("scene_1", "\"scene_1\"", false), scene);
  EXPECT_EQ(names.find("scene_1"), scene);
  EXPECT_EQ(names.find("scene_2"), IdNames::kUnknown);
  EXPECT_EQ(names.find("7"), 7);
  EXPECT_EQ(names.text(scene), "scene_1");
  EXPECT_EQ(names.json(scene), "\"scene_1\"");
  EXPECT_EQ(names.json(7), "\"7\"");  // as the file writes it
  EXPECT_EQ(names.json(8), "8");
}

TEST(Ids, CodesAscendAsTheirTextsDoOnceSorted) {
  IdNames names;
  const std::int64_t b = names.add("b", "\"b\"", true);
  const std::int64_t a = names.add("a", "\"a\"", true);
  const auto renumbered = names.sort();
  ASSERT_EQ(renumbered.size(), 2U);
  EXPECT_LT(renumbered[IdNames::place_of(a)], renumbered[IdNames::place_of(b)]);
  EXPECT_EQ(names.text(renumbered[IdNames::place_of(b)]), "b");
}

TEST(Ids, APlainIntegerHasOneSpelling) {
  std::int64_t id = 0;
  EXPECT_TRUE(is_plain_integer("-12", id));
  EXPECT_EQ(id, -12);
  for (const char* other : {"", "-", "+1", "01", "-0", "1.0", "1e3", " 1", "9223372036854775808",
                            "-9223372036854775808"})
    EXPECT_FALSE(is_plain_integer(other, id)) << other;
}

}  // namespace
}  // namespace qyolo
