#include "plots/svg.h"

#include <gmock/gmock.h>

#include <limits>

#include "tests/plots/svg_reader.h"

namespace qyolo::plots {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::well_formed;

TEST(Svg, IsADocumentWithATextAlternative) {
  const std::string svg = Svg(100, 50, "c", "A & B", "x < y").str();
  EXPECT_THAT(svg, ::testing::StartsWith(
                       "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"qyolo\" lang=\"en\" "
                       "width=\"100\" height=\"50\" viewBox=\"0 0 100 50\" role=\"img\" "
                       "aria-labelledby=\"c-title c-desc\" "
                       "font-family=\"'Helvetica Neue',Helvetica,Arial,sans-serif\">\n"
                       "<title id=\"c-title\">A &amp; B</title>\n"
                       "<desc id=\"c-desc\">x &lt; y</desc>\n<style>"));
  EXPECT_THAT(svg, ::testing::EndsWith(
                       "</style>\n<rect width=\"100\" height=\"50\" fill=\"#ffffff\"/>\n</svg>\n"));
}

TEST(Svg, SaysItsLanguageAndTakesItsHeightLate) {
  Svg svg(100, 0, "c", "", "", Language::kJapanese);
  svg.resize(70);
  EXPECT_THAT(svg.str(), HasSubstr("lang=\"ja\" width=\"100\" height=\"70\""));
  EXPECT_THAT(svg.str(), HasSubstr("Noto Sans CJK JP"));
}

TEST(WrapText, BreaksAtSpacesAndBetweenJapaneseCharacters) {
  EXPECT_EQ(wrap_text("one two three", text_width("one two", 10) + 0.1, 10),
            (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrap_text("量子化モデル", 30.1, 10), (std::vector<std::string>{"量子化", "モデル"}));
  EXPECT_EQ(wrap_text("量子化。モデル", 30.1, 10),
            (std::vector<std::string>{"量子", "化。モ", "デル"}))
      << "no full stop begins a line";
  EXPECT_EQ(wrap_text("", 100, 10), std::vector<std::string>{""});
  const auto lines = wrap_text(std::string(1000, 'x') + " y", 100, 10, false, 3);
  EXPECT_EQ(lines.size(), 3U);
  for (const std::string& line : lines) EXPECT_LE(text_width(line, 10), 100.001) << line;
}

TEST(Svg, EveryElementIsWellFormed) {
  Svg svg(100, 50, "c", "", "");
  svg.open("a\"b");
  svg.line({0, 0}, {1, 1}, {"#000", 1, "2 2", 0.5});
  const std::vector<Point> points = {{0, 0}, {1.005, 2}, {3, 4}};
  svg.polyline(points, {"#000"});
  svg.polygon(points, "#fff", 0.25);
  svg.rectangle({0, 0, 5, 5}, "#123456", "a <tip>");
  for (std::size_t i = 0; i < kShapes; ++i)
    svg.mark(static_cast<Shape>(i), {5, 5}, 4, "#abc", "\"tip\"", 0.5);
  svg.text({1, 2}, "</text><script>", {12, "#000", Anchor::kEnd, true, true});
  EXPECT_TRUE(well_formed(svg.str())) << svg.str();
  EXPECT_THAT(svg.str(), Not(HasSubstr("<script>")));
}

TEST(Svg, NeverWritesANumberThatIsNone) {
  Svg svg(100, 50, "c", "", "");
  svg.line({std::numeric_limits<double>::quiet_NaN(), -0.001},
           {std::numeric_limits<double>::infinity(), 1e300}, {"#000"});
  EXPECT_THAT(svg.str(), HasSubstr("x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1000000\""));
}

TEST(TextWidth, GrowsWithEveryCharacterAndBoundsTheUsualFonts) {
  // The advance widths of DejaVu Sans, among the widest: 0.974 for m, 0.636 for a digit.
  EXPECT_GE(text_width("m", 100), 97.4);
  EXPECT_GE(text_width("0123456789", 10), 63.6);
  EXPECT_GE(text_width("AP 74.53", 12), 12 * (0.684 + 0.603 + 0.318 + 4 * 0.636 + 0.318));
  EXPECT_EQ(text_width("Δ", 10), 10) << "one character of two bytes";
  EXPECT_GT(text_width("abc", 10, true), text_width("abc", 10));
}

TEST(TextBox, FollowsTheAnchor) {
  const double width = text_width("abc", 10);
  EXPECT_EQ(text_box({50, 20}, "abc", {10}).left, 50);
  EXPECT_EQ(text_box({50, 20}, "abc", {10, "#000", Anchor::kEnd}).right, 50);
  EXPECT_EQ(text_box({50, 20}, "abc", {10, "#000", Anchor::kMiddle}).left, 50 - width / 2);
}

TEST(FitText, ShortensAtWholeCharacters) {
  EXPECT_EQ(fit_text("short", 100, 10), "short");
  EXPECT_EQ(fit_text("ääääää", 35, 10), "ää…");
  EXPECT_EQ(fit_text("abc", 0, 10), "…");
  EXPECT_LE(text_width(fit_text("a rather long label", 60, 10), 10), 60);
}

TEST(XmlText, EscapesMarkupAndControls) {
  EXPECT_EQ(xml_text("<a href=\"x\">&\x01"), "&lt;a href=&quot;x&quot;&gt;&amp; ");
}

}  // namespace
}  // namespace qyolo::plots
