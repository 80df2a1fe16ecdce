#include "common/plain_text.h"

#include <gtest/gtest.h>

namespace qyolo {
namespace {

TEST(PlainText, IsOneLineWithoutControlCharacters) {
  EXPECT_EQ(plain_text("a\nb\tc\r\x1B[31md\x7F"), "a b c  [31md ");
  EXPECT_EQ(plain_text("x\xC2\x9By"), "x y");  // C1: CSI
  EXPECT_EQ(plain_text("ねじ é"), "ねじ é");
}

TEST(PlainText, ReplacesWhatIsNoUtf8) {
  const std::string mark(kReplacementCharacter);
  EXPECT_EQ(plain_text("a\xFFz"), "a" + mark + "z");
  EXPECT_NE(plain_text("\xC0\xAF").find(mark), std::string::npos);      // overlong
  EXPECT_NE(plain_text("\xED\xA0\x80").find(mark), std::string::npos);  // a surrogate
  EXPECT_NE(plain_text("ab\xE3\x81").find(mark), std::string::npos);    // cut
}

TEST(PlainText, LengthCountsCodePoints) {
  EXPECT_EQ(length_of(""), 0U);
  EXPECT_EQ(length_of("abc"), 3U);
  EXPECT_EQ(length_of("ねじé"), 3U);
}

TEST(PlainText, ColumnsAreTwoOfWideCharacters) {
  EXPECT_EQ(columns_of(""), 0U);
  EXPECT_EQ(columns_of("abc é Δ –"), 9U);
  EXPECT_EQ(columns_of("ねじ（8 ビット）漢字한글🔩"), 26U);
  EXPECT_EQ(columns_of("ｱ"), 1U);  // half-width
  EXPECT_EQ(first_columns("ねじ abc", 5), "ねじ ");
  EXPECT_EQ(first_columns("ねじ abc", 3), "ね");
  EXPECT_EQ(first_columns("ねじ abc", 99), "ねじ abc");
  EXPECT_EQ(first_columns("ねじ", 0), "");
}

}  // namespace
}  // namespace qyolo
