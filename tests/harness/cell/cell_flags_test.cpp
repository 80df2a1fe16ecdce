#include "harness/cell/cell_flags.h"

#include <gtest/gtest.h>

#include <cctype>

#include "harness/cell/tolerance.h"

namespace qyolo::harness {
namespace {

// The words of a command line as a shell reads them.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  bool inside = false, quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!quoted && c == ' ') {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (c == '\'') {
      quoted = !quoted;
    } else if (!quoted && c == '\\') {
      words.back() += text[++i];
    } else {
      words.back() += c;
    }
  }
  EXPECT_FALSE(quoted) << text;
  return words;
}

CellFlags parse_flags(const std::string& text) {
  CellFlags flags;
  const std::vector<std::string> words = words_of(text);
  EXPECT_EQ(words.size() % 2, 0U) << text;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    const std::string& value = words[i + 1];
    if (words[i] == "--scheme") {
      flags.scheme = value;
    } else if (words[i] == "--bits") {
      flags.bits = std::stoi(value);
    } else if (words[i] == "--granularity") {
      flags.granularity = value;
    } else if (words[i] == "--keep") {
      flags.keep = value;
    } else if (words[i] == "--rule") {
      flags.rules.push_back(value);
    } else {
      std::string name = words[i].substr(2);
      for (char& c : name) c = c == '-' ? '_' : c;
      flags.options[name] = value;
    }
  }
  return flags;
}

constexpr const char* kLines[] = {
    "--scheme fp32",
    "--scheme affine --bits 4 --granularity filter",
    "--scheme pwlq --bits 3 --granularity group:32 --breakpoint search --scale-bits 16",
    "--scheme symmetric --bits 8 --granularity filter --activation-bits 8 --keep head",
    "--scheme symmetric --bits 8 --granularity filter --activation-bits 8 "
    "--rule 'head -> scheme=kmeans, bits=4, weights_only'",
    "--scheme fp32 --activation-bits 8 --activation-range percentile:99.9",
    "--scheme affine --bits 4 --granularity channel --rule '1x1 -> filter' --fold off",
    "--scheme affine --bits 5 --granularity fshape --range mse --kept-bits 32 "
    "--rule 'index=0-3, type=Conv -> scheme=pwlq, range=minmax, bits=8' --rule 'head -> keep'",
    "--scheme affine --bits 4 --granularity filter --keep 'model\\.(0|1{1,2})\\..*'",
    "--scheme affine --bits 4 --granularity filter --keep 'it'\\''s'",
    "--scheme affine --bits 4 --granularity filter --rule 'group_size=9 -> granularity=layer'",
    "--scheme affine --bits 4 --granularity filter --rule 'all -> granularity=filter'",
};

TEST(CellFlags, ComeBackFromTheCellAndItsJson) {
  for (const char* line : kLines) {
    const std::string text = line;
    const auto cell = parse_flags(text).cell();
    ASSERT_TRUE(cell.ok()) << text << ": " << cell.error().message;
    const auto from_block = read_cell(Json::parse(matrix_block(*cell).dump()), "block");
    ASSERT_TRUE(from_block.ok()) << text << ": " << from_block.error().message;
    EXPECT_EQ(from_block->as_json(), cell->as_json()) << text;
    const std::string spelled = flags_of(*from_block).command_line();
    const auto again = parse_flags(spelled).cell();
    ASSERT_TRUE(again.ok()) << spelled << ": " << again.error().message;
    EXPECT_EQ(again->as_json(), cell->as_json()) << spelled;
    EXPECT_EQ(flags_of(*again).command_line(), spelled);
  }
}

TEST(CellFlags, OfABlockAreItsOwnWords) {
  const Json block = {{"scheme", "pwlq"},
                      {"bits", 4},
                      {"granularity", "filter"},
                      {"activation_bits", 8},
                      {"rules", {"head -> bits=8"}}};
  EXPECT_EQ(flags_of(block).command_line(),
            "--scheme pwlq --bits 4 --granularity filter --activation-bits 8 --rule 'head -> "
            "bits=8'");
}

TEST(ApAmounts, ArePointsOrPercentOfTheBaseline) {
  EXPECT_DOUBLE_EQ(parse_ap_amount("1pt")->fraction(0.5), 0.01);
  EXPECT_DOUBLE_EQ(parse_ap_amount("0.5")->fraction(0.5), 0.005);
  EXPECT_DOUBLE_EQ(parse_ap_amount("2%")->fraction(0.5), 0.01);
  EXPECT_DOUBLE_EQ(parse_ap_amount("0")->fraction(0.5), 0);
  EXPECT_EQ(parse_ap_amount("2%")->text(), "2 % of its AP");
  for (const char* bad : {"", "pt", "%", "-1", "101", "1 pt", "1ptx", "nan", "inf", "a"})
    EXPECT_FALSE(parse_ap_amount(bad).ok()) << bad;
}

}  // namespace
}  // namespace qyolo::harness
