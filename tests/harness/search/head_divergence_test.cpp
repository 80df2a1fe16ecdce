#include "harness/search/head_divergence.h"

#include <gtest/gtest.h>

#include <cmath>

namespace qyolo::harness {
namespace {

// One level of one anchor and two classes on a map of one point, stride 8, anchor 16 x 16.
model::Graph one_point() {
  model::Graph graph;
  graph.class_names = {"a", "b"};
  graph.head.push_back({0, 8, {{16, 16}}});
  return graph;
}

std::vector<model::HeadOutput> output(std::vector<float> values) {
  return {{1, 7, 1, 1, std::move(values)}};
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST(BernoulliKl, IsTheFormulasValue) {
  EXPECT_EQ(bernoulli_kl(0.3, 0.3), 0);
  EXPECT_NEAR(bernoulli_kl(0.5, 0.25), 0.5 * std::log(2) + 0.5 * std::log(0.5 / 0.75), 1e-15);
  EXPECT_TRUE(std::isfinite(bernoulli_kl(0, 1)));
}

TEST(HeadDivergence, OfEqualOutputsIsZero) {
  const model::Graph graph = one_point();
  const auto outputs = output({0.1F, -0.2F, 0.3F, 0.4F, 2, -1, 1});
  const HeadDivergence divergence = ReferenceHead(graph, outputs).compare(outputs);
  EXPECT_EQ(divergence.head_error(), 0);
  EXPECT_EQ(divergence.kl(), 0);
  EXPECT_EQ(divergence.box_loss(), 0);
  EXPECT_EQ(divergence.images, 1);
}

TEST(HeadDivergence, WeighsClassesAndBoxesByTheReferencesObjectness) {
  const model::Graph graph = one_point();
  const auto reference = output({0, 0, 0, 0, 1, 0, 2});
  // Another class score, and a box twice as wide: (2 sigmoid)^2 * 16 = 32 where sigmoid = 1/sqrt 2.
  const auto wider = static_cast<float>(std::log(std::sqrt(0.5) / (1 - std::sqrt(0.5))));
  const auto other = output({0, 0, wider, 0, 1, 1, 2});
  const HeadDivergence divergence = ReferenceHead(graph, reference).compare(other);
  EXPECT_NEAR(divergence.kl(), sigmoid(1) * bernoulli_kl(0.5, sigmoid(1)), 1e-6);
  EXPECT_NEAR(divergence.box_loss(), sigmoid(1) * 0.5, 1e-5);
  EXPECT_NEAR(divergence.head_error(), (double{wider} * double{wider} + 1) / 5, 1e-6);
}

TEST(HeadDivergence, CountsObjectnessOfEveryAnchorAndAddsUpOverBatches) {
  const model::Graph graph = one_point();
  const auto reference = output({0, 0, 0, 0, -9, 0, 0});
  const auto other = output({3, 3, 3, 3, -8, 3, 3});  // below what can be detected
  HeadDivergence sum = ReferenceHead(graph, reference).compare(other);
  const double expected = bernoulli_kl(sigmoid(-9), sigmoid(-8));
  EXPECT_NEAR(sum.kl(), expected, 1e-4 * expected);
  EXPECT_EQ(sum.box_loss(), 0);
  sum += ReferenceHead(graph, reference).compare(reference);
  EXPECT_NEAR(sum.kl(), expected / 2, 1e-4 * expected);
  EXPECT_EQ(sum.images, 2);
}

TEST(HeadDivergence, OfOutputsThatAreNotFiniteIsInfinite) {
  const model::Graph graph = one_point();
  const auto reference = output({0, 0, 0, 0, 1, 0, 0});
  const HeadDivergence divergence =
      ReferenceHead(graph, reference).compare(output({0, 0, 0, NAN, 1, 0, 0}));
  EXPECT_TRUE(std::isinf(divergence.head_error()));
  EXPECT_TRUE(std::isinf(divergence.kl()));
}

}  // namespace
}  // namespace qyolo::harness
