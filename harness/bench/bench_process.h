// Measurements of one case in a process of its own, from both sides.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/bench/bench.h"

namespace qyolo::harness {

// All combinations that there are kernels for, batches outermost, weights innermost; `threads` 0:
// all. `weights`: "plain", "packed". Fails where none is left.
Result<std::vector<BenchCase>> bench_cases(const std::vector<std::string>& precisions,
                                           const std::vector<std::string>& weights,
                                           const std::vector<int>& batches,
                                           const std::vector<int>& threads);

// Gets the case ready, calls `prepared`, writes "ready", then for every line of `in` the
// milliseconds of one forward.
Status serve_forwards(const BenchOptions& options, const BenchCase& what, std::istream& in,
                      const std::function<Status(BenchNetwork& network)>& prepared,
                      const std::function<void(std::string_view line)>& write);

// The peak of this process's resident memory from when its network is ready, bytes.
Result<std::int64_t> peak_memory(const BenchOptions& options, const BenchCase& what);

// What peak_memory() says in a process of its own: the number that the case's shell command prints.
[[nodiscard]] MeasureMemory memory_in_a_process(
    std::function<std::string(const BenchCase& what)> command);
// Measures nothing.
[[nodiscard]] MeasureMemory no_memory();

// The network in bfloat16 and in integers, ready to run, as far as this host has the kernels.
struct LowPrecisionCase {
  BenchCase what;
  std::shared_ptr<BenchNetwork> network;
};
Result<std::vector<LowPrecisionCase>> low_precision_cases(const std::filesystem::path& model,
                                                          int height, int width, int batch,
                                                          int threads);

}  // namespace qyolo::harness
