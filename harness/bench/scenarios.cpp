#include "harness/bench/scenarios.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <random>
#include <thread>
#include <utility>

#include "metrics/statistics.h"

namespace qyolo::harness {
namespace {

using results::QueryLatencyRecord;
using results::ScenarioRow;
using results::ServerRecord;
using results::ServerTrialRecord;

constexpr std::array<std::pair<Scenario, std::string_view>, 4> kNames = {
    {{Scenario::kSingleStream, "single-stream"},
     {Scenario::kMultiStream, "multi-stream"},
     {Scenario::kOffline, "offline"},
     {Scenario::kServer, "server"}}};

constexpr double kPercentile = 0.99;
constexpr std::size_t kLeastQueries = 100;  // of which one may be late
constexpr int kMostTrials = 8;
constexpr double kCloseEnough = 1.04;  // between a rate that holds and one that does not
constexpr double kStepDown = 0.95;
constexpr double kLongestTrial = 10;  // times the seconds that it lasts at least

QueryLatencyRecord latency_of(const std::vector<double>& milliseconds) {
  return {metrics::quantile(milliseconds, 0.5), metrics::quantile(milliseconds, 0.9),
          metrics::quantile(milliseconds, kPercentile), std::ranges::max(milliseconds)};
}

// Forwards of `images`, one behind the other.
Status run_stream(int images, double seconds, const QueryTarget& target, ScenarioRow& row) {
  QYOLO_TRY([[maybe_unused]] const double warm, target.forward(images));
  std::vector<double> latencies;
  const double start = target.now();
  do {
    QYOLO_TRY(const double spent, target.forward(images));
    latencies.push_back(spent);
  } while (target.now() - start < seconds);
  row.batch = images;
  row.seconds = target.now() - start;
  row.queries = static_cast<std::int64_t>(latencies.size());
  row.images = row.queries * images;
  row.images_per_second = static_cast<double>(row.images) / row.seconds;
  row.latency_ms = latency_of(latencies);
  return {};
}

// Finds the rate. What a forward takes is measured first; a queue of such forwards is simulated to
// begin near the answer; everything that is reported has really been served.
class ServerSearch {
 public:
  ServerSearch(const ScenarioOptions& options, const QueryTarget& target, ScenarioRow& row)
      : options_(options), target_(target), row_(row), server_(row.server.emplace()) {
    server_.latency_bound_ms = options.latency_bound_ms;
    row.batch = options.batch;
  }

  Status run() {
    QYOLO_CHECK_OK(measure_forwards());
    if (options_.rate) {
      server_.rate_given = true;
      server_.rate = options_.rate;
      QYOLO_TRY(const ServerTrialRecord trial, serve_at(*options_.rate, options_.seed));
      server_.trials.push_back(trial);
      return {};
    }
    if (forward_ms_[0] > options_.latency_bound_ms) return {};
    QYOLO_CHECK_OK(bracket());
    return confirm();
  }

 private:
  Status measure_forwards() {
    constexpr int kTimes = 3;
    for (int images = 1; images <= options_.batch; ++images) {
      QYOLO_TRY([[maybe_unused]] const double warm, target_.forward(images));
      std::vector<double> spent;
      for (int i = 0; i < kTimes; ++i) {
        QYOLO_TRY(const double one, target_.forward(images));
        spent.push_back(one);
      }
      forward_ms_.push_back(metrics::quantile(spent, 0.5));
    }
    return {};
  }

  // More cannot be answered in the long run.
  [[nodiscard]] double capacity() const {
    double best = 0;
    for (std::size_t i = 0; i < forward_ms_.size(); ++i)
      best = std::max(best, static_cast<double>(i + 1) * 1e3 / forward_ms_[i]);
    return best;
  }

  // Where a queue of forwards that always take their median would stop to hold the bound.
  Result<double> expected_rate() const {
    constexpr int kHalvings = 12;
    constexpr std::size_t kSimulated = 4000;
    double held = 0, missed = capacity();
    for (int i = 0; i < kHalvings; ++i) {
      const double rate = (held + missed) / 2;
      double time = 0;
      const QueryTarget simulated{[&](int images) -> Result<double> {
                                    const double spent =
                                        forward_ms_[static_cast<std::size_t>(images - 1)];
                                    time += spent * 1e-3;
                                    return spent;
                                  },
                                  [&] { return time; }, [&](double until) { time = until; }};
      QYOLO_TRY(const auto waits, serve(poisson_arrivals(rate, kSimulated, options_.seed),
                                        options_.batch, give_up_ms(), simulated));
      (within_bound(waits, kSimulated) ? held : missed) = rate;
    }
    return held;
  }

  // At a lower one so many queries would take too long to come.
  [[nodiscard]] double lowest_rate() const {
    return static_cast<double>(kLeastQueries) / (kLongestTrial * options_.seconds);
  }

  [[nodiscard]] double give_up_ms() const { return 20 * options_.latency_bound_ms; }
  [[nodiscard]] bool within_bound(const std::vector<double>& waits, std::size_t queries) const {
    return waits.size() == queries &&
           metrics::quantile(waits, kPercentile) <= options_.latency_bound_ms;
  }

