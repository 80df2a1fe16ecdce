#include "harness/bench/arithmetic_times.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "harness/host/interleaved.h"
#include "metrics/statistics.h"

namespace qyolo::harness {
namespace {

using engine::Precision;

struct TimedNetwork {
  Precision precision;
  std::unique_ptr<BenchNetwork> network;
  std::map<int, std::vector<double>> convs;  // by node, of each round
};

// Forward as it is, then step by step.
Result<double> time_round(TimedNetwork& timed) {
  QYOLO_TRY(const double milliseconds, timed.network->time_forward());
  QYOLO_TRY(const auto steps, timed.network->profile());
  for (const engine::StepTime& step : steps)
    if (!step.kernel.empty()) timed.convs[step.node].push_back(step.milliseconds);
  return milliseconds;
}

}  // namespace

Result<MeasuredArithmetics> time_arithmetics(
    const BenchOptions& options, int threads,
    const std::function<void(std::size_t, std::size_t)>& progress) {
  const auto networks = std::make_shared<std::vector<TimedNetwork>>();
  for (const Precision precision : {Precision::kFp32, Precision::kBf16, Precision::kInt8}) {
    BenchCase what;
    what.precision = precision;
    what.threads = threads;
    auto network = BenchNetwork::open(options, what);
    if (!network.ok() && precision == Precision::kBf16) continue;  // this host has none
    if (!network.ok()) return network.error();
    networks->push_back({precision, std::move(network).value(), {}});
  }
  const TimedCases cases{
      networks->size(), {}, [&](std::size_t i) { return time_round((*networks)[i]); }};
  QYOLO_TRY(const auto samples,
            time_interleaved(cases, {options.rounds, options.warmup}, progress));
  MeasuredArithmetics measured;
  for (std::size_t i = 0; i < networks->size(); ++i) {
    measured.times.push_back({(*networks)[i].precision, metrics::quantile(samples[i], 0.5), {}});
    // By node, as graph.conv_nodes() has them.
    for (const auto& [node, rounds] : (*networks)[i].convs)
      measured.times.back().convs.push_back(metrics::quantile(rounds, 0.5));
  }
  measured.again = [networks](Precision precision) -> Result<double> {
    const auto found = std::ranges::find(*networks, precision, &TimedNetwork::precision);
    if (found == networks->end())
      return error("{} was not timed", engine::precision_name(precision));
    return found->network->time_forward();
  };
  return measured;
}

}  // namespace qyolo::harness
