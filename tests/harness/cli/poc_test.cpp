// `qyolo poc`, on a few images of the embedded data.
#include "common/file.h"
#include "tests/harness/cli/qyolo.h"
#include "tests/support/paths.h"

namespace qyolo::testing {
namespace {

using ::testing::HasSubstr;

class PocCommand : public ::testing::Test {
 protected:
  [[nodiscard]] ProcessResult run(std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--limit", "first:12", "--out", out().string()});
    return qyolo(on_parts("poc", more));
  }
  [[nodiscard]] std::filesystem::path out() const { return folder_.path() / "poc"; }
  [[nodiscard]] std::string content(const std::string& name) const {
    const auto text = read_file(out() / name);
    return text.ok() ? *text : "";
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(PocCommand, FollowsTheRoadmapToAReportAndResumes) {
  const auto first = run({"--tolerance", "30pt", "--rounds", "2"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const Json summary = Json::parse(first.out);
  EXPECT_EQ(summary["outcome"], "recommended");
  EXPECT_EQ(summary["evaluated"], 3);  // the baseline and the first stage: then the promise holds
  EXPECT_EQ(summary["network"]["name"], "affine 4-bit filter");
  EXPECT_THAT(content("report.html"), HasSubstr("not needed: the promise was kept before"));
  const std::string records = content("records.jsonl"), latency = content("latency.json");
  const Json timed = Json::parse(latency);
  ASSERT_GE(timed["networks"].size(), 2U);  // FP32, the network, and what has kernels here
  for (const Json& network : timed["networks"]) EXPECT_EQ(network["milliseconds"].size(), 2U);

  const auto second = run({"--tolerance", "30pt", "--rounds", "2", "--lang", "ja"});
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("前回の実行で完了済み"));
  EXPECT_EQ(content("records.jsonl"), records);  // nothing was measured again
  EXPECT_EQ(content("latency.json"), latency);
  EXPECT_THAT(content("report.ja.html"), HasSubstr("<html lang=\"ja\">"));
  EXPECT_EQ(Json::parse(second.out)["network"], summary["network"]);
  EXPECT_EQ(qyolo({"tables", out().string()}).exit_code, 0);
}

TEST_F(PocCommand, AClassToleranceIsPartOfThePromise) {
  const auto loose = run({"--tolerance", "100pt", "--rounds", "0"});
  ASSERT_EQ(loose.exit_code, 0) << loose.err;
  const auto strict =
      run({"--tolerance", "100pt", "--rounds", "0", "--class-tolerance", "nut=0pt"});
  ASSERT_EQ(strict.exit_code, 0) << strict.err;
  EXPECT_EQ(Json::parse(loose.out)["evaluated"], 3);
  EXPECT_GT(Json::parse(strict.out)["evaluated"], 3);
}

TEST_F(PocCommand, ASearchThatIsNotAskedForIsSaid) {
  const auto result = run({"--tolerance", "30pt", "--calibration", parts("calib/images"),
                           "--calibration-limit", "1", "--rounds", "0", "--no-search"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(content("report.html"), HasSubstr("Search, layer by layer <span class=\"muted\">– "
                                                "not asked for"));
  EXPECT_FALSE(std::filesystem::exists(out() / "search.json"));
  EXPECT_THAT(content("report.html"), HasSubstr("Not measured."));  // no rounds, of no precision
}

TEST_F(PocCommand, BadInputIsOneSentence) {
  expect_one_sentence(run({"--tolerance", "much"}), "'much' is no amount of AP");
  expect_one_sentence(run({"--margin", "-1"}), "'-1' is no amount of AP");
  expect_one_sentence(run({"--class-tolerance", "cog=1pt"}), "no category 'cog'");
  EXPECT_EQ(run({"--lang", "xx"}).exit_code, 2);
}

TEST_F(PocCommand, HelpHasAnExample) {
  EXPECT_THAT(qyolo({"poc", "--help"}).out, HasSubstr("Example: qyolo poc "));
}

}  // namespace
}  // namespace qyolo::testing