  Result<ServerTrialRecord> serve_at(double rate, std::uint64_t seed) {
    const std::size_t queries =
        std::max(kLeastQueries, static_cast<std::size_t>(std::llround(rate * options_.seconds)));
    const double start = target_.now();
    QYOLO_TRY(const auto waits,
              serve(poisson_arrivals(rate, queries, seed), options_.batch, give_up_ms(), target_));
    row_.seconds = target_.now() - start;
    row_.queries = row_.images = static_cast<std::int64_t>(waits.size());
    row_.images_per_second = static_cast<double>(waits.size()) / row_.seconds;
    row_.latency_ms = latency_of(waits);
    return ServerTrialRecord{rate, row_.queries, row_.latency_ms->p99,
                             within_bound(waits, queries)};
  }

  Status bracket() {
    QYOLO_TRY(double rate, expected_rate());
    rate = std::max(rate, lowest_rate());
    double held = 0, missed = capacity();
    for (int trial = 0; trial < kMostTrials && missed > kCloseEnough * held; ++trial) {
      if (rate < lowest_rate()) break;
      QYOLO_TRY(const ServerTrialRecord served,
                serve_at(rate, options_.seed + static_cast<std::uint64_t>(trial)));
      server_.trials.push_back(served);
      (served.held ? held : missed) = rate;
      rate = held == 0 ? rate * 0.8 : std::sqrt(held * missed);
    }
    if (held > 0) server_.rate = held;
    return {};
  }

  // With arrivals that took no part in finding it; where these do not hold, a little lower.
  Status confirm() {
    for (int trial = 0; server_.rate && trial < kMostTrials; ++trial) {
      QYOLO_TRY(const ServerTrialRecord served,
                serve_at(*server_.rate, options_.seed + 1000 + static_cast<std::uint64_t>(trial)));
      if (served.held) {
        server_.confirmed = served;
        return {};
      }
      server_.trials.push_back(served);
      *server_.rate *= kStepDown;
    }
    server_.rate.reset();
    return {};
  }

  const ScenarioOptions& options_;
  const QueryTarget& target_;
  ScenarioRow& row_;
  ServerRecord& server_;
  std::vector<double> forward_ms_;  // of 1, 2 ... images
};

}  // namespace

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const auto& [scenario, name] : kNames) names.emplace_back(name);
  return names;
}

Result<Scenario> parse_scenario(std::string_view name) {
  for (const auto& [scenario, known] : kNames) {
    if (name == known) return scenario;
  }
  return error("unknown scenario '{}', expected one of {}", name,
               fmt::join(scenario_names(), ", "));
}

QueryTarget on_this_clock(std::function<Result<double>(int images)> forward) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  return {std::move(forward),
          [start] { return std::chrono::duration<double>(Clock::now() - start).count(); },
          [start](double time) {
            std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(
                                                      std::chrono::duration<double>(time)));
          }};
}

Result<ScenarioRow> run_scenario(Scenario scenario, const ScenarioOptions& options,
                                 const QueryTarget& target) {
  ScenarioRow row;
  row.scenario = kNames[static_cast<std::size_t>(scenario)].second;
  switch (scenario) {
    case Scenario::kSingleStream:
      QYOLO_CHECK_OK(run_stream(1, options.seconds, target, row));
      break;
    case Scenario::kMultiStream:
      QYOLO_CHECK_OK(run_stream(options.batch, options.seconds, target, row));
      break;
    case Scenario::kOffline:
      QYOLO_CHECK_OK(run_stream(options.batch, options.seconds, target, row));
      row.latency_ms.reset();
      break;
    case Scenario::kServer:
      if (!(options.latency_bound_ms > 0))
        return error("the scenario server needs a bound of its latency (--latency-bound MS)");
      QYOLO_CHECK_OK(ServerSearch(options, target, row).run());
      break;
  }
  return row;
}

std::vector<double> poisson_arrivals(double rate, std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<double> arrivals;
  double time = 0;
  for (std::size_t i = 0; i < count; ++i) {
    // In (0, 1], by its upper bits: the same with every standard library.
    const double uniform = (static_cast<double>(random() >> 11) + 1) * 0x1p-53;
    arrivals.push_back(time += -std::log(uniform) / rate);
  }
  return arrivals;
}

Result<std::vector<double>> serve(const std::vector<double>& arrivals, int batch, double give_up_ms,
                                  const QueryTarget& target) {
  std::vector<double> waits;
  const double start = target.now();
  while (waits.size() < arrivals.size()) {
    const std::size_t next = waits.size();
    if (const double arrival = start + arrivals[next]; target.now() < arrival)
      target.wait_until(arrival);
    const double now = target.now() - start;
    std::size_t last = next + 1;
    while (last < arrivals.size() && arrivals[last] <= now &&
           last - next < static_cast<std::size_t>(batch))
      ++last;
    QYOLO_TRY([[maybe_unused]] const double spent, target.forward(static_cast<int>(last - next)));
    const double done = target.now() - start;
    for (std::size_t i = next; i < last; ++i) waits.push_back((done - arrivals[i]) * 1e3);
    if (waits.back() > give_up_ms) break;
  }
  return waits;
}

}  // namespace qyolo::harness
