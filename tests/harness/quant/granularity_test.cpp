#include "harness/quant/granularity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace qyolo::quant {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Granularity granularity(std::string_view name) {
  auto result = Granularity::parse(name);
  EXPECT_TRUE(result.ok()) << name;
  return result.ok() ? *result : Granularity();
}

std::vector<std::int64_t> positions(const Group& group) {
  std::vector<std::int64_t> result;
  for (std::int64_t i = 0; i < group.outer; ++i) {
    for (std::int64_t j = 0; j < group.inner; ++j) {
      result.push_back(group.offset + i * group.stride_outer + j * group.stride_inner);
    }
  }
  return result;
}

std::vector<std::string> names() {
  std::vector<std::string> result = {"group:1", "group:4", "group:7", "group:64",
                                     "group:9223372036854775807"};
  for (const auto& description : Granularity::all()) {
    if (description.name != "group:G") result.emplace_back(description.name);
  }
  return result;
}

TEST(Granularity, EveryPositionIsInExactlyOneGroup) {
  const std::vector<Shape> shapes = {{4, 3, 3, 3}, {5, 7, 1, 1}, {3, 2, 5, 1}, {1, 1, 1, 1},
                                     {6, 1, 3, 3}, {1, 6, 3, 3}, {2, 3, 1, 4}};
  for (const Shape& shape : shapes) {
    for (const std::string& name : names()) {
      const Granularity subject = granularity(name);
      std::vector<int> visits(static_cast<std::size_t>(shape.size()));
      for (std::int64_t i = 0; i < subject.group_count(shape); ++i) {
        const Group group = subject.group(shape, i);
        const auto visited = positions(group);
        ASSERT_EQ(static_cast<std::int64_t>(visited.size()), group.size());
        ASSERT_FALSE(visited.empty());
        std::int64_t before = -1;
        for (const std::int64_t position : visited) {
          ASSERT_GT(position, before) << name << ": positions ascend";
          ASSERT_LT(position, shape.size());
          ++visits[static_cast<std::size_t>(position)];
          before = position;
        }
        if (group.contiguous()) {
          EXPECT_EQ(visited.back() - visited.front() + 1, group.size());
        }
      }
      EXPECT_THAT(visits, Each(1)) << name;
    }
  }
}

// W[2, 3, 2, 2]: 12 weights per filter, 4 per kernel.
TEST(Granularity, GroupsAreThoseOfTheDefinition) {
  const Shape shape{2, 3, 2, 2};
  EXPECT_EQ(granularity("layer").group_count(shape), 1);
  EXPECT_EQ(granularity("filter").group_count(shape), 2);
  EXPECT_EQ(granularity("channel").group_count(shape), 6);
  EXPECT_THAT(positions(granularity("channel").group(shape, 4)), ElementsAre(16, 17, 18, 19));
  EXPECT_EQ(granularity("in-channel").group_count(shape), 3);
  EXPECT_THAT(positions(granularity("in-channel").group(shape, 1)),
              ElementsAre(4, 5, 6, 7, 16, 17, 18, 19));
  EXPECT_EQ(granularity("shape").group_count(shape), 4);
  EXPECT_THAT(positions(granularity("shape").group(shape, 3)), ElementsAre(3, 7, 11, 15, 19, 23));
  EXPECT_EQ(granularity("shape-ssl").group_count(shape), 12);
  EXPECT_THAT(positions(granularity("shape-ssl").group(shape, 5)), ElementsAre(5, 17));
  EXPECT_EQ(granularity("fshape").group_count(shape), 8);
  EXPECT_THAT(positions(granularity("fshape").group(shape, 6)), ElementsAre(14, 18, 22));
  EXPECT_EQ(granularity("group:5").group_count(shape), 6);
  EXPECT_THAT(positions(granularity("group:5").group(shape, 3)), ElementsAre(12, 13, 14, 15, 16));
}

TEST(Granularity, LastGroupOfAFilterMayBeShorter) {
  EXPECT_THAT(positions(granularity("group:5").group({2, 3, 2, 2}, 5)), ElementsAre(22, 23));
}

TEST(Granularity, PointwiseLayersMakeShapeALayerAndFshapeAFilter) {
  const Shape shape{4, 6, 1, 1};
  EXPECT_EQ(granularity("shape").group_count(shape), granularity("layer").group_count(shape));
  EXPECT_EQ(granularity("fshape").group_count(shape), granularity("filter").group_count(shape));
  EXPECT_EQ(granularity("channel").group_count(shape), shape.size());
}

TEST(Granularity, ADefaultOneIsLayer) {
  EXPECT_EQ(Granularity().name(), "layer");
  EXPECT_EQ(Granularity().group_count({4, 3, 3, 3}), 1);
}

TEST(Granularity, NamesAreCanonical) {
  EXPECT_EQ(granularity("group:0064").name(), "group:64");
  EXPECT_EQ(granularity("fshape").name(), "fshape");
}

TEST(Granularity, UnknownNamesListTheKnownOnes) {
  const auto result = Granularity::parse("kernel");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message,
            "granularity 'kernel': expected one of layer, filter, channel, in-channel, shape, "
            "shape-ssl, fshape, group:G");
}

TEST(Granularity, GroupSizesMustBePositiveIntegers) {
  for (const char* name : {"group:", "group:0", "group:-4", "group:G", "group:4x", "group: 4",
                           "group:99999999999999999999"}) {
    const auto result = Granularity::parse(name);
    ASSERT_FALSE(result.ok()) << name;
    EXPECT_THAT(result.error().message, HasSubstr("positive integer G")) << name;
  }
}

}  // namespace
}  // namespace qyolo::quant
