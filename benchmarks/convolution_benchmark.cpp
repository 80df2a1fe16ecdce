// One convolution with its activation function, as the engine runs it, for layer shapes of YOLOv7
// at 640 x 640, in the floating-point precisions that the host has, on two threads. A 1x1
// convolution before it makes its input from 3 channels; the time is that of the second one alone.
//
// Each answer is checked at some positions against sums in double precision.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "harness/engine/engine.h"

namespace qyolo::engine {
namespace {

constexpr int kThreads = 2;

struct Shape {
  int channels, filters, size, kernel, stride;
};

std::vector<float> uniform(std::size_t count, float limit, std::mt19937& generator) {
  std::uniform_real_distribution<float> values(-limit, limit);
  std::vector<float> made(count);
  for (float& value : made) value = values(generator);
  return made;
}

model::Node conv_node(int input, int channels, int filters, int kernel, int stride,
                      std::mt19937& generator) {
  model::ConvNode conv;
  conv.filters = filters;
  conv.channels = channels;
  conv.kernel_h = conv.kernel_w = kernel;
  conv.stride_h = conv.stride_w = stride;
  conv.pad_h = conv.pad_w = kernel / 2;
  conv.activation = model::Activation::kSiLU;
  conv.name = "conv";
  const auto inputs =
      static_cast<std::size_t>(channels) * static_cast<std::size_t>(kernel * kernel);
  conv.weight = uniform(static_cast<std::size_t>(filters) * inputs,
                        2.0F / std::sqrt(static_cast<float>(inputs)), generator);
  conv.bias = uniform(static_cast<std::size_t>(filters), 0.5F, generator);
  return {conv, {input}, 0};
}

// From 3 channels to those of the shape, and the convolution that is measured.
model::Graph two_convolutions(const Shape& shape) {
  std::mt19937 generator(1);
  model::Graph graph;
  graph.max_stride = shape.stride;
  graph.nodes = {
      conv_node(-1, 3, shape.channels, 1, 1, generator),
      conv_node(0, shape.channels, shape.filters, shape.kernel, shape.stride, generator)};
  graph.head = {{1, static_cast<double>(shape.stride), {}}};
  return graph;
}

double swish(double x) { return x / (1 + std::exp(-x)); }

// One output of the second convolution.
double expected(const model::Graph& graph, const std::vector<std::uint8_t>& rgb, int size,
                int filter, int y, int x) {
  const model::ConvNode& first = graph.conv(0);
  const model::ConvNode& conv = graph.conv(1);
  const auto at = [](int i) { return static_cast<std::size_t>(i); };
  double sum = double{conv.bias[at(filter)]};
  for (int c = 0; c < conv.channels; ++c) {
    for (int ky = 0; ky < conv.kernel_h; ++ky) {
      for (int kx = 0; kx < conv.kernel_w; ++kx) {
        const int row = y * conv.stride_h + ky - conv.pad_h;
        const int column = x * conv.stride_w + kx - conv.pad_w;
        if (row < 0 || row >= size || column < 0 || column >= size) continue;
        double value = double{first.bias[at(c)]};
        for (int i = 0; i < 3; ++i)
          value += double{first.weight[at(3 * c + i)]} * rgb[at((i * size + row) * size + column)] /
                   255.0;
        const int weight = ((filter * conv.channels + c) * conv.kernel_h + ky) * conv.kernel_w + kx;
        sum += double{conv.weight[at(weight)]} * swish(value);
      }
    }
  }
  return swish(sum);
}

void convolution(benchmark::State& state, const Shape& shape, Precision precision) {
  const model::Graph graph = two_convolutions(shape);
  auto engine = make_engine(graph, precision, kThreads);
  if (!engine.ok()) {
    state.SkipWithError(engine.error().message.c_str());
    return;
  }
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(3 * shape.size * shape.size));
  for (std::size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<std::uint8_t>(i * 7919 % 251);
  const auto outputs =
      (*engine)->forward(std::span<const std::uint8_t>(rgb), 1, shape.size, shape.size);
  if (!outputs.ok()) {
    state.SkipWithError(outputs.error().message.c_str());
    return;
  }
  const model::HeadOutput& map = outputs->front();
  const double tolerance = precision == Precision::kFp32 ? 1e-4 : 0.05;
  for (int i = 0; i < 16; ++i) {
    const int filter = i * 37 % map.channels, y = i * 11 % map.height, x = i * 17 % map.width;
    const auto index = static_cast<std::size_t>((filter * map.height + y) * map.width + x);
    const double value = expected(graph, rgb, shape.size, filter, y, x);
    if (std::abs(double{map.values[index]} - value) > tolerance * (1 + std::abs(value))) {
      state.SkipWithError("the convolution is wrong");
      return;
    }
  }
  double gflop = 0;
  for (auto _ : state) {
    const auto steps = (*engine)->profile(rgb, 1, shape.size, shape.size);
    for (const StepTime& step : *steps) {
      if (step.node != 1 || step.kernel.empty()) continue;
      state.SetIterationTime(step.milliseconds * 1e-3);
      gflop = step.gflop;
      state.SetLabel(step.kernel);
    }
  }
  state.counters["GFLOP/s"] = benchmark::Counter(gflop * static_cast<double>(state.iterations()),
                                                 benchmark::Counter::kIsRate);
}

void add(const Shape& shape) {
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    const std::string name = fmt::format("{}/{}->{}/{}x{}/{}x{}s{}", precision_name(precision),
                                         shape.channels, shape.filters, shape.size, shape.size,
                                         shape.kernel, shape.kernel, shape.stride);
    benchmark::RegisterBenchmark(name.c_str(), convolution, shape, precision)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace
}  // namespace qyolo::engine

int main(int argc, char** argv) {
  using qyolo::engine::Shape;
  for (const Shape& shape : {Shape{32, 64, 640, 3, 2},
                             {64, 64, 160, 3, 1},
                             {256, 256, 160, 1, 1},
                             {128, 128, 80, 3, 1},
                             {512, 512, 80, 1, 1},
                             {256, 256, 40, 3, 1},
                             {1024, 1024, 40, 1, 1},
                             {512, 512, 20, 3, 1}})
    qyolo::engine::add(shape);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
