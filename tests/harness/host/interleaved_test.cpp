#include "harness/host/interleaved.h"

#include <gtest/gtest.h>

#include <string>

namespace qyolo::harness {
namespace {

TEST(Interleaving, EveryRoundVisitsEveryCaseAndBeginsWithAnotherOne) {
  std::string order;
  std::size_t last = 0;
  const TimedCases cases{3, {}, [&](std::size_t i) -> Result<double> {
                           order += std::to_string(i);
                           return static_cast<double>(i) + 0.5;
                         }};
  const auto samples = time_interleaved(cases, {4, 0}, [&](std::size_t done, std::size_t total) {
    EXPECT_EQ(done, last + 1);
    EXPECT_EQ(total, 12U);
    last = done;
  });
  ASSERT_TRUE(samples.ok());
  EXPECT_EQ(order, "012120201012");
  EXPECT_EQ(*samples, (std::vector<std::vector<double>>{
                          {0.5, 0.5, 0.5, 0.5}, {1.5, 1.5, 1.5, 1.5}, {2.5, 2.5, 2.5, 2.5}}));
}

TEST(Interleaving, WarmupIsNotCounted) {
  int forwards = 0, prepared = 0;
  const TimedCases cases{2,
                         [&](std::size_t) -> Status {
                           ++prepared;
                           return {};
                         },
                         [&](std::size_t) -> Result<double> { return ++forwards; }};
  const auto samples = time_interleaved(cases, {1, 2});
  ASSERT_TRUE(samples.ok());
  EXPECT_EQ(prepared, 2);
  EXPECT_EQ(forwards, 6);
  EXPECT_EQ((*samples)[0], std::vector<double>{3});
  EXPECT_EQ((*samples)[1], std::vector<double>{6});
}

TEST(Interleaving, EndsWithTheFirstFailure) {
  const TimedCases cases{2, {}, [](std::size_t i) -> Result<double> {
                           if (i == 1) return error("case 1 cannot run");
                           return 1.0;
                         }};
  const auto samples = time_interleaved(cases, {1, 0});
  ASSERT_FALSE(samples.ok());
  EXPECT_EQ(samples.error().message, "case 1 cannot run");
  EXPECT_TRUE(time_interleaved({}, {3, 1})->empty());
}

}  // namespace
}  // namespace qyolo::harness
