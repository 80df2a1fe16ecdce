// Whatever fails under way, and whenever the process dies: what was finished stays, a later run
// ends with the same numbers, and no file of the user's is touched.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "common/file.h"
#include "tests/harness/cli/faults.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;

class SmallRun : public ::testing::Test {
 protected:
  SmallRun() {
    const Json matrix = {{"scheme", {"affine"}}, {"granularity", {"filter"}}, {"bits", {8, 4}}};
    std::ofstream(experiment_) << Json{
        {"name", "small"},
        {"model", parts_model()},
        {"dataset",
         {{"images", parts("val/images")}, {"annotations", parts("val/annotations.json")}}},
        {"evaluation", {{"img", 64}, {"limit", "first:2"}}},
        {"uncertainty", {{"resamples", 100}}},
        {"latency", {{"rounds", 1}, {"warmup", 0}}},
        {"matrix", Json::array({matrix})}};
    before_ = content_of(experiment_);
  }

  [[nodiscard]] virtual std::vector<std::string> command(const fs::path& out) const {
    return {kQyolo, "run", experiment_.string(), "--out", out.string(), "--threads", "1"};
  }
  [[nodiscard]] fs::path out(const std::string& name) const { return folder_.path() / name; }

  // Everything that has to hold of a folder in which something went wrong.
  void expect_recovers(const fs::path& folder, const std::map<std::string, std::string>& expected) {
    const auto kept = metrics_in(folder);
    for (const auto& [key, metrics] : kept) EXPECT_EQ(metrics, expected.at(key));
    const std::string records =
        fs::exists(folder / "records.jsonl") ? content_of(folder / "records.jsonl") : "";
    const ProcessResult again = run_process(command(folder));
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(metrics_in(folder), expected);
    // Finished records are where they were.
    const std::string whole = records.substr(0, records.rfind('\n') + 1);
    EXPECT_EQ(content_of(folder / "records.jsonl").substr(0, whole.size()), whole);
    EXPECT_EQ(content_of(experiment_), before_);
    expect_nothing_unfinished(folder);
  }

  TemporaryFolder folder_;
  fs::path experiment_ = folder_.path() / "experiment.json";
  std::string before_;
};

class FaultyRun : public SmallRun, public ::testing::WithParamInterface<Fault> {
 protected:
  // Its result, and how many calls there were.
  std::pair<ProcessResult, long> faulty(const fs::path& folder, long at) const {
    return with_fault(GetParam(), at, command(folder), folder_.path() / "count");
  }

  // Every call fails once; of those that are called more often than `most` times, as many spread
  // over all (QYOLO_FAULTS=1000: more).
  void expect_nothing_is_lost(long most) {
    const auto [whole, calls] = faulty(out("whole"), 0);
    ASSERT_EQ(whole.exit_code, 0) << whole.err;
    const auto expected = metrics_in(out("whole"));
    ASSERT_EQ(expected.size(), 3U);
    ASSERT_GT(calls, 0) << "nothing is called: the test sees nothing";
    for (const long at : failing_calls(calls, most)) {
      SCOPED_TRACE(fmt::format("call {} of {}", at, calls));
      const fs::path folder = out(fmt::format("at-{}", at));
      const ProcessResult result = faulty(folder, at).first;
      ASSERT_GE(result.exit_code, 0) << "killed by a signal: " << result.err;
      EXPECT_LE(result.exit_code, 2) << result.err;
      if (result.exit_code == 0) {
        EXPECT_EQ(metrics_in(folder), expected) << result.err;
      }
      if (GetParam().code == EINTR) {
        EXPECT_EQ(result.exit_code, 0) << result.err;
      }
      expect_recovers(folder, expected);
      fs::remove_all(folder);
      if (HasFailure()) return;
    }
  }
};

TEST_P(FaultyRun, LosesNothingWhicheverCallFails) { expect_nothing_is_lost(40); }

INSTANTIATE_TEST_SUITE_P(Calls, FaultyRun,
                         ::testing::Values(Fault{"write", ENOSPC}, Fault{"write", EINTR},
                                           Fault{"fsync", EIO}, Fault{"rename", EIO},
                                           Fault{"mkostemp", ENOSPC}, Fault{"open", EMFILE},
                                           Fault{"mmap", ENOMEM}, Fault{"read", EIO},
                                           Fault{"read", EINTR}),
                         fault_name);

// One of several processes, which is the only one here.
class FaultyShard : public FaultyRun {
 protected:
  [[nodiscard]] std::vector<std::string> command(const fs::path& out) const override {
    std::vector<std::string> arguments = FaultyRun::command(out);
    arguments.insert(arguments.end(), {"--set", "batch=1", "--task-images", "1", "--shard", "0/1"});
    return arguments;
  }
};

TEST_P(FaultyShard, LosesNothingWhicheverCallFails) { expect_nothing_is_lost(6); }

INSTANTIATE_TEST_SUITE_P(Calls, FaultyShard,
                         ::testing::Values(Fault{"write", ENOSPC}, Fault{"write", EINTR},
                                           Fault{"fsync", EIO}, Fault{"rename", EIO},
                                           Fault{"mkostemp", ENOSPC}),
                         fault_name);

// QYOLO_KILLS says how many times.
TEST_F(SmallRun, LosesNothingWhenItIsKilledAtAnyMoment) {
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(run_process(command(out("whole"))).exit_code, 0);
  const auto takes = std::chrono::steady_clock::now() - start;
  const auto expected = metrics_in(out("whole"));
  const char* wanted = std::getenv("QYOLO_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 12;
  std::mt19937 random(2407);
  int killed = 0;
  std::map<std::string, std::string> kept;
  for (int i = 0; i < kills; ++i) {
    const fs::path folder = out("killed");
    const auto after = takes * std::uniform_real_distribution<double>(0, 1.1)(random);
    const auto begun = std::chrono::steady_clock::now();
    const ProcessResult result = run_process(
        command(folder), [&] { return std::chrono::steady_clock::now() - begun >= after; });
    killed += result.exit_code == -1 ? 1 : 0;
    const auto now = metrics_in(folder);
    for (const auto& [key, metrics] : kept) {
      ASSERT_TRUE(now.contains(key)) << "a finished cell is gone after kill " << i;
      EXPECT_EQ(now.at(key), metrics);
    }
    for (const auto& [key, metrics] : now) EXPECT_EQ(metrics, expected.at(key));
    kept = now;
    if (result.exit_code == 0) {
      EXPECT_EQ(now, expected);
      fs::remove_all(folder);
      kept.clear();
    }
  }
  EXPECT_GT(killed, 0);
  const ProcessResult last = run_process(command(out("killed")));
  EXPECT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(metrics_in(out("killed")), expected);
}

}  // namespace
}  // namespace qyolo::testing
