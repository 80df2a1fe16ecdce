// `qyolo run --race`, on a few images of the embedded data.
#include <map>

#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> demo(std::vector<std::string> more) {
  std::vector<std::string> arguments = {"run",   (source_dir() / "experiments/demo.json").string(),
                                        "--set", "granularity=filter",
                                        "--set", "scheme=affine",
                                        "-q"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(RaceCommand, TheWinnerIsTheSmallestThatTheFullRunFindsWithinTheTolerance) {
  const TemporaryFolder folder;
  const std::vector<std::string> common = {"--set", "bits=3,8", "--set",   "tolerance=20",
                                           "--set", "rounds=0", "--limit", "first:16"};
  auto arguments = demo({"--race", "-o", "json"});
  arguments.insert(arguments.end(), common.begin(), common.end());
  const auto raced = qyolo(arguments);
  ASSERT_EQ(raced.exit_code, 0) << raced.err;
  EXPECT_EQ(raced.err, "");
  const Json race = Json::parse(raced.out);
  EXPECT_EQ(race["tolerance"], 20.0);
  ASSERT_EQ(race["cells"].size(), 2U);
  EXPECT_EQ(race["cells"][0]["label"], "affine 3-bit filter");
  EXPECT_LT(race["cells"][0]["bytes"], race["cells"][1]["bytes"]);
  EXPECT_LE(race["images_run"], race["images_full"]);
  EXPECT_EQ(race["images_full"], 3 * 16);

  auto full = demo({"--out", (folder.path() / "run").string(), "-o", "json"});
  full.insert(full.end(), common.begin(), common.end());
  const auto whole = qyolo(full);
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  // bytes -> the interval of the full run
  std::map<std::int64_t, Json> deltas;
  std::istringstream lines(content_of(folder.path() / "run/records.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const Json record = Json::parse(line);
    if (record["kind"] != "accuracy" || record["cell"]["baseline"]) continue;
    deltas[record["memory"]["true_bytes"]] = record["uncertainty"]["delta_AP"];
  }
  ASSERT_EQ(deltas.size(), 2U);
  const Json* winner = nullptr;
  for (const Json& cell : race["cells"]) {
    if (cell["label"] == race["winner"]) winner = &cell;
    if (cell["AP"].is_null()) continue;
    EXPECT_EQ(cell["delta_AP"]["low"], deltas[cell["bytes"]]["low"]) << cell;
  }
  ASSERT_NE(winner, nullptr);
  for (const auto& [bytes, delta] : deltas) {
    const bool within = delta["low"].get<double>() >= -0.2;
    EXPECT_EQ(within && bytes < (*winner)["bytes"].get<std::int64_t>(), false) << bytes;
    EXPECT_TRUE(within || bytes != (*winner)["bytes"].get<std::int64_t>());
  }
}

TEST(RaceCommand, LargerCellsNeedNoImages) {
  const auto result =
      qyolo(demo({"--race", "--set", "bits=6,8", "--set", "tolerance=50", "--limit", "first:16"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("not run: a smaller one holds"));
  EXPECT_THAT(result.out, HasSubstr("Smallest that is certain to stay within 50 points"));
  EXPECT_THAT(result.out, HasSubstr("Image evaluations: 32 of the 48 "));
}

TEST(RaceCommand, WithoutAWinnerTheExitCodeSaysSo) {
  const auto result =
      qyolo(demo({"--race", "--set", "bits=2", "--set", "tolerance=0.1", "--limit", "first:8"}));
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.out, HasSubstr("No cell is certain to stay within the tolerance."));
}

TEST(RaceCommand, BadInputIsOneSentence) {
  expect_one_sentence(qyolo(demo({"--race", "--set", "resamples=0"})),
                      "--race compares intervals; expected uncertainty.resamples above 0");
  expect_one_sentence(qyolo({"run", "/nowhere.json", "--race"}), "/nowhere.json");
  EXPECT_THAT(qyolo({"run", "--help"}).out, HasSubstr("--race"));
}

}  // namespace
}  // namespace qyolo::testing
