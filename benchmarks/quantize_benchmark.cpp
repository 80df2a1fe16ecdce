// Quantizing and decoding one 512 x 512 x 3 x 3 layer, beside copying it: bytes of FP32 weights per
// second.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "benchmarks/normal_weights.h"
#include "harness/quant/quantize.h"

namespace qyolo::quant {
namespace {

constexpr Shape kShape{512, 512, 3, 3};

const std::vector<float>& weights() {
  static const std::vector<float> values = [] {
    std::mt19937 generator(1);
    return normal_weights(kShape.size(), generator);
  }();
  return values;
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * kShape.size() * std::int64_t{sizeof(float)});
}

// Gaussian weights at 4 bits: an SQNR outside 12 to 30 dB is a wrong answer, not a slow one.
bool plausible(const QuantizedTensor& tensor) {
  std::vector<float> decoded(weights().size());
  dequantize(tensor, decoded);
  const double sqnr = weight_error(weights(), decoded).sqnr_db();
  return sqnr > 12 && sqnr < 30;
}

void quantize_layer(benchmark::State& state, const char* scheme, const char* granularity,
                    const char* breakpoint) {
  SchemeOptions options;
  options.breakpoint = parse_breakpoint(breakpoint).value();
  const Recipe recipe = make_recipe(scheme, 4, granularity, options).value();
  if (!plausible(quantize(weights(), kShape, recipe).value())) {
    state.SkipWithError("the reconstruction is wrong");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(quantize(weights(), kShape, recipe));
  count_bytes(state);
}

void decode_layer(benchmark::State& state, const char* scheme) {
  const Recipe recipe = make_recipe(scheme, 4, "filter").value();
  const QuantizedTensor tensor = quantize(weights(), kShape, recipe).value();
  if (!plausible(tensor)) {
    state.SkipWithError("the reconstruction is wrong");
    return;
  }
  std::vector<float> decoded(weights().size());
  for (auto _ : state) {
    dequantize(tensor, decoded);
    benchmark::ClobberMemory();
  }
  count_bytes(state);
}

void copy_layer(benchmark::State& state) {
  std::vector<float> copy(weights().size());
  for (auto _ : state) {
    std::memcpy(copy.data(), weights().data(), weights().size() * sizeof(float));
    benchmark::ClobberMemory();
  }
  if (!std::equal(copy.begin(), copy.end(), weights().begin())) state.SkipWithError("not a copy");
  count_bytes(state);
}

BENCHMARK(copy_layer)->UseRealTime();
BENCHMARK_CAPTURE(quantize_layer, affine_filter, "affine", "filter", "gaussian")->UseRealTime();
BENCHMARK_CAPTURE(quantize_layer, symmetric_filter, "symmetric", "filter", "gaussian")
    ->UseRealTime();
BENCHMARK_CAPTURE(quantize_layer, pwlq_filter, "pwlq", "filter", "gaussian")->UseRealTime();
BENCHMARK_CAPTURE(quantize_layer, pwlq_filter_search, "pwlq", "filter", "search")->UseRealTime();
BENCHMARK_CAPTURE(quantize_layer, affine_channel, "affine", "channel", "gaussian")->UseRealTime();
BENCHMARK_CAPTURE(decode_layer, affine_filter, "affine")->UseRealTime();
BENCHMARK_CAPTURE(decode_layer, pwlq_filter, "pwlq")->UseRealTime();

}  // namespace
}  // namespace qyolo::quant
