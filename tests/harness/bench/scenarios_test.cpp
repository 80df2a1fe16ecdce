#include "harness/bench/scenarios.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;

// A network on a clock of its own: a forward of n images takes `fixed` + n `each` milliseconds.
class Simulated {
 public:
  Simulated(double fixed, double each) : fixed_(fixed), each_(each) {}

  QueryTarget target() {
    return {[this](int images) -> Result<double> {
              forwards.push_back(images);
              const double spent = fixed_ + each_ * images;
              time_ += spent * 1e-3;
              return spent;
            },
            [this] { return time_; }, [this](double until) { time_ = until; }};
  }

  std::vector<int> forwards;

 private:
  double fixed_, each_;
  double time_ = 0;
};

results::ScenarioRow run(Scenario scenario, const ScenarioOptions& options, Simulated& network) {
  auto row = run_scenario(scenario, options, network.target());
  EXPECT_TRUE(row.ok()) << row.error().message;
  return row.ok() ? *row : results::ScenarioRow();
}

TEST(Scenarios, StreamsAreTimedQueryByQuery) {
  Simulated network(10, 5);
  ScenarioOptions options;
  options.seconds = 3;
  options.batch = 4;
  const auto single = run(Scenario::kSingleStream, options, network);
  EXPECT_EQ(single.queries, 200);
  EXPECT_EQ(single.images, 200);
  EXPECT_NEAR(single.latency_ms->p99, 15, 1e-9);
  EXPECT_NEAR(single.images_per_second, 1e3 / 15, 1e-6);
  const auto multi = run(Scenario::kMultiStream, options, network);
  EXPECT_EQ(multi.images, 4 * multi.queries);
  EXPECT_NEAR(multi.latency_ms->p50, 30, 1e-9);
  const auto offline = run(Scenario::kOffline, options, network);
  EXPECT_NEAR(offline.images_per_second, 4e3 / 30, 1e-6);
  EXPECT_FALSE(offline.latency_ms) << "nobody waits for one of them";
}

TEST(Scenarios, QueriesThatWaitTogetherAreAnsweredTogether) {
  Simulated network(10, 10);
  const auto waits = serve({0, 0.001, 0.002, 0.003, 0.5}, 2, 1e9, network.target());
  ASSERT_TRUE(waits.ok());
  EXPECT_EQ(network.forwards, (std::vector<int>{1, 2, 1, 1}));
  // The first alone until 20 ms, two more until 50, the fourth until 70.
  const std::vector<double> expected = {20, 49, 48, 67, 20};
  ASSERT_EQ(waits->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR((*waits)[i], expected[i], 1e-6);
}

TEST(Scenarios, AnOverloadIsGivenUp) {
  Simulated network(0, 10);
  const auto waits =
      serve(poisson_arrivals(200, 100000, 1), 1, 500, network.target());  // twice what is possible
  ASSERT_TRUE(waits.ok());
  EXPECT_LT(waits->size(), 1000);
  EXPECT_GT(waits->back(), 500);
}

TEST(Scenarios, ArrivalsAreAPoissonProcess) {
  const auto arrivals = poisson_arrivals(50, 20000, 3);
  EXPECT_NEAR(arrivals.back(), 400, 15);
  EXPECT_TRUE(std::is_sorted(arrivals.begin(), arrivals.end()));
  double longer = 0;  // than the mean: 1/e of the gaps
  for (std::size_t i = 1; i < arrivals.size(); ++i)
    longer += arrivals[i] - arrivals[i - 1] > 1.0 / 50 ? 1 : 0;
  EXPECT_NEAR(longer / 20000, std::exp(-1), 0.01);
  EXPECT_NE(poisson_arrivals(50, 10, 4), poisson_arrivals(50, 10, 3));
}

// M/D/1 without batches: P(wait > t) of a load of 0.7 and more is known to exceed 1 % at 10 ms
// service and 60 ms bound somewhat above that load.
TEST(Scenarios, TheRateFoundHoldsAndAHigherOneDoesNot) {
  Simulated network(0, 10);
  ScenarioOptions options;
  options.seconds = 200;
  options.batch = 1;
  options.latency_bound_ms = 60;
  const auto found = run(Scenario::kServer, options, network);
  ASSERT_TRUE(found.server && found.server->rate && found.server->confirmed);
  EXPECT_TRUE(found.server->confirmed->held);
  EXPECT_LE(found.server->confirmed->p99_ms, 60);
  EXPECT_GT(*found.server->rate, 50);
  EXPECT_LT(*found.server->rate, 90);
  options.seed = 77;
  for (const auto& [factor, holds] : {std::pair{0.9, true}, {1.2, false}}) {
    options.rate = factor * *found.server->rate;
    const auto checked = run(Scenario::kServer, options, network);
    ASSERT_EQ(checked.server->trials.size(), 1);
    EXPECT_EQ(checked.server->trials.front().held, holds) << factor;
  }
}

TEST(Scenarios, BatchesRaiseTheRateWhereTheyAreCheaper) {
  ScenarioOptions options;
  options.seconds = 100;
  options.latency_bound_ms = 200;
  Simulated alone(30, 5), together(30, 5);
  options.batch = 1;
  const auto one = run(Scenario::kServer, options, alone);
  options.batch = 8;
  const auto eight = run(Scenario::kServer, options, together);
  ASSERT_TRUE(one.server->rate && eight.server->rate);
  EXPECT_GT(*eight.server->rate, 2 * *one.server->rate);
}

TEST(Scenarios, ABoundThatOneImageMissesHasNoRate) {
  Simulated network(0, 100);
  ScenarioOptions options;
  options.batch = 1;
  options.latency_bound_ms = 50;
  const auto row = run(Scenario::kServer, options, network);
  EXPECT_FALSE(row.server->rate);
  EXPECT_TRUE(row.server->trials.empty());
  results::ScenarioRecord record;
  record.rows = {row};
  EXPECT_THAT(results::scenarios_markdown(record), HasSubstr("one image alone takes longer"));
}

// A hundred queries at a rate at which hardly two are ever there at once would take an hour.
TEST(Scenarios, ASearchEndsWhereOneImageHardlyKeepsTheBound) {
  Simulated network(0, 99);
  ScenarioOptions options;
  options.batch = 1;
  options.seconds = 3;
  options.latency_bound_ms = 100;
  const double start = network.target().now();
  const auto row = run(Scenario::kServer, options, network);
  EXPECT_FALSE(row.server->rate);
  EXPECT_FALSE(row.server->trials.empty());
  EXPECT_LT(network.target().now() - start, 300);
  results::ScenarioRecord record;
  record.rows = {row};
  EXPECT_THAT(results::scenarios_markdown(record), HasSubstr("no rate holds 100 ms: at 3.33"));
}

TEST(Scenarios, BadInputIsOneSentence) {
  EXPECT_THAT(parse_scenario("batch").error().message,
              HasSubstr("expected one of single-stream, multi-stream, offline, server"));
  Simulated network(0, 1);
  EXPECT_THAT(run_scenario(Scenario::kServer, {}, network.target()).error().message,
              HasSubstr("--latency-bound"));
}

}  // namespace
}  // namespace qyolo::harness
