// Quantizing every convolution of a full-size YOLOv7 (37 million weights), on two threads, beside
// copying them: bytes of FP32 weights per second.
//
// QYOLO_CHECKPOINT=yolov7.pt uses a checkpoint's own weights; without it the layers are those of
// the embedded network at four times its width, which is the official one, with normal weights.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "benchmarks/normal_weights.h"
#include "harness/model/graph.h"
#include "harness/quant/quantize.h"

namespace qyolo::quant {
namespace {

constexpr int kThreads = 2;
constexpr int kWidth = 4;  // the embedded network's is 1 / kWidth

struct Layer {
  Shape shape;
  std::vector<float> weights;
};

const std::vector<Layer>& layers() {
  static const std::vector<Layer> all = [] {
    const char* given = std::getenv("QYOLO_CHECKPOINT");
    const model::Graph graph =
        model::load_checkpoint(given != nullptr ? given : QYOLO_EMBEDDED_CHECKPOINT).value();
    std::mt19937 generator(1);
    std::vector<Layer> made;
    for (const int index : graph.conv_nodes()) {
      const auto& conv = *graph.nodes[static_cast<std::size_t>(index)].conv();
      Shape shape{conv.filters, conv.channels / conv.groups, conv.kernel_h, conv.kernel_w};
      if (given != nullptr) {
        made.push_back({shape, conv.weight});
        continue;
      }
      if (!conv.head) shape.n *= kWidth;
      if (shape.c != 3) shape.c *= kWidth;
      made.push_back({shape, normal_weights(shape.size(), generator)});
    }
    return made;
  }();
  return all;
}

std::int64_t weight_count() {
  std::int64_t count = 0;
  for (const Layer& layer : layers()) count += layer.shape.size();
  return count;
}

void report(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * weight_count() * std::int64_t{sizeof(float)});
  state.counters["weights"] = static_cast<double>(weight_count());
}

// Of all layers; 4-bit codes of real weights are between 5 and 30 dB.
bool plausible(const Recipe& recipe) {
  WeightError error;
  for (const Layer& layer : layers()) {
    const QuantizedTensor tensor = quantize(layer.weights, layer.shape, recipe, kThreads).value();
    std::vector<float> decoded(layer.weights.size());
    dequantize(tensor, decoded, kThreads);
    error += weight_error(layer.weights, decoded);
  }
  return error.sqnr_db() > 5 && error.sqnr_db() < 30;
}

void quantize_network(benchmark::State& state, const char* scheme, const char* breakpoint) {
  SchemeOptions options;
  options.breakpoint = parse_breakpoint(breakpoint).value();
  const Recipe recipe = make_recipe(scheme, 4, "filter", options).value();
  if (!plausible(recipe)) {
    state.SkipWithError("the reconstruction is wrong");
    return;
  }
  for (auto _ : state) {
    for (const Layer& layer : layers())
      benchmark::DoNotOptimize(quantize(layer.weights, layer.shape, recipe, kThreads));
  }
  report(state);
}

void copy_network(benchmark::State& state) {
  std::vector<std::vector<float>> copies;
  for (const Layer& layer : layers()) copies.emplace_back(layer.weights.size());
  for (auto _ : state) {
    for (std::size_t i = 0; i < copies.size(); ++i)
      std::memcpy(copies[i].data(), layers()[i].weights.data(), copies[i].size() * sizeof(float));
    benchmark::ClobberMemory();
  }
  if (copies.back() != layers().back().weights) state.SkipWithError("not a copy");
  report(state);
}

BENCHMARK(copy_network)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(quantize_network, affine, "affine", "gaussian")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(quantize_network, symmetric, "symmetric", "gaussian")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(quantize_network, pwlq, "pwlq", "gaussian")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(quantize_network, pwlq_search, "pwlq", "search")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace qyolo::quant
