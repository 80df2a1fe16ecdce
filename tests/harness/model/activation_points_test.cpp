#include "harness/model/activation_points.h"

#include <gmock/gmock.h>

#include <set>

#include "tests/support/paths.h"

namespace qyolo::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Groups = std::vector<std::vector<int>>;

ConvNode conv(const std::string& name) {
  ConvNode node;
  node.name = name;
  return node;
}

Graph graph_of(std::vector<Node> nodes, std::vector<int> head) {
  Graph graph;
  graph.nodes = std::move(nodes);
  for (const int node : head) graph.head.push_back({node, 1, {{1, 1}}});
  return graph;
}

std::function<bool(const ConvNode&)> keep(std::set<std::string> names) {
  return [names](const ConvNode& node) { return names.contains(node.name); };
}

Groups groups_of(const Graph& graph, bool shared, std::set<std::string> kept = {}) {
  Groups groups;
  for (const auto& group : find_activation_points(graph, shared, keep(kept)).groups)
    groups.push_back(group.nodes);
  return groups;
}

// 0 conv a -> 1 conv b, 2 max-pool of b; 3 concat(a, pool); 4 conv c; 5 upsample of c;
// 6 concat(upsample, b); 7 conv d; 8 add(d, d); 9 head
Graph mixed() {
  return graph_of({{conv("a"), {-1}},
                   {conv("b"), {0}},
                   {MaxPoolNode{}, {1}},
                   {ConcatNode{}, {0, 2}},
                   {conv("c"), {3}},
                   {UpsampleNode{}, {4}},
                   {ConcatNode{}, {5, 1}},
                   {conv("d"), {6}},
                   {AddNode{}, {7, 7}},
                   {conv("head"), {8}}},
                  {9});
}

TEST(ActivationPoints, OfAChainAreTheConvolutionsButTheHead) {
  const Graph graph = graph_of({{conv("a"), {-1}}, {conv("b"), {0}}, {conv("head"), {1}}}, {2});
  const ActivationPoints points = find_activation_points(graph, true, keep({}));
  EXPECT_TRUE(points.input);
  EXPECT_THAT(points.groups, ElementsAre(ActivationGroup{{0}}, ActivationGroup{{1}}));
}

TEST(ActivationPoints, ConcatenationsJoinWhatTheyReadAlsoThroughPoolsAndUpsampling) {
  EXPECT_EQ(groups_of(mixed(), true), (Groups{{0, 1, 4}, {7}, {8}}));
}

TEST(ActivationPoints, WithoutSharingAConcatenationHasParametersOfItsOwn) {
  EXPECT_EQ(groups_of(mixed(), false), (Groups{{0}, {1}, {3}, {4}, {6}, {7}, {8}}));
}

TEST(ActivationPoints, AConcatenationOfConcatenationsIsOneSet) {
  const Graph graph = graph_of({{conv("a"), {-1}},
                                {conv("b"), {-1}},
                                {ConcatNode{}, {0, 1}},
                                {conv("c"), {-1}},
                                {ConcatNode{}, {2, 3}},
                                {conv("head"), {4}}},
                               {5});
  EXPECT_EQ(groups_of(graph, true), (Groups{{0, 1, 3}}));
}

TEST(ActivationPoints, ConcatenationsOfDifferentTensorsStayApart) {
  const Graph graph = graph_of({{conv("a"), {-1}},
                                {conv("b"), {0}},
                                {ConcatNode{}, {0, 1}},
                                {conv("c"), {2}},
                                {conv("d"), {3}},
                                {ConcatNode{}, {3, 4}},
                                {conv("head"), {5}}},
                               {6});
  EXPECT_EQ(groups_of(graph, true), (Groups{{0, 1}, {3, 4}}));
}

TEST(ActivationPoints, WhatOnlyAKeptConvolutionReadsStaysFloatingPoint) {
  // The head reads the addition, the addition reads d: neither needs codes.
  EXPECT_EQ(groups_of(mixed(), true, {"head"}), (Groups{{0, 1, 4}}));
  // d reads the second concatenation, which reads the upsampled c and b; b's pool is still read.
  EXPECT_EQ(groups_of(mixed(), true, {"head", "d"}), (Groups{{0, 1}}));
  EXPECT_EQ(groups_of(mixed(), false, {"head", "d"}), (Groups{{0}, {1}, {3}}));
}

TEST(ActivationPoints, WhatAnotherReaderNeedsIsQuantizedForTheKeptOneToo) {
  // b reads a, and so does the concatenation.
  EXPECT_EQ(groups_of(mixed(), true, {"b"}), (Groups{{0, 1, 4}, {7}, {8}}));
}

TEST(ActivationPoints, TheInputIsQuantizedUnlessOnlyKeptConvolutionsReadIt) {
  EXPECT_FALSE(find_activation_points(mixed(), true, keep({"a"})).input);
  const Graph graph = graph_of({{ReorgNode{}, {-1}}, {conv("a"), {0}}, {conv("head"), {1}}}, {2});
  EXPECT_TRUE(find_activation_points(graph, true, keep({})).input);
  EXPECT_FALSE(find_activation_points(graph, true, keep({"a"})).input);
  EXPECT_EQ(groups_of(graph, true), (Groups{{1}}));
}

TEST(ActivationPoints, AConcatenationWithTheInputHasItsOwnSet) {
  const Graph graph =
      graph_of({{conv("a"), {-1}}, {ConcatNode{}, {-1, 0}}, {conv("head"), {1}}}, {2});
  EXPECT_EQ(groups_of(graph, true), (Groups{{0}, {1}}));
}

TEST(ActivationPoints, NothingIsQuantizedWhereEverythingIsKept) {
  const ActivationPoints points =
      find_activation_points(mixed(), true, [](const ConvNode&) { return true; });
  EXPECT_FALSE(points.input);
  EXPECT_THAT(points.groups, IsEmpty());
}

TEST(ActivationPoints, EverythingWithParametersIsObservable) {
  EXPECT_THAT(observable_nodes(mixed()), ElementsAre(0, 1, 3, 4, 6, 7, 8));
}

TEST(ActivationPoints, NamesTellNodesApart) {
  Graph graph = mixed();
  graph.nodes[3].layer_index = 2;
  EXPECT_EQ(node_name(graph, kNetworkInput), "input");
  EXPECT_EQ(node_name(graph, 1), "b");
  EXPECT_EQ(node_name(graph, 3), "model.2 concat (node 3)");
}

TEST(ActivationPoints, KeepingTheHeadOfYoloV7LeavesItsInputsInFloatingPoint) {
  const auto graph = load_checkpoint(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const auto quantized = [&](bool keep_head) {
    std::set<std::string> names;
    const ActivationPoints points = find_activation_points(
        *graph, true, [=](const ConvNode& node) { return keep_head && node.head; });
    for (const ActivationGroup& group : points.groups) {
      for (const int node : group.nodes) names.insert(node_name(*graph, node));
    }
    return names;
  };
  std::set<std::string> difference = quantized(false);
  for (const std::string& name : quantized(true)) EXPECT_EQ(difference.erase(name), 1U);
  EXPECT_THAT(difference, ElementsAre("model.102.rbr_reparam", "model.103.rbr_reparam",
                                      "model.104.rbr_reparam"));
}

}  // namespace
}  // namespace qyolo::model
