// Rounding one 128 x 128 x 3 x 3 layer at 4 bits by its inputs, each way beside rounding it to
// nearest: weights per second. The counter "error" is what the layer's outputs miss, squared, over
// that of rounding to nearest.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "harness/quant/calibrated.h"

namespace qyolo::quant {
namespace {

constexpr Shape kShape{128, 128, 3, 3};
constexpr std::size_t kSize = 128 * 9;
constexpr std::size_t kPositions = 4 * kSize;

const std::vector<float>& weights() {
  static const std::vector<float> values = [] {
    std::vector<float> made(static_cast<std::size_t>(kShape.size()));
    std::mt19937 generator(1);
    std::normal_distribution<float> normal(0.0F, 0.02F);
    for (float& value : made) value = normal(generator);
    return made;
  }();
  return values;
}

// Inputs as they come behind an activation: correlated, and mostly small and positive.
const InputMoments& inputs() {
  static const InputMoments moments = [] {
    InputMoments made{SymmetricMatrix(kSize), std::vector<double>(kSize), kPositions, {}};
    std::vector<float> rows(kPositions * kSize);
    made.samples = {kPositions,
                    std::vector<float>(rows.size()),
                    {},
                    std::vector<float>(kPositions, 1.0F),
                    std::vector<float>(kPositions)};
    std::mt19937 generator(2);
    std::normal_distribution<float> normal;
    for (std::size_t p = 0; p < kPositions; ++p) {
      float last = 0;
      for (std::size_t i = 0; i < kSize; ++i) {
        last = 0.7F * last + normal(generator);
        const float value = last > 0 ? last : 0.05F * last;
        rows[p * kSize + i] = value;
        made.samples.inputs[i * kPositions + p] = value;
        made.samples.energies[p] += value * value / static_cast<float>(kSize);
        made.mean[i] += static_cast<double>(value) / static_cast<double>(kPositions);
      }
    }
    made.samples.wanted = made.samples.inputs;
    made.second.add_outer_products(rows, 0);
    for (std::size_t i = 0; i < kSize; ++i) {
      for (std::size_t k = 0; k <= i; ++k)
        made.second.at(i, k) -= static_cast<double>(kPositions) * made.mean[i] * made.mean[k];
    }
    made.second.mirror();
    return made;
  }();
  return moments;
}

// What filters' sums miss about their mean, squared: e^T H e.
double missed(const QuantizedTensor& tensor) {
  std::vector<float> decoded(weights().size());
  dequantize(tensor, decoded);
  double sum = 0;
  for (std::size_t n = 0; n < decoded.size(); n += kSize) {
    for (std::size_t i = 0; i < kSize; ++i) {
      const double error = static_cast<double>(weights()[n + i] - decoded[n + i]);
      for (std::size_t k = 0; k < kSize; ++k) {
        sum += error * inputs().second.at(i, k) *
               static_cast<double>(weights()[n + k] - decoded[n + k]);
      }
    }
  }
  return sum;
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

using Kind = Range::Kind;
BENCHMARK_CAPTURE(round_layer, affine_nearest_hmse, "affine", Rounding::kNearest, Kind::kHmse)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(round_layer, affine_gptq_minmax, "affine", Rounding::kGptq, Kind::kMinMax)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(round_layer, affine_gptq_hmse, "affine", Rounding::kGptq, Kind::kHmse)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(round_layer, affine_coordinate_output, "affine", Rounding::kCoordinate,
                  Kind::kOutput)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(round_layer, pwlq_coordinate, "pwlq", Rounding::kCoordinate, Kind::kMinMax)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(round_layer, kmeans_coordinate_hmse, "kmeans", Rounding::kCoordinate, Kind::kHmse)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace qyolo::quant
