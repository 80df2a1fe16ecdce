#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kDemo = (source_dir() / "results/reference/demo").string();

// The reference run with `loss` less AP in the first quantized cell.
fs::path worse_run(const fs::path& folder, double loss) {
  fs::create_directories(folder);
  fs::copy(fs::path(kDemo) / "manifest.json", folder / "manifest.json");
  std::ofstream out(folder / "records.jsonl");
  std::istringstream lines(content_of(fs::path(kDemo) / "records.jsonl"));
  bool done = false;
  for (std::string line; std::getline(lines, line);) {
    Json record = Json::parse(line);
    if (!done && record["kind"] == "accuracy" && !record["cell"]["baseline"]) {
      record["metrics"]["AP"] = record["metrics"]["AP"].get<double>() - loss;
      done = true;
    }
    out << record.dump() << '\n';
  }
  return folder;
}

TEST(CompareCommand, ARunAgreesWithItself) {
  const auto text = qyolo({"compare", kDemo, kDemo, "--fail-above", "0"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("46 cells matched, 46 by key and 0 by label; AP is the same"));
  EXPECT_THAT(text.out, Not(HasSubstr("## Not compared")));
  const auto csv = qyolo({"compare", kDemo, kDemo, "-o", "csv"});
  EXPECT_EQ(std::count(csv.out.begin(), csv.out.end(), '\n'), 47) << csv.err;
  const auto json = qyolo({"compare", kDemo, kDemo, "-o", "json"});
  EXPECT_EQ(Json::parse(json.out)["cells"].size(), 46U);
}

TEST(CompareCommand, FailsWhereMoreThanTheGivenPointsAreLost) {
  const TemporaryFolder folder;
  const std::string worse = worse_run(folder.path() / "run", 0.02).string();
  const auto lost = qyolo({"compare", kDemo, worse, "--fail-above", "1.9", "--sort", "ap"});
  EXPECT_EQ(lost.exit_code, 1);
  EXPECT_THAT(lost.err, HasSubstr("affine 8-bit layer lost 2.00 points of AP\n"));
  const auto first = lost.out.find("|\n| affine 8-bit layer     | key        | ");
  ASSERT_NE(first, std::string::npos) << lost.out;
  EXPECT_THAT(lost.out.substr(first + 2, lost.out.find('\n', first + 2) - first),
              HasSubstr(" | -2.00 |"));
  EXPECT_EQ(qyolo({"compare", kDemo, worse, "--fail-above", "2.1"}).exit_code, 0);
  EXPECT_EQ(qyolo({"compare", kDemo, worse}).exit_code, 0);
  EXPECT_EQ(qyolo({"compare", worse, kDemo, "--fail-above", "0"}).exit_code, 0) << "a gain";
}

TEST(CompareCommand, BadInputIsOneSentenceAndExitCode2) {
  const TemporaryFolder folder;
  const fs::path other = folder.path() / "other";
  fs::create_directories(other);
  { std::ofstream(other / "manifest.json") << R"({"schema": 1, "cells": []})"; }
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"compare", kDemo, "/nowhere"}, "/nowhere is not a folder"},
      {{"compare", kDemo, other.string()}, "nothing to compare: none of the 46 cells of"},
      {{"compare", kDemo, kDemo, "--sort", "size"}, "the order 'size' is unknown"},
      {{"compare", kDemo, kDemo, "-o", "xml"}, "xml not in {md,csv,tex,json}"},
      {{"compare", kDemo, kDemo, "--fail-above", "nan"}, "nan is not a finite number"},
      {{"compare", kDemo, kDemo, "--fail-above", "-1"}, "--fail-above is -1"},
      {{"compare", kDemo}, "B is required"},
      {{"tables", kDemo, "--table", "mean"}, "the table 'mean' is unknown"},
      {{"tables", kDemo, "--table", "study", "-o", "csv"}, "--table study is for md and tex"},
  };
  for (const auto& [arguments, message] : cases) {
    const auto result = qyolo(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(result.out, "");
  }
}

// The committed table.md is what this program makes of the committed records.
TEST(TablesCommand, ReproducesTheReferenceTables) {
  std::size_t runs = 0;
  for (const auto& entry : fs::directory_iterator(source_dir() / "results/reference")) {
    if (!fs::exists(entry.path() / "records.jsonl")) continue;
    ++runs;
    const std::string folder = entry.path().string();
    const auto markdown = qyolo({"tables", folder, "--wide"});
    EXPECT_EQ(markdown.out, content_of(entry.path() / "table.md"))
        << "repeat with: build/qyolo tables --wide " << folder;
    EXPECT_EQ(markdown.err, "") << folder;
    EXPECT_EQ(qyolo({"tables", folder, "-o", "csv"}).out, content_of(entry.path() / "table.csv"));
  }
  EXPECT_GE(runs, 5U);
}

TEST(TablesCommand, ShowsTheStudysTableAlone) {
  const auto result = qyolo({"tables", kDemo, "--table", "study"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("## Schemes by granularity, 4 bits"));
  EXPECT_THAT(result.out, HasSubstr("pwlq 4-bit filter keeps 20 bytes of parameters per group"));
  EXPECT_THAT(result.out, Not(HasSubstr("## AP by object size")));
}

}  // namespace
}  // namespace qyolo::testing
