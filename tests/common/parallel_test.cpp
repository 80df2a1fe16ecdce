#include "common/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

namespace qyolo {
namespace {

TEST(ParallelFor, CallsEveryItemOnceAtAnyThreadCountAndGrain) {
  for (const int threads : {0, 1, 2, 7}) {
    for (const std::size_t grain : {0, 1, 3, 1000}) {
      std::vector<int> calls(101, 0);
      parallel_for(
          calls.size(), threads, [&](std::size_t i) { ++calls[i]; }, grain);
      EXPECT_EQ(calls, std::vector<int>(101, 1)) << threads << " threads, grain " << grain;
    }
  }
}

TEST(ParallelFor, DoesNothingForNoItems) {
  parallel_for(0, 4, [](std::size_t) { FAIL() << "called"; });
}

TEST(ParallelFor, WorksOnSeveralThreadsAtOnce) {
  // Each item waits for the other: one thread alone would not finish.
  std::atomic<int> arrived{0};
  parallel_for(2, 2, [&](std::size_t) {
    ++arrived;
    while (arrived < 2) {
    }
  });
  EXPECT_EQ(arrived, 2);
}

TEST(ParallelFor, RethrowsAnExceptionAfterAllThreadsHaveStopped) {
  for (const int threads : {1, 4}) {
    std::atomic<int> running{0};
    try {
      parallel_for(1000, threads, [&](std::size_t i) {
        ++running;
        if (i == 10) {
          --running;
          throw std::runtime_error("item 10");
        }
        --running;
      });
      FAIL() << "the exception is lost with " << threads << " threads";
    } catch (const std::runtime_error& failure) {
      EXPECT_EQ(failure.what(), std::string("item 10"));
    }
    EXPECT_EQ(running, 0);
  }
}

TEST(ParallelFor, SkipsWhatIsLeftAfterAnException) {
  int calls = 0;
  EXPECT_THROW(parallel_for(1000, 1,
                            [&](std::size_t) {
                              ++calls;
                              throw std::runtime_error("first");
                            }),
               std::runtime_error);
  EXPECT_EQ(calls, 1);
}

TEST(ParallelTry, GivesTheFailureOfTheFirstItemAfterTryingAll) {
  for (const int threads : {1, 4}) {
    std::atomic<int> calls = 0;
    const Status status = parallel_try(100, threads, [&](std::size_t i) -> Status {
      ++calls;
      if (i == 30 || i == 70) return error("item {}", i);
      return {};
    });
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().message, "item 30");
    EXPECT_EQ(calls, 100);
  }
  EXPECT_TRUE(parallel_try(0, 2, [](std::size_t) { return Status(error("never")); }).ok());
}

TEST(DefaultThreads, IsPositive) { EXPECT_GE(default_threads(), 1); }

}  // namespace
}  // namespace qyolo
