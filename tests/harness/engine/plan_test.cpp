#include "harness/engine/plan.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "tests/support/paths.h"

namespace qyolo::engine {
namespace {

using model::Graph;
using model::Node;

Node conv(int input, int channels, int filters) {
  model::ConvNode op;
  op.channels = channels;
  op.filters = filters;
  op.name = "conv";
  return {op, {input}, 0};
}
Node pool(int input) { return {model::MaxPoolNode{3, 1, 1}, {input}, 0}; }
Node concat(std::vector<int> inputs) { return {model::ConcatNode{}, std::move(inputs), 0}; }

// conv 0, max-pool 1 of it, their concatenation 2, conv 3 of that: the head.
Graph small() {
  Graph graph;
  graph.max_stride = 1;
  graph.nodes = {conv(-1, 3, 8), pool(0), concat({0, 1}), conv(2, 16, 4)};
  graph.head = {{3, 1, {}}};
  return graph;
}

Plan plan_of(const Graph& graph, int size, const MapTypes& types, bool keep_all) {
  const auto shapes = model::infer_shapes(graph, size, size);
  EXPECT_TRUE(shapes.ok());
  return make_plan(graph, *shapes, {3, size, size}, 2, types, keep_all);
}

const Value& value(const Plan& plan, int node) {
  return plan.values[static_cast<std::size_t>(plan.value_of_node[static_cast<std::size_t>(node)])];
}

TEST(Plan, PoolingWritesIntoTheConcatenationAndAConvolutionIsCopied) {
  const Graph graph = small();
  const Plan plan = plan_of(graph, 4, float_types(graph, Element::kF32, {}), false);
  EXPECT_EQ(value(plan, 1).buffer, value(plan, 2).buffer);
  EXPECT_EQ(value(plan, 1).channel_offset, 8);
  EXPECT_EQ(value(plan, 1).pitch, 16);
  EXPECT_NE(value(plan, 0).buffer, value(plan, 2).buffer);
  std::vector<Step::Kind> kinds;
  for (const Step& step : plan.steps) kinds.push_back(step.kind);
  using enum Step::Kind;
  EXPECT_THAT(kinds, ::testing::ElementsAre(kNode, kCopy, kNode, kNode));
  EXPECT_THAT(plan.first_step, ::testing::ElementsAre(0, 2, 3, 3, 4));
}

TEST(Plan, WithEverythingKeptEveryNodeHasABufferOfItsOwn) {
  const Graph graph = small();
  const Plan plan = plan_of(graph, 4, float_types(graph, Element::kF32, {}), true);
  std::set<int> buffers;
  for (int node = 0; node < 4; ++node) {
    buffers.insert(value(plan, node).buffer);
    EXPECT_EQ(value(plan, node).pitch, value(plan, node).shape.channels);
  }
  EXPECT_EQ(buffers.size(), 4U);
  std::size_t bytes = 0;
  for (const Buffer& buffer : plan.buffers) bytes += buffer.bytes;
  EXPECT_GE(plan.block_bytes, bytes);
}

TEST(Plan, BuffersThatAreNeededAtOneTimeDoNotOverlapAndOthersShare) {
  const Graph graph =
      model::load_checkpoint(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt").value();
  for (const Element element : {Element::kF32, Element::kBf16}) {
    const Plan plan = plan_of(graph, 160, float_types(graph, element, {}), false);
    std::size_t sum = 0;
    for (std::size_t i = 0; i < plan.buffers.size(); ++i) {
      const Buffer& a = plan.buffers[i];
      EXPECT_EQ(a.offset % 64, 0U);
      EXPECT_LE(a.offset + a.bytes, plan.block_bytes);
      EXPECT_GE(a.first, 0) << "a buffer that nothing needs";
      sum += a.bytes;
      for (std::size_t j = 0; j < i; ++j) {
        const Buffer& b = plan.buffers[j];
        const bool together = a.first <= b.last && b.first <= a.last;
        const bool overlap = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
        EXPECT_FALSE(together && overlap) << i << " and " << j;
      }
    }
    EXPECT_LT(plan.block_bytes, sum / 4);
  }
}

TEST(Plan, CodesPassThroughPoolingAndSharedConcatenations) {
  const Graph graph = small();
  const std::vector<model::ActivationQuantizer> quantizers = {{0, {0.5F, 3, 8}}};
  const auto types = integer_types(graph, {true, false, false, true}, quantizers);
  ASSERT_TRUE(types.ok()) << types.error().message;
  const MapType codes{Element::kU8, 0.5F, 3};
  EXPECT_EQ(types->input, (MapType{Element::kU8, 1.0F / 255.0F, 0}));
  EXPECT_EQ(types->nodes[0], codes);
  EXPECT_EQ(types->nodes[1], codes);
  EXPECT_EQ(types->nodes[2], codes);
  EXPECT_EQ(types->nodes[3], MapType{Element::kF32}) << "the head";
}

TEST(Plan, AKeptConvolutionBetweenCodesReadsAndWritesThroughFloats) {
  Graph graph = small();
  graph.nodes.push_back(conv(3, 4, 4));
  graph.head = {{4, 1, {}}};
  const std::vector<model::ActivationQuantizer> quantizers = {{0, {0.5F, 3, 8}},
                                                              {3, {0.25F, 0, 8}}};
  const auto types = integer_types(graph, {true, false, false, false, true}, quantizers);
  ASSERT_TRUE(types.ok()) << types.error().message;
  const Plan plan = plan_of(graph, 4, *types, false);
  std::vector<Step::Kind> kinds;
  for (const Step& step : plan.steps) {
    if (step.node == 3) kinds.push_back(step.kind);
  }
  using enum Step::Kind;
  EXPECT_THAT(kinds, ::testing::ElementsAre(kCopy, kNode, kCopy));
}

TEST(Plan, IntegersNeedCodesOfEightBits) {
  const Graph graph = small();
  const auto floats = integer_types(graph, {true, false, false, true}, {});
  ASSERT_FALSE(floats.ok());
  EXPECT_THAT(floats.error().message, ::testing::HasSubstr("its input is not quantized"));
  const std::vector<model::ActivationQuantizer> four = {{0, {0.5F, 3, 4}}};
  EXPECT_FALSE(integer_types(graph, {true, false, false, true}, four).ok());
}

}  // namespace
}  // namespace qyolo::engine
