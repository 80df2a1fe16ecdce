#include "harness/engine/engine.h"
#include "harness/engine/torch_executor.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "harness/engine/winograd.h"
#include "harness/model/activation_points.h"
#include "harness/model/graph.h"
#include "harness/quant/activation.h"
#include "tests/support/checkpoint_writer.h"
#include "tests/support/npy.h"
#include "tests/support/paths.h"

namespace qyolo::engine {
namespace {

using model::ActivationQuantizer;
using model::Executor;
using model::Graph;
using model::HeadOutput;
using ::testing::HasSubstr;
using Outputs = std::vector<HeadOutput>;

// Largest difference over the range of the expected values, of the level where that is largest.
double relative_difference(const Outputs& outputs, const Outputs& expected) {
  double worst = outputs.size() == expected.size() ? 0 : INFINITY;
  for (std::size_t level = 0; level < std::min(outputs.size(), expected.size()); ++level) {
    const std::vector<float>& a = outputs[level].values;
    const std::vector<float>& b = expected[level].values;
    if (a.size() != b.size() || a.empty()) return INFINITY;
    double difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double one = std::abs(double{a[i]} - double{b[i]});
      difference = std::isfinite(one) ? std::max(difference, one) : INFINITY;
    }
    const auto [low, high] = std::ranges::minmax_element(b);
    worst = std::max(worst, difference / (double{*high} - double{*low}));
  }
  return worst;
}

Outputs forward(Executor& executor, const testing::Npy& input) {
  auto outputs =
      executor.forward(std::span<const float>(input.values), static_cast<int>(input.shape[0]),
                       static_cast<int>(input.shape[2]), static_cast<int>(input.shape[3]));
  EXPECT_TRUE(outputs.ok()) << outputs.error().message;
  return outputs.ok() ? *outputs : Outputs();
}

class Zoo : public ::testing::TestWithParam<std::string> {
 protected:
  static Graph graph() { return model::load_checkpoint(folder() / (GetParam() + ".pt")).value(); }
  static testing::Npy input(const Graph& graph) {
    return testing::read_npy(folder() /
                             (graph.max_stride == 64 ? "input-256x128.npy" : "input-256x192.npy"));
  }
  // The random weights of these amplify the last bits of FP32 most: 2.2e-4 was measured of the
  // first, and of the second 1.3e-4 with oneDNN 3.7.
  static double tolerance() {
    return GetParam() == "deploy-yolov7x" || GetParam() == "deploy-yolov7-d6" ? 3e-4 : 1e-4;
  }

