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
    EXPECT_LT(columns_of(progress_bar(state, width)), width) << width;
  }
  EXPECT_NE(progress_bar(state, 70).find("hybrid of 12 rec..."), std::string::npos)
      << progress_bar(state, 70);
  EXPECT_NE(progress_bar(state, 40).find("50 %  2m10s left"), std::string::npos);
}

TEST(Progress, IsSaidInJapaneseAndFitsThere) {
  constexpr auto kJapanese = ProgressLanguage::kJapanese;
  EXPECT_EQ(duration_text(7.6, kJapanese), "8 秒");
  EXPECT_EQ(duration_text(130, kJapanese), "2 分 10 秒");
  EXPECT_EQ(duration_text(3900, kJapanese), "1 時間 05 分");
  EXPECT_EQ(progress_sentence({0.5, 130, "精度の評価", kJapanese}),
            "精度の評価: 50 %, 残り 2 分 10 秒");
  const ProgressState state{0.5, 130, "選択に使っていない画像での確認（FP32）と、さらに長い説明",
                            kJapanese};
  for (const std::size_t width : {120U, 100U, 80U, 60U, 40U, 20U, 10U, 2U}) {
    EXPECT_LT(columns_of(progress_bar(state, width)), width) << width;
  }
}

}  // namespace
}  // namespace qyolo
