// Queries as MLPerf Inference's LoadGen sends them (Reddi et al., "MLPerf Inference Benchmark",
// arXiv 1911.02549, section 4), to one network that answers one forward at a time:
//
//   single-stream   one image, the next when the one before is answered
//   multi-stream    `batch` images, likewise
//   offline         all images are there; how many are answered per second
//   server          single images that arrive by a Poisson process; the highest rate at which 99 %
//                   are answered within a bound
//
// LoadGen's own minimum numbers of queries (some thousands, 270,336 of server) would take hours
// with such a network: how many there were is in the record.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "results/scenario_record.h"

namespace qyolo::harness {

enum class Scenario { kSingleStream, kMultiStream, kOffline, kServer };

[[nodiscard]] std::vector<std::string> scenario_names();
// Fails with the names.
Result<Scenario> parse_scenario(std::string_view name);

struct ScenarioOptions {
  // That each scenario, and each trial of the server, lasts at least; a trial whose rate is
  // searched for lasts some ten times that at most.
  double seconds = 10;
  int batch = 8;  // images of a query; server: of a forward, at most
  double latency_bound_ms = 0;
  std::optional<double> rate;  // server: to be checked instead of found; queries/s
  std::uint64_t seed = 1;      // of the arrivals
};

// What answers, and the time that it lives in, in seconds.
struct QueryTarget {
  std::function<Result<double>(int images)> forward;  // its milliseconds
  std::function<double()> now;
  std::function<void(double time)> wait_until;
};
[[nodiscard]] QueryTarget on_this_clock(std::function<Result<double>(int images)> forward);

// Row of everything but what is answering.
Result<results::ScenarioRow> run_scenario(Scenario scenario, const ScenarioOptions& options,
                                          const QueryTarget& target);

// The waiting times of queries that arrive at `arrivals` (seconds from now, ascending), each until
// its answer, milliseconds. Those that wait together, up to `batch`, are answered together. Stops
// early where a query has waited longer than `give_up_ms`.
Result<std::vector<double>> serve(const std::vector<double>& arrivals, int batch, double give_up_ms,
                                  const QueryTarget& target);
// Of a Poisson process: `count` times, `rate` per second on average.
[[nodiscard]] std::vector<double> poisson_arrivals(double rate, std::size_t count,
                                                   std::uint64_t seed);

}  // namespace qyolo::harness
