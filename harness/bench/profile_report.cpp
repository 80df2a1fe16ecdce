// What a profile shows, for reading.
#include <algorithm>
#include <functional>
#include <map>

#include "harness/bench/bench.h"

namespace qyolo::harness {

std::string bench_case_name(const BenchCase& what) {
  return fmt::format("{}{}", engine::precision_name(what.precision), what.packed ? " packed" : "");
}

std::string profile_markdown(const std::vector<engine::StepTime>& steps) {
  constexpr std::size_t kSlowest = 20;
  std::map<std::string, engine::StepTime> operations;
  double total = 0;
  for (const engine::StepTime& step : steps) {
    engine::StepTime& sum = operations[step.operation];
    sum.milliseconds += step.milliseconds;
    sum.gflop += step.gflop;
    ++sum.node;  // how many
    total += step.milliseconds;
  }
  const auto rate = [](const engine::StepTime& step) {
    return step.gflop > 0 ? fmt::format("{:.0f}", step.gflop / step.milliseconds * 1e3)
                          : std::string("–");
  };
  std::string text =
      "| operation | steps | ms | share | GFLOP | GFLOP/s |\n|---|--:|--:|--:|--:|--:|\n";
  for (const auto& [name, sum] : operations) {
    text += fmt::format("| {} | {} | {:.2f} | {:.1f} % | {:.2f} | {} |\n", name, sum.node,
                        sum.milliseconds, 100 * sum.milliseconds / total, sum.gflop, rate(sum));
  }
  std::vector<engine::StepTime> slowest = steps;
  std::ranges::stable_sort(slowest, std::greater{}, &engine::StepTime::milliseconds);
  slowest.resize(std::min(slowest.size(), kSlowest));
  text += "\n| layer | operation | ms | share | GFLOP/s | kernel |\n|---|---|--:|--:|--:|---|\n";
  for (const engine::StepTime& step : slowest) {
    text +=
        fmt::format("| {} | {} | {:.2f} | {:.1f} % | {} | {} |\n", step.name, step.operation,
                    step.milliseconds, 100 * step.milliseconds / total, rate(step), step.kernel);
  }
  return text;
}

}  // namespace qyolo::harness
