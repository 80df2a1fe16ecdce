#include "common/spelling.h"

#include <gtest/gtest.h>

#include <array>

namespace qyolo {
namespace {

TEST(Spelling, DistanceCountsEditsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("eval", "Eval"), 0U);
  EXPECT_EQ(edit_distance("evall", "eval"), 1U);
  EXPECT_EQ(edit_distance("modle", "model"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
}

TEST(Spelling, GuessesOnlyWhatIsNear) {
  constexpr std::array<std::string_view, 4> kNames = {"affine", "pwlq", "layer", "filter"};
  EXPECT_EQ(nearest_name("afine", kNames), "affine");
  EXPECT_EQ(nearest_name("PWLQ", kNames), "pwlq");
  EXPECT_EQ(nearest_name("fliter", kNames), "filter");
  EXPECT_EQ(nearest_name("x", kNames), "");
  EXPECT_EQ(nearest_name("tensor", kNames), "");
  EXPECT_EQ(nearest_name(std::string(1000, 'a'), kNames), "");
  EXPECT_EQ(did_you_mean("afine", kNames), "; did you mean 'affine'?");
  EXPECT_EQ(did_you_mean("zebra", kNames), "");
}

}  // namespace
}  // namespace qyolo
