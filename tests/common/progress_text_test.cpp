#include "common/progress_text.h"

#include <gtest/gtest.h>

#include "common/plain_text.h"

namespace qyolo {
namespace {

TEST(Progress, DurationsAreReadAtAGlance) {
  EXPECT_EQ(duration_text(7.6), "8s");
  EXPECT_EQ(duration_text(130), "2m10s");
  EXPECT_EQ(duration_text(3900), "1h05m");
}

TEST(Progress, TheTimeLeftIsThatOfThePaceSoFar) {
  EXPECT_EQ(seconds_left({0.25, 10, ""}), 30);
  EXPECT_EQ(seconds_left({1, 10, ""}), 0);
  EXPECT_FALSE(seconds_left({0.005, 10, ""}));
}

TEST(Progress, ALineForALogSaysPercentAndTimeLeft) {
  EXPECT_EQ(progress_sentence({0.5, 130, "affine 4-bit filter"}),
            "affine 4-bit filter: 50 %, 2m10s left");
  EXPECT_EQ(progress_sentence({0, 60, "latency"}), "latency: 0 %");
}

TEST(Progress, ABarIsCutToTheTerminal) {
  const ProgressState state{0.5, 130, "hybrid of 12 recipes, 2.75 bits Δ and more of it"};
  EXPECT_EQ(progress_bar({0.5, 130, "affine"}, 0),
            "[##############..............]  50 %  affine  2m10s left");
  for (const std::size_t width : {100U, 80U, 60U, 40U, 20U, 10U, 2U}) {
    EXPECT_LT(length_of(progress_bar(state, width)), width) << width;
  }
  EXPECT_NE(progress_bar(state, 70).find("hybrid of 12 rec..."), std::string::npos)
      << progress_bar(state, 70);
  EXPECT_NE(progress_bar(state, 40).find("50 %  2m10s left"), std::string::npos);
}

}  // namespace
}  // namespace qyolo
