#include "harness/bench/bench_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using engine::Precision;
using ::testing::HasSubstr;

TEST(BenchCases, AreAllCombinationsThatThereAreKernelsFor) {
  const auto cases = bench_cases({"fp32", "int8"}, {"plain", "packed"}, {1, 4}, {2});
  ASSERT_TRUE(cases.ok()) << cases.error().message;
  ASSERT_EQ(cases->size(), 6U);  // integers are never packed
  EXPECT_EQ((*cases)[1].packed, true);
  EXPECT_EQ((*cases)[2].precision, Precision::kInt8);
  EXPECT_EQ((*cases)[3].batch, 4);
  EXPECT_GT((*bench_cases({"fp32"}, {"plain"}, {1}, {0}))[0].threads, 0);
}

TEST(BenchCases, WithoutAnyAreRefused) {
  EXPECT_THAT(bench_cases({"int8"}, {"packed"}, {1}, {1}).error().message,
              HasSubstr("no case is left"));
  EXPECT_FALSE(bench_cases({"fp7"}, {"plain"}, {1}, {1}).ok());
}

TEST(Memory, IsWhatTheProcessPrints) {
  const BenchCase what{Precision::kBf16, true, 1, 1};
  const auto peak = memory_in_a_process([](const BenchCase& one) {
    return one.packed ? std::string("echo 12345") : std::string("false");
  });
  const auto measured = peak(what);
  ASSERT_TRUE(measured.ok()) << measured.error().message;
  EXPECT_EQ(*measured, 12345);
  const auto failed = peak({Precision::kFp32, false, 1, 1});
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, HasSubstr("the memory of fp32 failed"));
  EXPECT_EQ(*no_memory()(what), std::nullopt);
}

TEST(Worker, TimesAForwardForEveryLine) {
  BenchOptions options;
  options.model = testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt";
  options.height = options.width = 64;
  std::istringstream lines("\n\n");
  std::vector<std::string> written;
  std::size_t levels = 0;
  const auto prepared = [&](BenchNetwork& network) -> Status {
    const std::vector<float> input(std::size_t{3} * 64 * 64, 0.5F);
    QYOLO_TRY(const auto outputs, network.forward(input));
    levels = outputs.size();
    return {};
  };
  const Status served = serve_forwards(options, {Precision::kFp32, false, 1, 1}, lines, prepared,
                                       [&](std::string_view line) { written.emplace_back(line); });
  ASSERT_TRUE(served.ok()) << served.error().message;
  EXPECT_EQ(levels, 3U) << "before it is ready";
  ASSERT_EQ(written.size(), 3U);
  EXPECT_EQ(written[0], "ready\n");
  EXPECT_GT(std::stod(written[2]), 0);
}

TEST(Profile, GroupsStepsByOperation) {
  const std::string text = profile_markdown({{0, "a", "conv 3x3", "k", 2, 1},
                                             {1, "b", "conv 3x3", "k", 2, 3},
                                             {2, "c", "concat", "", 0, 4}});
  EXPECT_THAT(text, HasSubstr("| conv 3x3 | 2 | 4.00 | 50.0 % | 4.00 | 1000 |"));
  EXPECT_THAT(text, HasSubstr("| concat | 1 | 4.00 | 50.0 % | 0.00 | – |"));
}

}  // namespace
}  // namespace qyolo::harness
