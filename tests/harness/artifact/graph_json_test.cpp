#include "harness/artifact/graph_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/support/paths.h"

namespace qyolo::artifact {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace fs = std::filesystem;

model::Graph load(const fs::path& path) {
  auto graph = model::load_checkpoint(path);
  EXPECT_TRUE(graph.ok()) << graph.error().message;
  return std::move(graph).value();
}

model::Graph parts() {
  return load(qyolo::testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
}

Json through_text(const OrderedJson& json) { return Json::parse(json.dump()); }

// Written and read, a graph is the same but for its floats.
void expect_round_trip(const model::Graph& graph) {
  const OrderedJson json = graph_to_json(graph);
  const auto read = graph_from_json(through_text(json), "graph");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(graph_to_json(*read).dump(), json.dump());
  ASSERT_EQ(read->nodes.size(), graph.nodes.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    EXPECT_EQ(read->nodes[i].inputs, graph.nodes[i].inputs);
    EXPECT_EQ(read->nodes[i].layer_index, graph.nodes[i].layer_index);
    ASSERT_EQ(read->nodes[i].op.index(), graph.nodes[i].op.index());
    const model::ConvNode* found = read->nodes[i].conv();
    const model::ConvNode* expected = graph.nodes[i].conv();
    if (expected == nullptr) continue;
    EXPECT_EQ(found->name, expected->name);
    EXPECT_EQ(found->layer_type, expected->layer_type);
    EXPECT_EQ(found->layer_index, expected->layer_index);
    EXPECT_EQ(found->filters, expected->filters);
    EXPECT_EQ(found->channels, expected->channels);
    EXPECT_EQ(found->kernel_h, expected->kernel_h);
    EXPECT_EQ(found->kernel_w, expected->kernel_w);
    EXPECT_EQ(found->stride_h, expected->stride_h);
    EXPECT_EQ(found->stride_w, expected->stride_w);
    EXPECT_EQ(found->pad_h, expected->pad_h);
    EXPECT_EQ(found->pad_w, expected->pad_w);
    EXPECT_EQ(found->dilation_h, expected->dilation_h);
    EXPECT_EQ(found->dilation_w, expected->dilation_w);
    EXPECT_EQ(found->groups, expected->groups);
    EXPECT_EQ(found->activation, expected->activation);
    EXPECT_EQ(found->slope, expected->slope);
    EXPECT_EQ(found->head, expected->head);
  }
  ASSERT_EQ(read->head.size(), graph.head.size());
  for (std::size_t i = 0; i < graph.head.size(); ++i) {
    EXPECT_EQ(read->head[i].node, graph.head[i].node);
    EXPECT_EQ(read->head[i].stride, graph.head[i].stride);
    EXPECT_EQ(read->head[i].anchors, graph.head[i].anchors);
  }
  EXPECT_EQ(read->class_names, graph.class_names);
  EXPECT_EQ(read->max_stride, graph.max_stride);
  EXPECT_EQ(read->source, graph.source);
  EXPECT_EQ(read->head_type, graph.head_type);
  EXPECT_EQ(read->stored_values, graph.stored_values);
  EXPECT_EQ(read->stored_conv_weights, graph.stored_conv_weights);
  EXPECT_EQ(read->stored_convs.size(), graph.stored_convs.size());
}

TEST(GraphJson, TheTrainedNetworkComesBack) { expect_round_trip(parts()); }

TEST(GraphJson, EveryOfficialGraphComesBack) {
  QYOLO_NEEDS_SHARED("data/zoo");
  int graphs = 0;
  for (const auto& entry : fs::directory_iterator(qyolo::testing::shared_dir() / "data/zoo")) {
    if (entry.path().extension() != ".pt") continue;
    SCOPED_TRACE(entry.path().filename().string());
    expect_round_trip(load(entry.path()));
    ++graphs;
  }
  EXPECT_GE(graphs, 11);
}

// What graph_from_json() says of the trained network's JSON after a change.
std::string refusal(const std::function<void(Json&)>& change) {
  static const Json good = through_text(graph_to_json(parts()));
  Json json = good;
  change(json);
  const auto read = graph_from_json(json, "graph");
  return read.ok() ? "accepted" : read.error().message;
}

TEST(GraphJson, HostileValuesAreNamed) {
  EXPECT_EQ(refusal([](Json&) {}), "accepted");
  EXPECT_EQ(refusal([](Json& json) { json["nodes"][1]["inputs"] = {1}; }),
            "graph: 'nodes'[1]: 'inputs': expected indices of earlier nodes");
  EXPECT_THAT(refusal([](Json& json) { json["nodes"][1]["inputs"] = {-2}; }),
              HasSubstr("earlier nodes"));
  EXPECT_THAT(refusal([](Json& json) { json["nodes"][1]["inputs"] = {4294967296}; }),
              HasSubstr("earlier nodes"));
  EXPECT_THAT(refusal([](Json& json) { json["nodes"][1]["inputs"] = {0.5}; }),
              HasSubstr("earlier nodes"));
  EXPECT_THAT(refusal([](Json& json) { json["nodes"][1]["inputs"] = Json::array(); }),
              HasSubstr("'inputs' is not a list of 1 to"));
  EXPECT_EQ(refusal([](Json& json) { json["nodes"][0]["op"] = "system"; }),
            "graph: 'nodes'[0]: 'op': expected conv, max_pool, concat, add, upsample or reorg");
  EXPECT_THAT(refusal([](Json& json) { json["nodes"][0]["filters"] = 1 << 17; }),
              HasSubstr("'filters' is 131072, expected an integer from 1 to 65536"));
  EXPECT_THAT(refusal([](Json& json) { json["nodes"][0]["channels"] = 4; }),
              StartsWith("graph: layer 0: the convolution model.0.conv expects 4 channels"));
  EXPECT_THAT(refusal([](Json& json) { json["nodes"][0]["groups"] = 2; }),
              HasSubstr("cannot be split into 2 groups"));
  EXPECT_THAT(refusal([](Json& json) {
                json["nodes"][0]["kernel"] = {3, 0};
              }),
              HasSubstr("'kernel': expected two integers from 1 to 255"));
  EXPECT_THAT(refusal([](Json& json) {
                json["nodes"][0]["stride"] = {0, 1};
              }),
              HasSubstr("'stride'"));
  EXPECT_THAT(refusal([](Json& json) { json["nodes"][0]["activation"] = "gelu"; }),
              HasSubstr("expected identity, silu, leaky_relu or relu"));
  EXPECT_THAT(refusal([](Json& json) { json["nodes"][0]["slope"] = 1e300; }), HasSubstr("FP32"));
  EXPECT_THAT(refusal([](Json& json) { json["nodes"][0]["name"] = "a\nb"; }),
              HasSubstr("'name': expected plain text"));
  EXPECT_THAT(refusal([](Json& json) { json["nodes"][0]["extra"] = 1; }),
              HasSubstr("unknown key 'extra'"));
  EXPECT_THAT(refusal([](Json& json) { json["head"][0]["node"] = 0; }),
              HasSubstr("expected a head convolution of 39 filters"));
  EXPECT_THAT(refusal([](Json& json) { json["head"][0]["node"] = 100000; }), HasSubstr("'node'"));
  EXPECT_THAT(refusal([](Json& json) { json["head"][0]["stride"] = 7; }),
              HasSubstr("level of stride 7"));
  EXPECT_THAT(refusal([](Json& json) {
                json["head"][0]["anchors"][0] = {1, -1};
              }),
              HasSubstr("pairs of positive numbers"));
  EXPECT_THAT(refusal([](Json& json) {
                json["head"][0]["anchors"][0] = {1e40, 1};
              }),
              HasSubstr("pairs of positive numbers"));
  EXPECT_THAT(refusal([](Json& json) { json["head"] = Json::array(); }), HasSubstr("'head'"));
  EXPECT_THAT(refusal([](Json& json) { json["class_names"].push_back("more"); }),
              HasSubstr("expected a head convolution of 42 filters"));
  EXPECT_THAT(refusal([](Json& json) { json["max_stride"] = 64; }),
              HasSubstr("the head's largest stride is 32"));
  EXPECT_THAT(refusal([](Json& json) { json["stored"]["values"] = 5; }),
              HasSubstr("no more weights than 'values'"));
  EXPECT_THAT(refusal([](Json& json) {
                json["stored"]["convs"][0] = {"a", 1, 2, 3, 1LL << 60, "Conv", 0};
              }),
              HasSubstr("four sizes"));
  EXPECT_THAT(
      refusal([](Json& json) { json["stored"]["convs"][0] = {"a", 1, 2, 3, -4, "Conv", 0}; }),
      HasSubstr("four sizes"));
  EXPECT_THAT(refusal([](Json& json) { json = Json::array(); }), HasSubstr("expected an object"));
}

// No value of another type, and no missing value, gets through or crashes.
TEST(GraphJson, EveryValueIsNeededAndOfItsType) {
  const Json good = through_text(graph_to_json(parts()));
  const Json wrong_types[] = {nullptr, -7.5, "text", Json::array({Json::object()})};
  std::size_t accepted = 0;
  const auto check = [&](const Json::json_pointer& pointer, const std::string& key) {
    Json missing = good;
    missing[pointer].erase(key);
    if (graph_from_json(missing, "graph").ok()) ADD_FAILURE() << pointer << "/" << key;
    for (const Json& wrong : wrong_types) {
      Json changed = good;
      changed[pointer][key] = wrong;
      accepted += graph_from_json(changed, "graph").ok() ? 1 : 0;
    }
  };
  const Json::json_pointer root, stored("/stored"), conv("/nodes/0"), level("/head/0");
  for (const auto& pointer : {root, stored, conv, level})
    for (const auto& [key, value] : good[pointer].items()) check(pointer, key);
  // Four texts may be other texts, and a slope another number.
  EXPECT_EQ(accepted, 5U);
}

}  // namespace
}  // namespace qyolo::artifact
