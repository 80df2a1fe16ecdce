#include "results/text.h"

#include <gtest/gtest.h>

namespace qyolo::results {
namespace {

TEST(PlainText, ReplacesControlCharactersByBlanks) {
  EXPECT_EQ(plain_text(std::string_view("a\tb\nc\x1b[1m\x7f\0d", 12)), "a b c [1m  d");
  EXPECT_EQ(plain_text("a\xC2\x9B"
                       "b\xE2\x80\xA8"
                       "c"),
            "a b c")
      << "C1 control, line separator";
}

TEST(PlainText, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(plain_text("x\xFFy"), "x\xEF\xBF\xBDy");
  EXPECT_EQ(plain_text("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
  EXPECT_EQ(plain_text("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "surrogate";
  EXPECT_EQ(plain_text("\xEF\xBF\xBE"), "\xEF\xBF\xBD") << "non-character";
  EXPECT_EQ(plain_text("\xE2\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "cut off";
  EXPECT_EQ(plain_text("Größe ×"), "Größe ×");
}

TEST(LengthOf, CountsCodePoints) { EXPECT_EQ(length_of("ΔAP ×"), 5U); }

TEST(MarkdownText, KeepsCellsTogether) {
  EXPECT_EQ(markdown_text("a|b\nc"), "a\\|b c");
  EXPECT_EQ(markdown_text("*x* `y` [z](u) <b> & \\"),
            "\\*x\\* \\`y\\` \\[z\\](u) &lt;b> &amp; \\\\");
  EXPECT_EQ(markdown_text("my_net_v2 _x_"), "my_net_v2 \\_x\\_");
}

TEST(LatexText, EscapesEverySpecialCharacter) {
  EXPECT_EQ(latex_text("\\{}$&#%_"), "\\textbackslash{}\\{\\}\\$\\&\\#\\%\\_");
  EXPECT_EQ(latex_text("^~<>|"),
            "\\textasciicircum{}\\textasciitilde{}\\textless{}\\textgreater{}\\textbar{}");
  EXPECT_EQ(latex_text("[8]*"), "{[}8]{*}") << "never the argument of a line end";
  EXPECT_EQ(latex_text("a--b-c"), "a-{}-b-c") << "no ligature";
  EXPECT_EQ(latex_text("ΔAP 2× – ±1"), "$\\Delta$AP 2$\\times$ -- $\\pm$1");
}

TEST(CsvField, QuotesAsRfc4180) {
  EXPECT_EQ(csv_field("plain text"), "plain text");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("=HYPERLINK(1)"), "'=HYPERLINK(1)");  // a spreadsheet computes nothing
  EXPECT_EQ(csv_field("@SUM(1,2)"), "\"'@SUM(1,2)\"");
  EXPECT_EQ(csv_field("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
}

TEST(ByteUnit, IsDecimal) {
  EXPECT_EQ(byte_unit(999).name, "B");
  EXPECT_EQ(byte_unit(1000).name, "kB");
  EXPECT_EQ(byte_unit(1e6).name, "MB");
  EXPECT_EQ(byte_unit(75.34e6).bytes, 1e6);
  EXPECT_EQ(byte_unit(2e9).name, "GB");
}

TEST(CellName, SaysSchemeBitsAndGranularity) {
  Row row;
  row.label = "the-label";
  EXPECT_EQ(cell_name(row), "the-label");
  row.scheme = "pwlq";
  row.bits = 4;
  EXPECT_EQ(cell_name(row), "pwlq 4-bit");
  row.granularity = "filter";
  EXPECT_EQ(cell_name(row), "pwlq 4-bit filter");
}

TEST(Fixed, NeverWritesAMinusBeforeZero) {
  EXPECT_EQ(fixed(-0.004, 2), "0.00");
  EXPECT_EQ(fixed(-0.006, 2), "-0.01");
  EXPECT_EQ(fixed(12.345678, 3), "12.346");
  EXPECT_EQ(fixed(-0.4, 0), "0");
}

TEST(Points, AreSignedUnlessZero) {
  EXPECT_EQ(points(0.01234), "+1.23");
  EXPECT_EQ(points(-0.5), "-50.00");
  EXPECT_EQ(points(0.00004), "0.00");
  EXPECT_EQ(points(-0.00004), "0.00");
}

}  // namespace
}  // namespace qyolo::results
