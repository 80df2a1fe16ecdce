#include "common/words.h"

#include <gtest/gtest.h>

namespace qyolo {
namespace {

TEST(Words, CountInSingularAndPlural) {
  EXPECT_EQ(counted(1, "image"), "1 image");
  EXPECT_EQ(counted(0, "image"), "0 images");
  EXPECT_EQ(counted(3U, "class", "classes"), "3 classes");
}

TEST(Words, ARatioSaysWhichOfTheTwoIsLarger) {
  EXPECT_EQ(size_ratio_text(3.917, "FP16"), "3.92x smaller than FP16");
  EXPECT_EQ(size_ratio_text(0.5, "FP16"), "2.00x as large as FP16");
  EXPECT_EQ(size_ratio_text(1.001, "FP16"), "as large as FP16");
}

}  // namespace
}  // namespace qyolo
