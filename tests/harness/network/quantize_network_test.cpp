#include "harness/network/quantize_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/model/fuse.h"
#include "harness/quant/parameters.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;

class QuantizeNetwork : public ::testing::Test {
 protected:
  SourceNetwork source_ =
      SourceNetwork::open(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt").value();

  static Cell cell(const std::string& more) {
    return read_cell(Json::parse(R"({"scheme": "affine", "bits": 4, "granularity": "filter")" +
                                 more + "}"),
                     "test")
        .value();
  }
  [[nodiscard]] const model::ConvNode& conv(std::size_t i) const {
    const int node = source_.graph().conv_nodes()[i];
    return *source_.graph().nodes[static_cast<std::size_t>(node)].conv();
  }
};

std::vector<float> halves(std::vector<float> values) {
  for (float& value : values) value = quant::round_stored(static_cast<double>(value), 16);
  return values;
}

TEST_F(QuantizeNetwork, EveryConvolutionIsEncodedAsItsRuleSays) {
  const auto network =
      quantize_network(source_, cell(R"(, "rules": ["1x1 -> layer", "index=0-1 -> keep"])"), 2);
  ASSERT_TRUE(network.ok()) << network.error().message;
  ASSERT_EQ(network->layers.size(), source_.graph().conv_nodes().size());
  int kept = 0;
  for (std::size_t i = 0; i < network->layers.size(); ++i) {
    const QuantizedLayer& layer = network->layers[i];
    const bool pointwise = layer.traits.shape.kh == 1;
    if (layer.tensor) {
      EXPECT_EQ(layer.tensor->recipe.text(),
                pointwise ? "affine 4-bit layer" : "affine 4-bit filter");
      std::vector<float> decoded(layer.weights.size());
      quant::dequantize(*layer.tensor, decoded);
      EXPECT_EQ(decoded, layer.weights);
      EXPECT_GT(layer.error.sqnr_db(), 5);
    } else {
      ++kept;
      EXPECT_EQ(layer.weights, halves(conv(i).weight)) << layer.traits.name;
    }
    EXPECT_EQ(network->convs[i].bias, halves(conv(i).bias));
  }
  EXPECT_EQ(kept, 2);
}

TEST_F(QuantizeNetwork, KeptValuesMayStayAsTheyAre) {
  const auto network =
      quantize_network(source_, cell(R"(, "kept_bits": 32, "rules": ["index=0 -> keep"])"), 2);
  ASSERT_TRUE(network.ok());
  EXPECT_EQ(network->layers[0].weights, conv(0).weight);
  EXPECT_EQ(network->convs[5].bias, conv(5).bias);
}

TEST_F(QuantizeNetwork, TheUnfusedLayoutQuantizesWhatTheCheckpointStores) {
  const auto network = quantize_network(source_, cell(R"(, "fold": "off")"), 2);
  ASSERT_TRUE(network.ok()) << network.error().message;
  const std::vector<model::UnfusedConv>& stored = *source_.unfused().value();
  std::size_t layer = 0;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    model::UnfusedConv expected = stored[i];
    const auto replace = [&](model::StoredTensors& tensors) {
      const QuantizedLayer& made = network->layers[layer++];
      EXPECT_EQ(made.traits.name, tensors.name);
      const auto encoded =
          quant::quantize(tensors.weight, made.traits.shape, *cell("").recipe_for(made.traits), 1);
      quant::dequantize(*encoded, tensors.weight, 1);
      EXPECT_EQ(made.weights, tensors.weight);
    };
    replace(expected.dense);
    if (expected.pointwise) replace(*expected.pointwise);
    // This checkpoint stores FP16, so that rounding to FP16 changes no norm.
    model::ConvNode node = conv(i);
    ASSERT_TRUE(model::fold(expected, node).ok());
    EXPECT_TRUE(std::ranges::equal(network->weight(i), node.weight)) << node.name;
    EXPECT_EQ(network->convs[i].bias, node.bias) << node.name;
  }
  EXPECT_EQ(layer, network->layers.size());
  EXPECT_EQ(layer, source_.graph().stored_convs.size());
}

TEST_F(QuantizeNetwork, TheHeadIsTheSameInBothLayouts) {
  for (const char* fold : {"on", "off"}) {
    const auto network = quantize_network(
        source_, cell(std::string(R"(, "keep": "head", "fold": ")") + fold + '"'), 2);
    ASSERT_TRUE(network.ok()) << network.error().message;
    std::vector<std::string> kept;
    for (const QuantizedLayer& layer : network->layers)
      if (!layer.tensor) kept.push_back(layer.traits.name);
    EXPECT_THAT(kept, ::testing::ElementsAre("model.105.m.0", "model.105.m.1", "model.105.m.2"));
  }
}

TEST_F(QuantizeNetwork, ARuleThatFitsNothingIsAnError) {
  const auto network = quantize_network(source_, cell(R"(, "rules": ["type=Conw -> keep"])"), 2);
  ASSERT_FALSE(network.ok());
  EXPECT_THAT(network.error().message, HasSubstr("the rule for 'type Conw' fits no layer"));
  // Group sizes depend on the granularity, which a matrix varies.
  EXPECT_TRUE(
      quantize_network(source_, cell(R"(, "rules": [{"group_size": 1, "bits": 8}])"), 2).ok());
}

TEST_F(QuantizeNetwork, FloatingConvolutionsAreThoseThatARuleKeepsOrQuantizesTheWeightsOnlyOf) {
  const auto floating = [&](const std::string& more) {
    return floating_convolutions(source_, cell(more + R"(, "activation_bits": 8)"));
  };
  const auto kept = [&](const std::string& more) { return floating(more).value(); };
  EXPECT_TRUE(kept("").empty());
  EXPECT_EQ(kept(R"(, "keep": "model\\.105\\.m\\..*")").size(), 3U);
  EXPECT_EQ(kept(R"(, "fold": "off", "keep": "model\\.105\\.m\\..*")").size(), 3U);
  // A RepConv's two stored tensors: one of them is not enough.
  EXPECT_TRUE(kept(R"(, "fold": "off", "keep": "model\\.102\\.rbr_dense\\..*")").empty());
  EXPECT_EQ(kept(R"(, "fold": "off", "keep": "model\\.102\\.rbr_.*")").size(), 1U);
  EXPECT_EQ(kept(R"(, "rules": ["head -> weights_only"])").size(), 3U);
  EXPECT_EQ(kept(R"(, "rules": ["index=105 -> bits=8, weights_only", "head -> bits=3"])").size(),
            3U);
  EXPECT_TRUE(kept(R"(, "rules": ["index=105 -> bits=8", "head -> weights_only"])").empty());
  EXPECT_TRUE(
      kept(R"(, "fold": "off", "rules": ["name=model\\.102\\.rbr_dense\\..* -> weights_only"])")
          .empty());
  EXPECT_FALSE(floating(R"(, "keep": "absent")").ok());
}

}  // namespace
}  // namespace qyolo::harness
