#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/engine/torch_executor.h"
#include "harness/model/graph.h"
#include "harness/model/postprocess.h"
#include "tests/support/checkpoint_writer.h"
#include "tests/support/paths.h"
#include "tests/support/zoo.h"

namespace qyolo::model {
namespace {

using ::testing::HasSubstr;
using testing::pseudo_random;

// --- the official networks: outputs of the official code on the same input ---

class OfficialNetwork : public ::testing::TestWithParam<std::string> {};

TEST_P(OfficialNetwork, OutputsAreReproduced) {
  QYOLO_NEEDS_SHARED("data/zoo");
  const testing::ZooNetwork network = testing::read_zoo(GetParam());
  auto executor = make_torch_executor(network.graph, 1);
  ASSERT_TRUE(executor.ok()) << executor.error().message;
  const auto outputs = testing::forward(**executor, network.input);
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_LT(testing::zoo_difference(network, *outputs), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Zoo, OfficialNetwork, ::testing::ValuesIn(testing::zoo_networks()),
                         testing::zoo_test_name);

// --- single operations ---

// One convolution as a whole network, with a head level on it.
Graph single_conv(const ConvNode& conv) {
  Graph graph;
  graph.nodes = {{conv, {-1}}};
  graph.head = {{0, 1, {{1, 1}}}};
  graph.max_stride = 1;
  return graph;
}

Result<std::vector<HeadOutput>> run(const Graph& graph, const std::vector<float>& input, int height,
                                    int width) {
  QYOLO_TRY(auto executor, make_torch_executor(graph, 1));
  return executor->forward(std::span<const float>(input), 1, height, width);
}

float apply(Activation activation, float slope, double value) {
  switch (activation) {
    case Activation::kIdentity:
      break;
    case Activation::kSiLU:
      return static_cast<float>(value / (1 + std::exp(-value)));
    case Activation::kLeakyReLU:
      return static_cast<float>(value > 0 ? value : slope * value);
    case Activation::kReLU:
      return static_cast<float>(std::max(value, 0.0));
  }
  return static_cast<float>(value);
}

TEST(TorchExecutor, ConvolutionsMatchTheDirectSum) {
  constexpr int kHeight = 6, kWidth = 7;
  for (const Activation activation :
       {Activation::kIdentity, Activation::kSiLU, Activation::kLeakyReLU, Activation::kReLU}) {
    ConvNode conv;
    conv.filters = 6, conv.channels = 3, conv.groups = 3;
    conv.kernel_h = 3, conv.kernel_w = 5;
    conv.pad_h = 2, conv.pad_w = 2;
    conv.dilation_h = 2;
    conv.weight = pseudo_random(6 * 15, 1);
    conv.bias = pseudo_random(6, 2);
    conv.activation = activation;
    conv.slope = 0.1F;
    const auto input = pseudo_random(3 * kHeight * kWidth, 3);
    const auto outputs = run(single_conv(conv), input, kHeight, kWidth);
    ASSERT_TRUE(outputs.ok()) << outputs.error().message;
    const HeadOutput& output = outputs->front();
    ASSERT_EQ(output.values.size(), 6U * kHeight * kWidth);
    std::size_t at = 0;
    for (int filter = 0; filter < 6; ++filter) {
      for (int row = 0; row < kHeight; ++row) {
        for (int column = 0; column < kWidth; ++column) {
          double sum = conv.bias[static_cast<std::size_t>(filter)];
          for (int i = 0; i < 3; ++i) {
            for (int j = 0; j < 5; ++j) {
              const int y = row + 2 * i - 2, x = column + j - 2;
              if (y < 0 || y >= kHeight || x < 0 || x >= kWidth) continue;
              sum += double{conv.weight[static_cast<std::size_t>(filter * 15 + i * 5 + j)]} *
                     input[static_cast<std::size_t>((filter / 2 * kHeight + y) * kWidth + x)];
            }
          }
          EXPECT_NEAR(output.values[at++], apply(activation, conv.slope, sum), 1e-5);
        }
      }
    }
  }
}

ConvNode identity_conv(int channels) {
  ConvNode conv;
  conv.filters = conv.channels = channels;
  conv.weight.resize(static_cast<std::size_t>(channels * channels));
  for (int i = 0; i < channels; ++i) conv.weight[static_cast<std::size_t>(i * channels + i)] = 1;
  conv.bias.resize(static_cast<std::size_t>(channels));
  return conv;
}

TEST(TorchExecutor, ReorgTakesRowsBeforeColumns) {
  Graph graph;
  graph.nodes = {{ReorgNode{}, {-1}}, {identity_conv(12), {0}}};
  graph.head = {{1, 2, {{1, 1}}}};
  graph.max_stride = 2;
  std::vector<float> input(12);  // 3 channels of [[0, 1], [2, 3]], plus 10 per channel
  for (std::size_t i = 0; i < 12; ++i) input[i] = static_cast<float>(i / 4 * 10 + i % 4);
  const auto outputs = run(graph, input, 2, 2);
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_THAT(outputs->front().values,
              ::testing::ElementsAre(0, 10, 20, 2, 12, 22, 1, 11, 21, 3, 13, 23));
}

TEST(TorchExecutor, BytesAreDividedBy255) {
  auto executor = make_torch_executor(single_conv(identity_conv(3)), 1);
  ASSERT_TRUE(executor.ok());
  const std::vector<std::uint8_t> bytes = {0, 51, 255};
  const auto outputs = (*executor)->forward(std::span<const std::uint8_t>(bytes), 1, 1, 1);
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_THAT(outputs->front().values, ::testing::ElementsAre(0, 51.0F / 255, 1));
}

TEST(TorchExecutor, WeightsCanBeReplacedAndPutBack) {
  const ConvNode conv = identity_conv(3);
  auto executor = make_torch_executor(single_conv(conv), 1);
  ASSERT_TRUE(executor.ok());
  const std::vector<float> input = {1, 2, 3};
  const auto output = [&] {
    return (*executor)->forward(std::span<const float>(input), 1, 1, 1)->front().values;
  };
  (*executor)->set_weights(0, std::vector<float>{0, 1, 0, 0, 0, 1, 1, 0, 0});
  EXPECT_THAT(output(), ::testing::ElementsAre(2, 3, 1));
  (*executor)->set_weights(0, conv.weight);
  EXPECT_THAT(output(), ::testing::ElementsAre(1, 2, 3));
}

TEST(TorchExecutor, ImagesOfABatchDoNotMix) {
  auto executor = make_torch_executor(single_conv(identity_conv(3)), 1);
  ASSERT_TRUE(executor.ok());
  const std::vector<float> input = {1, 2, 3, 4, 5, 6};
  const auto outputs = (*executor)->forward(std::span<const float>(input), 2, 1, 1);
  ASSERT_TRUE(outputs.ok());
  EXPECT_EQ(outputs->front().batch, 2);
  EXPECT_EQ(outputs->front().values, input);
}

TEST(TorchExecutor, InputsThatDoNotFitAreRefused) {
  auto executor = make_torch_executor(single_conv(identity_conv(3)), 1);
  ASSERT_TRUE(executor.ok());
  const std::vector<float> input(12);
  const auto message = [&](int batch, int height, int width) {
    const auto outputs = (*executor)->forward(std::span<const float>(input), batch, height, width);
    return outputs.ok() ? "accepted" : outputs.error().message;
  };
  EXPECT_EQ(message(1, 2, 2), "accepted");
  EXPECT_EQ(message(2, 2, 2), "the network's input has 12 values; 2 images of 3 x 2 x 2 have 24");
  EXPECT_NE(message(0, 2, 2), "accepted");
  EXPECT_NE(message(-1, 2, 2), "accepted");
  EXPECT_THAT(message(1, 0, 2), HasSubstr("multiples of the stride"));
  EXPECT_EQ(make_torch_executor(single_conv(identity_conv(3)), -1).error().message,
            "the number of threads is -1; expected 0 or more");
}

TEST(TorchExecutor, SixteenBitsAreNearAndSaySo) {
  ConvNode conv;
  conv.filters = 6, conv.channels = 3;
  conv.kernel_h = conv.kernel_w = 3;
  conv.pad_h = conv.pad_w = 1;
  conv.weight = pseudo_random(6 * 27, 1);
  conv.bias = pseudo_random(6, 2);
  const Graph graph = single_conv(conv);
  const auto input = pseudo_random(3 * 5 * 7, 3);
  const std::vector<float> exact = run(graph, input, 5, 7)->front().values;
  struct Case {
    TorchPrecision precision;
    const char *name, *words;
    double unit;
  };
  for (const Case& one : {Case{TorchPrecision::kBf16, "bf16", ", BF16, 1 thread", 1.0 / 256},
                          Case{TorchPrecision::kFp16, "fp16", ", FP16, 1 thread", 1.0 / 2048}}) {
    auto executor = make_torch_executor(graph, 1, {"cpu", one.precision});
    ASSERT_TRUE(executor.ok()) << executor.error().message;
    EXPECT_EQ((*executor)->precision(), one.name);
    EXPECT_EQ((*executor)->identity(), std::string("torch-cpu-") + one.name);
    EXPECT_THAT((*executor)->description(), HasSubstr(one.words));
    const auto outputs = (*executor)->forward(std::span<const float>(input), 1, 5, 7);
    ASSERT_TRUE(outputs.ok()) << outputs.error().message;
    double furthest = 0;
    for (std::size_t i = 0; i < exact.size(); ++i)
      furthest = std::max(furthest, std::abs(double{outputs->front().values[i]} - exact[i]));
    // Each of 28 terms is off by at most a unit or two of its size, which is below 1.
    EXPECT_LT(furthest, 28 * 2 * one.unit);
    EXPECT_GT(furthest, 0);
    const std::vector<ActivationQuantizer> quantizers = {{kNetworkInput, {0.1F, 3, 8}}};
    EXPECT_THAT((*executor)->set_activation_quantizers(quantizers).error().message,
                HasSubstr("in fp32 only"));
  }
}

// Where there is a GPU its FP32 is the CPU's within rounding, elsewhere one sentence says what is
// missing.
TEST(TorchExecutor, RunsOnAGpuOrSaysWhatIsMissing) {
  QYOLO_NEEDS_SHARED("data/zoo");
  const testing::ZooNetwork network = testing::read_zoo(testing::zoo_networks().front());
  auto executor = make_torch_executor(network.graph, 1, {"cuda:0"});
  if (!executor.ok()) {
    EXPECT_THAT(executor.error().message,
                ::testing::AnyOf(HasSubstr("run scripts/setup --cuda"), HasSubstr("finds no GPU"),
                                 HasSubstr("GPU half cannot be loaded")));
    return;
  }
  EXPECT_EQ((*executor)->identity(), "torch-cuda-fp32");
  const auto outputs = testing::forward(**executor, network.input);
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_LT(testing::zoo_difference(network, *outputs), 1e-3);
}

TEST(TorchExecutor, DevicesHaveNames) {
  for (const char* name : {"cpu", "cuda", "cuda:0", "cuda:15"})
    EXPECT_TRUE(check_torch_device(name).ok()) << name;
  for (const char* name : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:100", "CPU"})
    EXPECT_FALSE(check_torch_device(name).ok()) << name;
}

// --- quantized activations ---

// 0 conv a (3 -> 4, ReLU), 1 max-pool of a, 2 conv b (4 -> 4) of a, 3 concat(pool, b), 4 add(a, a),
// 5 concat(3, 4), 6 head (12 -> 2), all on 2 x 2 maps that only 1 x 1 windows look at.
Graph branching() {
  const auto conv = [](int channels, int filters, unsigned seed) {
    ConvNode node;
    node.channels = channels, node.filters = filters;
    node.weight = pseudo_random(static_cast<std::size_t>(channels * filters), seed);
    node.bias = pseudo_random(static_cast<std::size_t>(filters), seed + 1);
    return node;
  };
  Graph graph;
  graph.nodes = {{conv(3, 4, 1), {-1}},  {MaxPoolNode{1, 1, 0}, {0}}, {conv(4, 4, 3), {0}},
                 {ConcatNode{}, {1, 2}}, {AddNode{}, {0, 0}},         {ConcatNode{}, {3, 4}},
                 {conv(12, 2, 5), {5}}};
  std::get<ConvNode>(graph.nodes[0].op).activation = Activation::kReLU;
  graph.head = {{6, 1, {{1, 1}}}};
  graph.max_stride = 1;
  return graph;
}

constexpr std::size_t kPixels = 4;

std::vector<float> direct_conv(const ConvNode& conv, const std::vector<float>& input) {
  std::vector<float> output;
  for (int filter = 0; filter < conv.filters; ++filter) {
    for (std::size_t pixel = 0; pixel < kPixels; ++pixel) {
      double sum = conv.bias[static_cast<std::size_t>(filter)];
      for (int c = 0; c < conv.channels; ++c) {
        sum += double{conv.weight[static_cast<std::size_t>(filter * conv.channels + c)]} *
               input[static_cast<std::size_t>(c) * kPixels + pixel];
      }
      output.push_back(apply(conv.activation, conv.slope, sum));
    }
  }
  return output;
}

// The network above, step by step; `quantize` is called on every tensor with its node.
std::vector<float> direct_branching(const Graph& graph, std::vector<float> input,
                                    const std::function<void(int, std::vector<float>&)>& quantize) {
  const auto join = [](std::vector<float> a, const std::vector<float>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  const auto done = [&](int node, std::vector<float> values) {
    quantize(node, values);
    return values;
  };
  input = done(kNetworkInput, input);
  const auto a = done(0, direct_conv(*graph.nodes[0].conv(), input));
  const auto b = done(2, direct_conv(*graph.nodes[2].conv(), a));
  const auto first = done(3, join(a, b));
  auto sum = a;
  for (float& value : sum) value *= 2;
  const auto second = done(5, join(first, done(4, sum)));
  return direct_conv(*graph.nodes[6].conv(), second);
}

TEST(QuantizedActivations, MatchTheDirectComputation) {
  const Graph graph = branching();
  const auto input = pseudo_random(3 * kPixels, 9);
  auto executor = make_torch_executor(graph, 1);
  ASSERT_TRUE(executor.ok());
  const std::vector<ActivationQuantizer> all = {{kNetworkInput, {0.0511F, 7, 4}},
                                                {0, {0.0313F, 0, 6}},
                                                {2, {0.0711F, 11, 5}},
                                                {3, {0.0911F, 6, 4}},
                                                {4, {0.0613F, 0, 5}},
                                                {5, {0.0517F, 20, 6}}};
  // One by one, and all together; in several orders of setting.
  std::vector<std::vector<ActivationQuantizer>> sets = {{}, all, {all.rbegin(), all.rend()}};
  for (const ActivationQuantizer& one : all) sets.push_back({one});
  sets.push_back({});
  for (const auto& set : sets) {
    ASSERT_TRUE((*executor)->set_activation_quantizers(set).ok());
    const auto outputs = (*executor)->forward(std::span<const float>(input), 1, 2, 2);
    ASSERT_TRUE(outputs.ok()) << outputs.error().message;
    const auto expected = direct_branching(graph, input, [&](int node, std::vector<float>& values) {
      for (const ActivationQuantizer& quantizer : set) {
        if (quantizer.node != node) continue;
        const FakeQuantization& map = quantizer.map;
        for (float& value : values) {
          const float code = std::nearbyint(value / map.scale) + static_cast<float>(map.zero_point);
          value = map.scale * (std::clamp(code, 0.0F, static_cast<float>((1 << map.bits) - 1)) -
                               static_cast<float>(map.zero_point));
        }
      }
    });
    EXPECT_THAT(outputs->front().values,
                ::testing::Pointwise(::testing::FloatNear(1e-5F), expected));
  }
}

TEST(QuantizedActivations, NoneIsBitForBitTheNetworkWithout) {
  const auto graph = load_checkpoint(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
  ASSERT_TRUE(graph.ok());
  auto executor = make_torch_executor(*graph, 1);
  ASSERT_TRUE(executor.ok());
  std::vector<std::uint8_t> rgb(std::size_t{2} * 3 * 64 * 96);
  for (std::size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<std::uint8_t>(i * 37 % 251);
  const auto values = [&] {
    std::vector<std::vector<float>> all;
    const auto outputs = (*executor)->forward(std::span<const std::uint8_t>(rgb), 2, 64, 96);
    EXPECT_TRUE(outputs.ok());
    for (const HeadOutput& output : *outputs) all.push_back(output.values);
    return all;
  };
  const auto before = values();
  ASSERT_TRUE((*executor)
                  ->set_activation_quantizers(
                      std::vector<ActivationQuantizer>{{0, {0.01F, 10, 8}}, {3, {0.1F, 3, 4}}})
                  .ok());
  EXPECT_NE(values(), before);
  ASSERT_TRUE((*executor)->set_activation_quantizers({}).ok());
  EXPECT_EQ(values(), before);
}

TEST(ObservedActivations, AreTheUnquantizedTensorsOfTheWholeBatch) {
  const Graph graph = branching();
  auto executor = make_torch_executor(graph, 1);
  ASSERT_TRUE(executor.ok());
  ASSERT_TRUE((*executor)
                  ->set_activation_quantizers(std::vector<ActivationQuantizer>{{0, {1, 0, 4}}})
                  .ok());
  std::vector<std::uint8_t> rgb(2 * 3 * kPixels);
  for (std::size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<std::uint8_t>(i * 9);
  std::map<int, std::vector<float>> expected;
  for (std::size_t image = 0; image < 2; ++image) {
    std::vector<float> input;
    for (std::size_t i = 0; i < 3 * kPixels; ++i)
      input.push_back(static_cast<float>(rgb[image * 3 * kPixels + i]) / 255);
    direct_branching(graph, input, [&](int node, std::vector<float>& values) {
      auto& all = expected[node];
      all.insert(all.end(), values.begin(), values.end());
    });
  }
  const std::vector<int> nodes = {kNetworkInput, 0, 2, 4, 5};
  std::vector<int> seen;
  const auto status =
      (*executor)->observe(rgb, 2, 2, 2, nodes, [&](int node, std::span<const float> observed) {
        seen.push_back(node);
        std::vector<float> values(observed.begin(), observed.end());
        std::ranges::sort(values);
        std::ranges::sort(expected[node]);
        EXPECT_THAT(values, ::testing::Pointwise(::testing::FloatNear(1e-5F), expected[node]))
            << "node " << node;
      });
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(seen, nodes);
}

TEST(ResumedForward, IsAForwardWithTheWeightsThatWereSetSince) {
  const auto graph = load_checkpoint(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
  ASSERT_TRUE(graph.ok());
  auto resuming = make_torch_executor(*graph, 1);
  auto plain = make_torch_executor(*graph, 1);
  ASSERT_TRUE(resuming.ok() && plain.ok());
  std::vector<std::uint8_t> rgb(std::size_t{2} * 3 * 64 * 96);
  for (std::size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<std::uint8_t>(i * 37 % 251);
  const auto values = [](const Result<std::vector<HeadOutput>>& outputs) {
    std::vector<std::vector<float>> all;
    EXPECT_TRUE(outputs.ok());
    for (const HeadOutput& output : *outputs) all.push_back(output.values);
    return all;
  };
  const std::vector<ActivationQuantizer> quantizers = {{3, {0.1F, 3, 6}}};
  for (auto* executor : {&*resuming, &*plain})
    ASSERT_TRUE((*executor)->set_activation_quantizers(quantizers).ok());
  EXPECT_FALSE((*resuming)->resume(0).ok());
  ASSERT_TRUE((*resuming)->set_retain(true).ok());
  EXPECT_FALSE((*resuming)->resume(0).ok());
  const auto original = values((*resuming)->forward(std::span<const std::uint8_t>(rgb), 2, 64, 96));
  const std::vector<int> convs = graph->conv_nodes();
  // From the end to the start, then from one to the next: what was resumed is resumed from.
  for (const std::size_t i :
       {convs.size() - 1, convs.size() / 2, std::size_t{3}, std::size_t{20}}) {
    std::vector<float> weights = graph->conv(convs[i]).weight;
    for (float& weight : weights) weight *= 0.5F;
    const std::vector<float> bias(graph->conv(convs[i]).bias.size(), 0.25F);
    for (auto* executor : {&*resuming, &*plain}) {
      (*executor)->set_weights(convs[i], weights);
      (*executor)->set_bias(convs[i], bias);
    }
    const auto resumed = values((*resuming)->resume(convs[i]));
    EXPECT_EQ(resumed, values((*plain)->forward(std::span<const std::uint8_t>(rgb), 2, 64, 96)))
        << "convolution " << i;
    EXPECT_NE(resumed, original);
  }
  ASSERT_TRUE((*resuming)->set_retain(false).ok());
  EXPECT_FALSE((*resuming)->resume(0).ok());
}

TEST(TorchExecutor, SaysWhatItIs) {
  const auto executor = make_torch_executor(single_conv(identity_conv(3)), 1);
  ASSERT_TRUE(executor.ok());
  EXPECT_THAT((*executor)->description(),
              ::testing::MatchesRegex("LibTorch [0-9.]+.* \\(oneDNN .*\\), FP32, 1 thread"));
}

}  // namespace
}  // namespace qyolo::model
