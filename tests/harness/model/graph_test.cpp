#include "harness/model/graph.h"

#include <gmock/gmock.h>

namespace qyolo::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ConvNode conv_of(int channels, int filters, int kernel, int stride, int padding) {
  ConvNode conv;
  conv.channels = channels;
  conv.filters = filters;
  conv.kernel_h = conv.kernel_w = kernel;
  conv.stride_h = conv.stride_w = stride;
  conv.pad_h = conv.pad_w = padding;
  conv.name = "model.0.conv";
  return conv;
}

Graph graph_of(std::vector<Node> nodes) {
  Graph graph;
  graph.nodes = std::move(nodes);
  graph.max_stride = 4;
  return graph;
}

std::string shape_refusal(const Graph& graph, int height = 8, int width = 12) {
  const auto shapes = infer_shapes(graph, height, width);
  return shapes.ok() ? "accepted" : shapes.error().message;
}

TEST(InferShapes, FollowsEveryOperation) {
  const auto shapes = infer_shapes(graph_of({{conv_of(3, 5, 3, 2, 1), {-1}},
                                             {MaxPoolNode{5, 1, 2}, {0}},
                                             {ConcatNode{}, {0, 1, 0}},
                                             {AddNode{}, {0, 1}},
                                             {UpsampleNode{2}, {3}},
                                             {ReorgNode{}, {-1}}}),
                                   8, 12);
  ASSERT_TRUE(shapes.ok()) << shapes.error().message;
  EXPECT_THAT(*shapes, ElementsAre(MapShape{5, 4, 6}, MapShape{5, 4, 6}, MapShape{15, 4, 6},
                                   MapShape{5, 4, 6}, MapShape{5, 8, 12}, MapShape{12, 4, 6}));
}

TEST(InferShapes, DilationWidensTheKernel) {
  ConvNode conv = conv_of(3, 1, 3, 1, 0);
  conv.dilation_h = 2;
  EXPECT_THAT(*infer_shapes(graph_of({{conv, {-1}}}), 8, 12), ElementsAre(MapShape{1, 4, 10}));
}

TEST(InferShapes, NamesTheLayerWhereThingsDoNotFit) {
  Graph graph = graph_of({{conv_of(4, 5, 3, 1, 1), {-1}, 7}});
  EXPECT_EQ(shape_refusal(graph),
            "layer 7: the convolution model.0.conv expects 4 channels, and gets 3 x 8 x 12");
  graph = graph_of({{conv_of(3, 5, 3, 2, 1), {-1}}, {ConcatNode{}, {-1, 0}, 3}});
  EXPECT_EQ(shape_refusal(graph),
            "layer 3: a concatenation expects maps of one height and width, and gets 3 x 8 x 12, "
            "5 x 4 x 6");
  graph = graph_of({{conv_of(3, 5, 1, 1, 0), {-1}}, {AddNode{}, {-1, 0}, 3}});
  EXPECT_THAT(shape_refusal(graph),
              HasSubstr("layer 3: an addition expects two maps of one shape"));
  graph = graph_of({{conv_of(3, 5, 31, 1, 0), {-1}, 2}});
  EXPECT_THAT(shape_refusal(graph), HasSubstr("layer 2: "));
}

TEST(InferShapes, SidesMustBeMultiplesOfTheStride) {
  const Graph graph = graph_of({});
  EXPECT_EQ(shape_refusal(graph, 8, 10),
            "an input of 8 x 10 pixels: both sides must be multiples of the stride 4");
  EXPECT_NE(shape_refusal(graph, 0, 8), "accepted");
  EXPECT_NE(shape_refusal(graph, -4, 8), "accepted");
  EXPECT_NE(shape_refusal(graph, 1 << 20, 8), "accepted");
  EXPECT_EQ(shape_refusal(graph, 4, 4), "accepted");
}

TEST(InferShapes, MapsThatExplodeAreRefused) {
  Graph graph = graph_of({{ConcatNode{}, {-1, -1}}});
  for (int i = 0; i < 30; ++i) graph.nodes.push_back({ConcatNode{}, {i, i}, i + 1});
  EXPECT_THAT(shape_refusal(graph), HasSubstr("out of proportion to the input"));
  graph = graph_of({{UpsampleNode{8}, {-1}}});
  for (int i = 0; i < 30; ++i) graph.nodes.push_back({UpsampleNode{8}, {i}, i + 1});
  EXPECT_THAT(shape_refusal(graph), HasSubstr("out of proportion to the input"));
}

TEST(InferShapes, TheHeadsStrideMustBeTheNetworks) {
  Graph graph = graph_of({{conv_of(3, 7, 3, 2, 1), {-1}}});
  graph.head = {{0, 2, {{10, 10}}}};
  EXPECT_EQ(shape_refusal(graph), "accepted");
  graph.head[0].stride = 4;
  EXPECT_EQ(shape_refusal(graph),
            "the head's level of stride 4 gets a map of 4 x 6 for an input of 8 x 12");
}

}  // namespace
}  // namespace qyolo::model
