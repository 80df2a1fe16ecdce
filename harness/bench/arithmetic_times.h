// What a network and each of its convolutions take on this host, measured, in each arithmetic that
// the host has.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/bench/bench.h"
#include "harness/engine/precision.h"

namespace qyolo::harness {

struct ArithmeticTimes {
  engine::Precision precision = engine::Precision::kFp32;
  double milliseconds = 0;    // of one forward of batch 1, the median
  std::vector<double> convs;  // of each of graph.conv_nodes(), the medians of profiled forwards
};

struct MeasuredArithmetics {
  std::vector<ArithmeticTimes> times;
  // One more forward of that network, milliseconds: what another one is timed beside, where the
  // host may have become faster or slower since. May be empty.
  std::function<Result<double>(engine::Precision)> again;
};

// FP32, BF16 where the host has it, and INT8 (all convolutions but the head's on integers); rounds
// interleaved. Of `options` the model, the input and the convolutions' kernels count, and how many
// rounds.
Result<MeasuredArithmetics> time_arithmetics(
    const BenchOptions& options, int threads,
    const std::function<void(std::size_t done, std::size_t total)>& progress = {});

}  // namespace qyolo::harness
