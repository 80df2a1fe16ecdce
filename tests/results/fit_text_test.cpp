#include "results/fit_text.h"

#include <gtest/gtest.h>

namespace qyolo::results {
namespace {

constexpr const char* kTable =
    "| Cell | AP | Size |\n"
    "|------|---:|-----:|\n"
    "| a\\|b |  1 |   20 |\n";

TEST(FitText, LeavesTablesThatFitAsTheyAre) { EXPECT_EQ(fit_text(kTable, 20, false), kTable); }

TEST(FitText, FoldsWiderTablesBehindTheFirstColumn) {
  EXPECT_EQ(fit_text(kTable, 19, false),
            "| Cell | AP |\n"
            "|------|---:|\n"
            "| a\\|b |  1 |\n"
            "\n"
            "| Cell | Size |\n"
            "|------|-----:|\n"
            "| a\\|b |   20 |\n");
}

TEST(FitText, AColumnThatIsTooWideAloneStays) {
  EXPECT_EQ(fit_text("| a | bbbbbbbb |\n|---|----------|\n", 5, false),
            "| a | bbbbbbbb |\n|---|----------|\n");
}

TEST(FitText, WrapsParagraphsAndItemsBetweenWords) {
  EXPECT_EQ(fit_text("one two three\n- four five six\n\nend", 9, true),
            "one two\nthree\n- four\n  five\n  six\n\nend");
  EXPECT_EQ(fit_text("one two three\n", 9, false), "one two three\n");
  EXPECT_EQ(fit_text("incomprehensibilities\n", 9, true), "incomprehensibilities\n");
}

TEST(FitText, CountsCharactersNotBytes) { EXPECT_EQ(fit_text("ΔAP ΔAP\n", 7, true), "ΔAP ΔAP\n"); }

TEST(FitText, LeavesCodeAlone) {
  const char* code = "```sh\nqyolo eval --model a --images b\n```\n";
  EXPECT_EQ(fit_text(code, 10, true), code);
}

}  // namespace
}  // namespace qyolo::results
