// The same of commands that search: what fails, or dies, under way leaves no half a file, loses no
// finished cell, and a later run ends with the same numbers.
#include <cerrno>
#include <chrono>
#include <random>

#include "common/file.h"
#include "tests/harness/cli/faults.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kSmall = {"--model",
                                         parts_model(),
                                         "--images",
                                         parts("val/images"),
                                         "--annotations",
                                         parts("val/annotations.json"),
                                         "--threads",
                                         "1",
                                         "-q"};

std::vector<std::string> small(const std::string& command, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {kQyolo, command};
  arguments.insert(arguments.end(), kSmall.begin(), kSmall.end());
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// That fail, of each kind.
constexpr long kCallsOfPoc = 3, kCallsOfRecommend = 2;

class FaultySearch : public ::testing::TestWithParam<Fault> {
 protected:
  [[nodiscard]] std::pair<ProcessResult, long> faulty(const std::vector<std::string>& command,
                                                      long at) const {
    return with_fault(GetParam(), at, command, folder_.path() / "count");
  }

  TemporaryFolder folder_;
};

std::vector<std::string> poc(const fs::path& out) {
  // On fewer images nothing is decided, so that the whole roadmap is gone.
  return small("poc", {"--limit", "first:12", "--img", "160", "--tolerance", "100pt", "--rounds",
                       "0", "--out", out.string()});
}

class FaultyPoc : public FaultySearch {};

TEST_P(FaultyPoc, LosesNoFinishedCell) {
  const fs::path whole = folder_.path() / "whole";
  const auto [first, calls] = faulty(poc(whole), 0);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const auto expected = metrics_in(whole);
  ASSERT_EQ(expected.size(), 3U);
  for (const long at : failing_calls(calls, kCallsOfPoc)) {
    SCOPED_TRACE(fmt::format("call {} of {}", at, calls));
    const fs::path folder = folder_.path() / fmt::format("at-{}", at);
    const ProcessResult result = faulty(poc(folder), at).first;
    ASSERT_GE(result.exit_code, 0) << "killed by a signal: " << result.err;
    EXPECT_LE(result.exit_code, 2) << result.err;
    const auto kept = metrics_in(folder);
    if (result.exit_code == 0) {
      EXPECT_TRUE(fs::exists(folder / "report.html"));
    }
    const ProcessResult again = run_process(poc(folder));
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(metrics_in(folder), expected);
    for (const auto& [key, metrics] : kept) EXPECT_EQ(metrics, expected.at(key));
    expect_nothing_unfinished(folder);
    if (HasFailure()) return;
  }
}

class FaultyRecommend : public FaultySearch {};

TEST_P(FaultyRecommend, LeavesWholeFiles) {
  const fs::path out = folder_.path() / "out";
  const auto command = small("recommend", {"--limit",
                                           "first:2",
                                           "--img",
                                           "64",
                                           "--calibration",
                                           parts("calib/images"),
                                           "--calibration-limit",
                                           "1",
                                           "--candidates",
                                           "2",
                                           "--evaluations",
                                           "3",
                                           "--confirm",
                                           "0",
                                           "--max-bytes",
                                           "1200000",
                                           "--schemes",
                                           "affine",
                                           "--rounding",
                                           "nearest",
                                           "--no-uniform",
                                           "-o",
                                           (out / "a.safetensors").string(),
                                           "--experiment",
                                           (out / "e.json").string()});
  ASSERT_TRUE(create_folder(out).ok());
  const auto [first, calls] = faulty(command, 0);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const std::vector<std::string> names = {"a.safetensors", "e.json"};
  std::map<std::string, std::string> expected;
  for (const std::string& name : names) expected[name] = content_of(out / name);
  for (const long at : failing_calls(calls, kCallsOfRecommend)) {
    SCOPED_TRACE(fmt::format("call {} of {}", at, calls));
    for (const std::string& name : names) ASSERT_TRUE(write_file(out / name, "earlier").ok());
    const ProcessResult result = faulty(command, at).first;
    ASSERT_GE(result.exit_code, 0) << "killed by a signal: " << result.err;
    EXPECT_LE(result.exit_code, 2) << result.err;
    for (const std::string& name : names) {
      const std::string content = content_of(out / name);
      EXPECT_TRUE(content == expected[name] || (result.exit_code != 0 && content == "earlier"))
          << name;
    }
    expect_nothing_unfinished(out);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Calls, FaultyPoc,
                         ::testing::Values(Fault{"write", ENOSPC}, Fault{"rename", EIO},
                                           Fault{"open", EMFILE}, Fault{"read", EIO}),
                         fault_name);
INSTANTIATE_TEST_SUITE_P(Calls, FaultyRecommend,
                         ::testing::Values(Fault{"write", ENOSPC}, Fault{"rename", EIO}),
                         fault_name);

// QYOLO_KILLS says how many times.
TEST(KilledPoc, LosesNoFinishedCell) {
  const TemporaryFolder folder;
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(run_process(poc(folder.path() / "whole")).exit_code, 0);
  const auto takes = std::chrono::steady_clock::now() - start;
  const auto expected = metrics_in(folder.path() / "whole");
  const char* wanted = std::getenv("QYOLO_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 5;
  std::mt19937 random(2407);
  std::map<std::string, std::string> kept;
  const fs::path out = folder.path() / "killed";
  for (int i = 0; i < kills; ++i) {
    const auto after = takes * std::uniform_real_distribution<double>(0.1, 1)(random);
    const auto begun = std::chrono::steady_clock::now();
    (void)run_process(poc(out), [&] { return std::chrono::steady_clock::now() - begun >= after; });
    const auto now = metrics_in(out);
    for (const auto& [key, metrics] : kept)
      ASSERT_TRUE(now.contains(key)) << "a finished cell is gone after kill " << i;
    for (const auto& [key, metrics] : now) EXPECT_EQ(metrics, expected.at(key));
    kept = now;
  }
  const ProcessResult last = run_process(poc(out));
  EXPECT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(metrics_in(out), expected);
  EXPECT_TRUE(fs::exists(out / "report.html"));
}

}  // namespace
}  // namespace qyolo::testing