 private:
  static std::filesystem::path folder() { return testing::shared_dir() / "data/zoo"; }
};

TEST_P(Zoo, FP32IsTheReferenceWithinTenThousandthsOfTheRange) {
  QYOLO_NEEDS_SHARED("data/zoo");
  const Graph network = graph();
  const auto image = input(network);
  const auto reference = model::make_torch_executor(network, 1).value();
  const auto engine = make_engine(network, Precision::kFp32, 2).value();
  const Outputs expected = forward(*reference, image);
  const Outputs outputs = forward(*engine, image);
  // Random weights amplify the last bits of FP32; how much is measured by kernels that add up in
  // another order.
  const auto own = make_engine(network, Precision::kFp32, 2, KernelChoice::kOwn).value();
  const double apart = relative_difference(forward(*own, image), expected);
  EXPECT_LT(relative_difference(outputs, expected), std::clamp(3 * apart, 1e-4, 5e-4));
  EXPECT_EQ(relative_difference(forward(*engine, image), outputs), 0) << "through the same buffers";
}

TEST_P(Zoo, OurOwnKernelsComputeWhatOnednnComputes) {
  QYOLO_NEEDS_SHARED("data/zoo");
  const Graph network = graph();
  const auto image = input(network);
  const auto best = make_engine(network, Precision::kFp32, 2).value();
  const auto own = make_engine(network, Precision::kFp32, 2, KernelChoice::kOwn).value();
  EXPECT_LT(relative_difference(forward(*own, image), forward(*best, image)), tolerance());
}

INSTANTIATE_TEST_SUITE_P(Networks, Zoo,
                         ::testing::Values("deploy-yolov7", "deploy-yolov7x", "deploy-yolov7-tiny",
                                           "deploy-yolov7-tiny-silu", "deploy-yolov7-w6",
                                           "deploy-yolov7-e6", "deploy-yolov7-d6",
                                           "deploy-yolov7-e6e", "training-yolov7",
                                           "training-yolov7-tiny", "training-yolov7-w6"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

// --- the embedded network ---

model::WeightDecoder decoder_of(const model::ConvNode& conv) {
  return [&conv](std::int64_t first, std::span<float> weights) {
    const auto size = static_cast<std::int64_t>(conv.weight.size()) / conv.filters;
    std::copy_n(conv.weight.begin() + first * size, weights.size(), weights.begin());
  };
}

class Engines : public ::testing::Test {
 protected:
  static constexpr int kBatch = 2, kHeight = 192, kWidth = 256;

  Engines()
      : graph_(model::load_checkpoint(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt")
                   .value()) {
    for (std::size_t i = 0; i < std::size_t{kBatch} * 3 * kHeight * kWidth; ++i) {
      const auto wave =
          std::sin(static_cast<double>(i) * 0.013) + std::cos(static_cast<double>(i) * 0.0017);
      rgb_.push_back(static_cast<std::uint8_t>(127 + 60 * wave));
    }
  }

  Outputs run(Executor& executor) const {
    auto outputs = executor.forward(std::span<const std::uint8_t>(rgb_), kBatch, kHeight, kWidth);
    EXPECT_TRUE(outputs.ok()) << outputs.error().message;
    return outputs.ok() ? *outputs : Outputs();
  }
  std::unique_ptr<Engine> fp32() const { return make_engine(graph_, Precision::kFp32, 2).value(); }
  std::unique_ptr<Executor> reference() const {
    return model::make_torch_executor(graph_, 2).value();
  }

  // The range of every observed map.
  std::map<int, std::pair<float, float>> ranges(Executor& executor) const {
    std::map<int, std::pair<float, float>> found;
    const Status status =
        executor.observe(rgb_, kBatch, kHeight, kWidth, model::observable_nodes(graph_),
                         [&](int node, std::span<const float> values) {
                           const auto [low, high] = std::ranges::minmax_element(values);
                           found[node] = {*low, *high};
                         });
    EXPECT_TRUE(status.ok()) << status.error().message;
    return found;
  }

  // 8-bit codes of every tensor over the values that it took.
  std::vector<ActivationQuantizer> quantizers(
      bool shared, const std::function<bool(const model::ConvNode&)>& keep) const {
    const auto engine = fp32();
    const auto found = ranges(*engine);
    std::vector<ActivationQuantizer> all;
    for (const auto& group : model::find_activation_points(graph_, shared, keep).groups) {
      quant::Interval range{0, 0};
      for (const int node : group.nodes) {
        if (!found.contains(node)) continue;
        range.low = std::min<double>(range.low, found.at(node).first);
        range.high = std::max<double>(range.high, found.at(node).second);
      }
      const auto parameters = quant::activation_parameters(range, 8);
      for (const int node : group.nodes)
        all.push_back({node, {parameters.scale, parameters.zero_point, 8}});
    }
    return all;
  }

  // Symmetric 8-bit codes, filter by filter; the reference gets what they stand for.
  void set_integers(Engine& engine, Executor& simulation,
                    const std::function<bool(const model::ConvNode&)>& keep) const {
    for (const int node : graph_.conv_nodes()) {
      const model::ConvNode& conv = graph_.conv(node);
      if (keep(conv)) continue;
      const std::size_t size = conv.weight.size() / static_cast<std::size_t>(conv.filters);
      std::vector<std::int8_t> codes;
      std::vector<float> scales, weights;
      for (std::size_t k = 0; k < static_cast<std::size_t>(conv.filters); ++k) {
        const std::span filter(conv.weight.data() + k * size, size);
        float largest = 0;
        for (const float weight : filter) largest = std::max(largest, std::abs(weight));
        scales.push_back(largest > 0 ? largest / 127 : 1);
        for (const float weight : filter) {
          codes.push_back(static_cast<std::int8_t>(std::lround(weight / scales.back())));
          weights.push_back(static_cast<float>(codes.back()) * scales.back());
        }
      }
      const Status status = engine.set_integer_weights(node, codes, scales);
      ASSERT_TRUE(status.ok()) << status.error().message;
      simulation.set_weights(node, weights);
    }
  }

  // Mean absolute difference over the standard deviation of the expected values.
  static double mean_difference(const Outputs& outputs, const Outputs& expected) {
    double difference = 0, sum = 0, squares = 0, count = 0;
    for (std::size_t level = 0; level < expected.size(); ++level) {
      for (std::size_t i = 0; i < expected[level].values.size(); ++i) {
        const double value = expected[level].values[i];
        difference += std::abs(value - double{outputs.at(level).values.at(i)});
        sum += value, squares += value * value, ++count;
      }
    }
    const double mean = sum / count;
    return difference / count / std::sqrt(squares / count - mean * mean);
  }

  // Likewise of one square image.
  double effect_on(const Outputs& quantized, std::span<const std::uint8_t> image, int size) const {
    return mean_difference(fp32()->forward(image, 1, size, size).value(), quantized);
  }
  // How far quantizing takes the outputs from those of the network as it is.
  double effect_on(const Outputs& quantized) const {
    const double effect = mean_difference(run(*fp32()), quantized);
    EXPECT_GT(effect, 1e-5);
    return effect;
  }

  Graph graph_;
  std::vector<std::uint8_t> rgb_;
};

bool keep_head(const model::ConvNode& conv) { return conv.head; }
bool keep_none(const model::ConvNode&) { return false; }

TEST_F(Engines, FP32IsTheReferenceOnPixels) {
  EXPECT_LT(relative_difference(run(*fp32()), run(*reference())), 1e-4);
}

TEST_F(Engines, BF16IsNearTheReference) {
  auto engine = make_engine(graph_, Precision::kBf16, 2);
  if (!engine.ok()) GTEST_SKIP() << engine.error().message;
  const double difference = mean_difference(run(**engine), run(*reference()));
  EXPECT_LT(difference, 0.02);
  EXPECT_GT(difference, 1e-5) << "bfloat16 is not FP32";
}

TEST_F(Engines, ObservesWhatTheReferenceObserves) {
  const auto engine = fp32();
  const auto executor = reference();
  const auto found = ranges(*engine), expected = ranges(*executor);
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [node, range] : expected) {
    const double tolerance = 1e-4 * (range.second - range.first);
    EXPECT_NEAR(found.at(node).first, range.first, tolerance) << node;
    EXPECT_NEAR(found.at(node).second, range.second, tolerance) << node;
  }
  EXPECT_LT(relative_difference(run(*engine), run(*executor)), 1e-4) << "after observing";
}

TEST_F(Engines, SimulatedActivationsAreThoseOfTheReference) {
  for (const bool shared : {true, false}) {
    const auto engine = fp32();
    const auto executor = reference();
    const auto all = quantizers(shared, keep_head);
    ASSERT_TRUE(engine->set_activation_quantizers(all).ok());
    ASSERT_TRUE(executor->set_activation_quantizers(all).ok());
    const Outputs expected = run(*executor);
    // A value in the middle between two codes may fall to either side.
    // Values in the middle between two codes fall to either side, and some hundred layers amplify
    // it.
    EXPECT_LT(mean_difference(run(*engine), expected), 0.6 * effect_on(expected)) << shared;
  }
}

TEST_F(Engines, IntegersInAFewLayersComputeWhatTheSimulationComputes) {
  for (const auto& [first, last] :
       {std::pair{0, 0}, {0, 3}, {11, 16}, {50, 51}, {60, 66}, {105, 105}}) {
    const auto keep = [&](const model::ConvNode& conv) {
      return conv.layer_index < first || conv.layer_index > last;
    };
    const auto all = quantizers(true, keep);
    // Sums are exact, or Winograd's of 16 bits, which more values in the middle between two codes
    // fall from.
    for (const auto& [kernels, tolerance] :
         {std::pair{KernelChoice::kDirect, 0.15}, {KernelChoice::kBest, 0.25}}) {
      const auto engine = make_engine(graph_, Precision::kInt8, 2, kernels).value();
      const auto simulation = reference();
      set_integers(*engine, *simulation, keep);
      ASSERT_TRUE(engine->set_activation_quantizers(all).ok());
      ASSERT_TRUE(simulation->set_activation_quantizers(all).ok());
      const Outputs expected = run(*simulation);
      EXPECT_LT(mean_difference(run(*engine), expected), tolerance * effect_on(expected))
          << "layers " << first << " to " << last;
    }
  }
}

TEST_F(Engines, IntegersComputeWhatTheSimulationComputes) {
  for (const auto& [keep, shared] :
       {std::pair{&keep_head, true}, {&keep_none, true}, {&keep_head, false}}) {
    const auto engine = make_engine(graph_, Precision::kInt8, 2).value();
    const auto simulation = reference();
    set_integers(*engine, *simulation, keep);
    const auto all = quantizers(shared, keep);
    ASSERT_TRUE(engine->set_activation_quantizers(all).ok());
    ASSERT_TRUE(simulation->set_activation_quantizers(all).ok());
    const Outputs expected = run(*simulation);
    EXPECT_LT(mean_difference(run(*engine), expected), 0.6 * effect_on(expected)) << shared;
  }
}

// Whatever sums this host's oneDNN can make of the largest codes. A value in the middle between two
// codes may fall to either side, which all layers together amplify.
TEST_F(Engines, IntegersAreThoseOfOurOwnExactKernels) {
  for (const auto& [first, last, tolerance] :
       {std::tuple{0, 3, 0.1}, {11, 16, 0.1}, {60, 66, 0.1}, {0, 105, 0.6}}) {
    const auto keep = [&](const model::ConvNode& conv) {
      return conv.head || conv.layer_index < first || conv.layer_index > last;
    };
    const auto direct = make_engine(graph_, Precision::kInt8, 2, KernelChoice::kDirect).value();
    const auto own = make_engine(graph_, Precision::kInt8, 2, KernelChoice::kOwn).value();
    const auto all = quantizers(true, keep);
    for (Engine* engine : {direct.get(), own.get()}) {
      const auto simulation = reference();
      set_integers(*engine, *simulation, keep);
      ASSERT_TRUE(engine->set_activation_quantizers(all).ok());
    }
    const Outputs expected = run(*direct);
    EXPECT_LT(mean_difference(run(*own), expected), tolerance * effect_on(expected))
        << "layers " << first << " to " << last;
  }
}

// What decides the last digits of an FP32 sum is part of a cell's key.
TEST_F(Engines, WinogradIsUsedWhereItSuitsUnlessItIsTurnedOff) {
  const auto best = fp32();
  const auto direct = make_engine(graph_, Precision::kFp32, 2, KernelChoice::kDirect).value();
  EXPECT_NE(best->identity(), direct->identity());
  const Outputs outputs = run(*best);
  const double apart = relative_difference(outputs, run(*direct));
  EXPECT_GT(apart, 0);
  EXPECT_LT(apart, 1e-4);
  const auto winograds = [&](Engine& engine) {
    const auto steps = engine.profile(rgb_, kBatch, kHeight, kWidth);
    EXPECT_TRUE(steps.ok());
    return std::ranges::count_if(
        *steps, [](const StepTime& step) { return step.kernel.starts_with("qyolo:winograd:"); });
  };
  const auto shapes = model::infer_shapes(graph_, kHeight, kWidth).value();
  const auto suited = std::ranges::count_if(graph_.conv_nodes(), [&](int node) {
    const model::MapShape& shape = shapes[static_cast<std::size_t>(node)];
    return suits_winograd(graph_.conv(node), Element::kF32, shape.height, shape.width);
  });
  EXPECT_GT(suited, 0);
  EXPECT_EQ(winograds(*best), suited);
  EXPECT_EQ(winograds(*direct), 0);
  EXPECT_EQ(best->note(), direct->note()) << "nothing to warn of";
}

// Of 16 bits, where the host multiplies these fast enough, which the identity says.
TEST_F(Engines, WinogradOfShortsIsAsNearToTheReferenceAsDirectSums) {
  const Outputs expected = run(*fp32());
  for (const Precision precision : {Precision::kBf16, Precision::kInt8}) {
    const auto best = make_engine(graph_, precision, 2);
    if (!best.ok()) continue;
    const auto direct = make_engine(graph_, precision, 2, KernelChoice::kDirect).value();
    if (precision == Precision::kInt8) {
      for (Engine* engine : {best->get(), direct.get()}) {
        const auto simulation = reference();
        set_integers(*engine, *simulation, keep_head);
        ASSERT_TRUE(engine->set_activation_quantizers(quantizers(true, keep_head)).ok());
      }
    }
    const auto steps = (*best)->profile(rgb_, kBatch, kHeight, kWidth);
    ASSERT_TRUE(steps.ok()) << steps.error().message;
    const auto shorts = std::ranges::count_if(
        *steps, [](const StepTime& step) { return step.kernel.starts_with("qyolo:winograd16:"); });
    EXPECT_EQ((*best)->identity().ends_with("-winograd16"), shorts > 0) << (*best)->identity();
    EXPECT_FALSE(direct->identity().ends_with("-winograd16"));
    if (shorts == 0) continue;
    const double difference = mean_difference(run(**best), expected);
    EXPECT_LT(difference, 1.25 * mean_difference(run(*direct), expected));
    EXPECT_GT(mean_difference(run(**best), run(*direct)), 0);
  }
}

// Deep layers are summed directly where their maps are small: weights in both forms.
TEST_F(Engines, SizesOfTheInputTakeTurns) {
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    const auto make = [&] { return make_engine(graph_, precision, 2); };
    const auto best = make();
    if (!best.ok()) continue;
    const Outputs first = run(**best);
    const std::vector<std::uint8_t> small(std::size_t{3} * 64 * 64, 100);
    const auto forward_small = [&](Engine& engine) {
      return engine.forward(std::span<const std::uint8_t>(small), 1, 64, 64).value();
    };
    const Outputs second = forward_small(**best);
    EXPECT_EQ(relative_difference(run(**best), first), 0);
    EXPECT_EQ(relative_difference(forward_small(**best), second), 0);
    const auto other = make().value();
    EXPECT_EQ(relative_difference(forward_small(*other), second), 0) << "whatever ran before";
    EXPECT_EQ(relative_difference(run(*other), first), 0) << "whatever ran before";
  }
}

TEST_F(Engines, DecodedWeightsAreSummedDirectlyAndPlainOnesByWinogradAgain) {
  const auto engine = fp32();
  const auto direct = make_engine(graph_, Precision::kFp32, 2, KernelChoice::kDirect).value();
  const Outputs winograd = run(*engine);
  for (const int node : graph_.conv_nodes()) {
    ASSERT_TRUE(engine->set_weight_decoder(node, decoder_of(graph_.conv(node))).ok());
  }
  EXPECT_EQ(relative_difference(run(*engine), run(*direct)), 0);
  for (const int node : graph_.conv_nodes()) engine->set_weights(node, graph_.conv(node).weight);
  EXPECT_EQ(relative_difference(run(*engine), winograd), 0);
}

TEST_F(Engines, NoConvolutionRunsOnAReferenceKernel) {
  for (const Precision precision : {Precision::kFp32, Precision::kBf16, Precision::kInt8}) {
    const auto engine = make_engine(graph_, precision, 2);
    if (!engine.ok()) continue;
    if (precision == Precision::kInt8) {
      const auto simulation = reference();
      set_integers(**engine, *simulation, keep_head);
      ASSERT_TRUE((*engine)->set_activation_quantizers(quantizers(true, keep_head)).ok());
    }
    const auto steps = (*engine)->profile(rgb_, kBatch, kHeight, kWidth);
    ASSERT_TRUE(steps.ok()) << steps.error().message;
    bool own = false;
    for (const StepTime& step : *steps) {
      EXPECT_EQ(step.kernel.find("ref"), std::string::npos) << step.name << ": " << step.kernel;
      own = own || step.kernel.starts_with("qyolo:gemm:");
    }
    EXPECT_EQ(own, !(*engine)->note().empty()) << (*engine)->description();
  }
}

// On one small image: these take hundreds of times as long.
TEST_F(Engines, OurOwnKernelsComputeWhatOnednnsReferenceKernelsCompute) {
  constexpr int kSize = 64;
  const std::span<const std::uint8_t> image(rgb_.data(), std::size_t{3} * kSize * kSize);
  const auto all = quantizers(true, keep_head);
  for (const Precision precision : {Precision::kFp32, Precision::kInt8}) {
    std::vector<Outputs> outputs;
    for (const KernelChoice kernels : {KernelChoice::kReference, KernelChoice::kOwn}) {
      const auto engine = make_engine(graph_, precision, 2, kernels).value();
      if (precision == Precision::kInt8) {
        const auto simulation = reference();
        set_integers(*engine, *simulation, keep_head);
        ASSERT_TRUE(engine->set_activation_quantizers(all).ok());
      }
      auto output = engine->forward(image, 1, kSize, kSize);
      ASSERT_TRUE(output.ok()) << output.error().message;
      outputs.push_back(*output);
    }
    if (precision == Precision::kFp32) {
      EXPECT_LT(relative_difference(outputs[1], outputs[0]), 1e-4);
    } else {
      EXPECT_LT(mean_difference(outputs[1], outputs[0]), 0.6 * effect_on(outputs[0], image, kSize));
    }
  }
}

TEST_F(Engines, OurOwnKernelsTakeNewWeightsAndDecodedOnes) {
  const auto own = make_engine(graph_, Precision::kFp32, 2, KernelChoice::kOwn).value();
  const auto engine = fp32();
  const int node = graph_.conv_nodes()[40];
  std::vector<float> weights = graph_.conv(node).weight, bias = graph_.conv(node).bias;
  (void)run(*own);
  for (float& weight : weights) weight *= 0.5F;
  for (float& value : bias) value += 0.25F;
  for (Engine* target : {own.get(), engine.get()}) {
    target->set_weights(node, weights);
    target->set_bias(node, bias);
    ASSERT_TRUE(target
                    ->set_weight_decoder(graph_.conv_nodes()[3],
                                         decoder_of(graph_.conv(graph_.conv_nodes()[3])))
                    .ok());
  }
  EXPECT_LT(relative_difference(run(*own), run(*engine)), 1e-4);
}

TEST_F(Engines, IntegerWeightsNeedCodesToReadAndEightBits) {
  const auto engine = make_engine(graph_, Precision::kInt8, 1).value();
  const auto simulation = reference();
  set_integers(*engine, *simulation, keep_head);
  auto all = quantizers(true, keep_head);
  all.erase(all.begin());
  ASSERT_TRUE(engine->set_activation_quantizers(all).ok());
  auto outputs = engine->forward(std::span<const std::uint8_t>(rgb_), kBatch, kHeight, kWidth);
  ASSERT_FALSE(outputs.ok());
  EXPECT_THAT(outputs.error().message, HasSubstr("its input is not quantized"));

  all.front().map.bits = 4;
  ASSERT_TRUE(engine->set_activation_quantizers(all).ok());
  outputs = engine->forward(std::span<const std::uint8_t>(rgb_), kBatch, kHeight, kWidth);
  ASSERT_FALSE(outputs.ok());
  EXPECT_THAT(outputs.error().message, HasSubstr("8 bits, not of 4"));
}

TEST_F(Engines, NewWeightsAndBiasesReplaceTheOldOnes) {
  const auto engine = fp32();
  const auto executor = reference();
  const Outputs before = run(*engine);
  for (const int node : {graph_.conv_nodes()[0], graph_.conv_nodes()[40]}) {
    std::vector<float> weights = graph_.conv(node).weight, bias = graph_.conv(node).bias;
    for (float& weight : weights) weight *= 0.5F;
    for (float& value : bias) value += 0.25F;
    for (Executor* target : {static_cast<Executor*>(engine.get()), executor.get()}) {
      target->set_weights(node, weights);
      target->set_bias(node, bias);
    }
  }
  const Outputs after = run(*engine);
  EXPECT_LT(relative_difference(after, run(*executor)), 1e-4);
  EXPECT_GT(relative_difference(after, before), 1e-2);
}

TEST_F(Engines, DecodedWeightsAreDecodedForEveryForward) {
  const auto engine = fp32();
  int calls = 0;
  for (const int node : graph_.conv_nodes()) {
    ASSERT_TRUE(engine
                    ->set_weight_decoder(node,
                                         [&, node](std::int64_t first, std::span<float> weights) {
                                           calls += first == 0;
                                           decoder_of(graph_.conv(node))(first, weights);
                                         })
                    .ok());
  }
  EXPECT_LT(relative_difference(run(*engine), run(*reference())), 1e-4);
  (void)run(*engine);
  EXPECT_EQ(calls, 2 * static_cast<int>(graph_.conv_nodes().size()));
}

TEST_F(Engines, AResumedForwardIsAForward) {
  const auto engine = fp32();
  ASSERT_TRUE(engine->set_retain(true).ok());
  (void)run(*engine);
  for (const std::size_t place : {80U, 45U, 3U, 0U}) {
    const int node = graph_.conv_nodes()[place];
    std::vector<float> weights = graph_.conv(node).weight;
    for (float& weight : weights) weight *= 0.75F;
    engine->set_weights(node, weights);
    const auto resumed = engine->resume(node);
    ASSERT_TRUE(resumed.ok()) << resumed.error().message;
    const auto other = fp32();
    other->set_weights(node, weights);
    EXPECT_LT(relative_difference(*resumed, run(*other)), 1e-6) << place;
    engine->set_weights(node, graph_.conv(node).weight);
  }
}

TEST_F(Engines, AResumeNeedsARetainedForward) {
  const auto engine = fp32();
  (void)run(*engine);
  EXPECT_FALSE(engine->resume(0).ok());
  ASSERT_TRUE(engine->set_retain(true).ok());
  EXPECT_FALSE(engine->resume(0).ok());
}

TEST_F(Engines, BatchesAndShapesFollowEachOther) {
  const auto engine = fp32();
  const Outputs both = run(*engine);
  const std::size_t half = rgb_.size() / 2;
  const auto second = engine->forward(std::span(rgb_).subspan(half), 1, kHeight, kWidth);
  ASSERT_TRUE(second.ok());
  for (std::size_t level = 0; level < both.size(); ++level) {
    const std::size_t size = (*second)[level].values.size();
    for (std::size_t i = 0; i < size; ++i)
      ASSERT_NEAR((*second)[level].values[i], both[level].values[size + i], 1e-3);
  }
  const auto turned = engine->forward(std::span(rgb_).subspan(half), 1, kWidth, kHeight);
  ASSERT_TRUE(turned.ok());
  EXPECT_EQ(turned->front().height, both.front().width);
  EXPECT_EQ(relative_difference(run(*engine), both), 0);
}

TEST_F(Engines, AProfileNamesEveryConvolutionAndItsWork) {
  const auto engine = fp32();
  const auto steps = engine->profile(rgb_, kBatch, kHeight, kWidth);
  ASSERT_TRUE(steps.ok()) << steps.error().message;
  std::size_t convolutions = 0;
  double gflop = 0;
  for (const StepTime& step : *steps) {
    EXPECT_GE(step.milliseconds, 0);
    convolutions += step.kernel.empty() ? 0 : 1;
    gflop += step.gflop;
  }
  EXPECT_EQ(convolutions, graph_.conv_nodes().size());
  double expected = 0;
  const auto shapes = model::infer_shapes(graph_, kHeight, kWidth).value();
  for (const int node : graph_.conv_nodes()) {
    const model::ConvNode& conv = graph_.conv(node);
    expected += 2e-9 * kBatch * conv.channels * conv.kernel_h * conv.kernel_w *
                static_cast<double>(shapes[static_cast<std::size_t>(node)].size());
  }
  EXPECT_NEAR(gflop, expected, 1e-9);
}

TEST_F(Engines, WrongInputsAreRefused) {
  const auto engine = fp32();
  EXPECT_FALSE(engine->forward(std::span<const std::uint8_t>(rgb_), 1, kHeight, kWidth).ok());
  EXPECT_FALSE(
      engine->forward(std::span<const std::uint8_t>(rgb_), kBatch, kHeight + 1, kWidth).ok());
  EXPECT_FALSE(make_engine(graph_, Precision::kFp32, -1).ok());
  EXPECT_FALSE(parse_precision("fp64").ok());
}

}  // namespace
}  // namespace qyolo::engine
