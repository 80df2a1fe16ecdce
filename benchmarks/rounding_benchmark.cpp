// Rounding one 128 x 128 x 3 x 3 layer at 4 bits by its inputs, each way beside rounding it to
// nearest: weights per second. The counter "error" is what the layer's outputs miss, squared, over
// that of rounding to nearest.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "benchmarks/normal_weights.h"
#include "harness/quant/calibrated.h"
#include "tests/harness/quant/synthetic_inputs.h"

namespace qyolo::quant {
namespace {

constexpr Shape kShape{128, 128, 3, 3};
constexpr std::size_t kSize = 128 * 9;
constexpr std::size_t kPositions = 4 * kSize;

const std::vector<float>& weights() {
  static const std::vector<float> values = [] {
    std::mt19937 generator(1);
    return normal_weights(kShape.size(), generator);
  }();
  return values;
}

const InputMoments& inputs() {
  static const InputMoments moments = testing::activated_inputs(kPositions, kSize);
  return moments;
}

// What the filters' sums miss, squared.
double missed(const QuantizedTensor& tensor) {
  std::vector<float> decoded(weights().size());
  dequantize(tensor, decoded);
  return testing::output_error(weights(), decoded, kShape, inputs());
}

void round_layer(benchmark::State& state, const char* scheme, Rounding rounding,
                 Range::Kind range) {
  SchemeOptions options;
  options.rounding = rounding;
  options.range.kind = range;
  const Recipe recipe = make_recipe(scheme, 4, "filter", options).value();
  const Recipe nearest = make_recipe(scheme, 4, "filter").value();
  const auto round = [&] {
    return quantize_calibrated(weights(), kShape, recipe, std::span(&inputs(), 1),
                               {{}, {Activation::Kind::kSiLU, 0}});
  };
  const double error =
      missed(round().value().tensor) / missed(quantize(weights(), kShape, nearest).value());
  if (rounding != Rounding::kNearest && !(error < 0.9)) {
    state.SkipWithError("the outputs are no nearer than those of rounding to nearest");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(round());
  state.SetItemsProcessed(state.iterations() * kShape.size());
  state.counters["error"] = error;
}

void settings(benchmark::internal::Benchmark* made) {
  made->Unit(benchmark::kMillisecond)->UseRealTime();
}

using Kind = Range::Kind;
BENCHMARK_CAPTURE(round_layer, affine_nearest_hmse, "affine", Rounding::kNearest, Kind::kHmse)
    ->Apply(settings);
BENCHMARK_CAPTURE(round_layer, affine_gptq_minmax, "affine", Rounding::kGptq, Kind::kMinMax)
    ->Apply(settings);
BENCHMARK_CAPTURE(round_layer, affine_gptq_hmse, "affine", Rounding::kGptq, Kind::kHmse)
    ->Apply(settings);
BENCHMARK_CAPTURE(round_layer, affine_coordinate_output, "affine", Rounding::kCoordinate,
                  Kind::kOutput)
    ->Apply(settings);
BENCHMARK_CAPTURE(round_layer, pwlq_coordinate, "pwlq", Rounding::kCoordinate, Kind::kMinMax)
    ->Apply(settings);
BENCHMARK_CAPTURE(round_layer, kmeans_coordinate_hmse, "kmeans", Rounding::kCoordinate, Kind::kHmse)
    ->Apply(settings);

}  // namespace
}  // namespace qyolo::quant
