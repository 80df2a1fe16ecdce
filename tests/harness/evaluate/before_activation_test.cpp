#include "harness/evaluate/before_activation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace qyolo::harness {
namespace {

float silu(float y) { return y / (1.0F + std::exp(-y)); }

quant::ActivationHistogram histogram_from(float low, float high) {
  std::vector<float> values;
  constexpr int kValues = 20000;
  for (int i = 0; i <= kValues; ++i)
    values.push_back(low + (high - low) * static_cast<float>(i) / kValues);
  quant::ActivationHistogram histogram;
  histogram.observe(values);
  return histogram;
}

float low_of(const quant::ActivationParameters& parameters) {
  return parameters.scale * static_cast<float>(-parameters.zero_point);
}
float high_of(const quant::ActivationParameters& parameters) {
  return parameters.scale * static_cast<float>(255 - parameters.zero_point);
}

TEST(BeforeActivation, WhatSiluMakesNothingOfTakesNoCodes) {
  const float step = 0.03F;
  const auto found = parameters_before(histogram_from(-30, 7), silu, step);
  EXPECT_LT(std::abs(silu(low_of(found))), step / 2 + 1e-3F);
  EXPECT_GT(low_of(found), -12);
  EXPECT_NEAR(high_of(found), 7, 0.2);
}

TEST(BeforeActivation, ValuesThatMatterStay) {
  const auto found = parameters_before(histogram_from(-1, 3), silu, 0.01F);
  EXPECT_NEAR(low_of(found), -1, 0.1);
  EXPECT_NEAR(high_of(found), 3, 0.05);
}

TEST(BeforeActivation, ReluNeedsNothingBelowZero) {
  const auto relu = [](float y) { return y > 0 ? y : 0.0F; };
  const auto found = parameters_before(histogram_from(-9, 4), relu, 0.01F);
  EXPECT_EQ(found.zero_point, 0);
  EXPECT_NEAR(high_of(found), 4, 0.05);
}

TEST(BeforeActivation, ATwinComputesTheSameWithoutTheActivationFunction) {
  model::Graph graph;
  model::ConvNode conv;
  conv.name = "a";
  conv.filters = conv.channels = 1;
  conv.weight = {2};
  conv.bias = {1};
  conv.activation = model::Activation::kSiLU;
  graph.nodes.push_back({conv, {-1}, 0});
  const TwinGraph made = with_twins(graph, {0});
  ASSERT_EQ(made.graph.nodes.size(), 2U);
  EXPECT_EQ(made.twin_of.at(0), 1);
  const model::ConvNode& twin = made.graph.conv(1);
  EXPECT_EQ(twin.activation, model::Activation::kIdentity);
  EXPECT_EQ(twin.weight, conv.weight);
  EXPECT_EQ(made.graph.nodes[1].inputs, graph.nodes[0].inputs);
}

}  // namespace
}  // namespace qyolo::harness
