// Whole checkpoints: the official family, and everything that must be refused.
#include <gmock/gmock.h>

#include <array>
#include <fstream>
#include <map>
#include <string>

#include "harness/model/graph.h"
#include "tests/support/checkpoint_writer.h"
#include "tests/support/paths.h"

namespace qyolo::model {
namespace {

using testing::bytes_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TinyNetwork;
namespace make = qyolo::testing;

Result<Graph> load(const std::string& file) { return load_checkpoint(bytes_of(file), "x.pt"); }

std::string refusal(const std::string& file) {
  const auto graph = load(file);
  return graph.ok() ? "accepted" : graph.error().message;
}

// A checkpoint around `root`, with the storages of `network`.
std::string refusal(const TinyNetwork& network, const make::Pickle& root) {
  return refusal(network.writer.archive(root));
}

TEST(Checkpoint, ATinyNetworkLoadsAsItIs) {
  const auto graph = load(TinyNetwork().checkpoint());
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->source, "model");
  EXPECT_EQ(graph->head_type, "Detect");
  EXPECT_THAT(graph->class_names, ElementsAre("cat", "dog"));
  EXPECT_EQ(graph->max_stride, 2);
  EXPECT_THAT(graph->conv_nodes(), ElementsAre(0, 1, 3));
  ASSERT_EQ(graph->nodes.size(), 4U);
  EXPECT_THAT(graph->nodes[2].inputs, ElementsAre(1, 0));
  const ConvNode& first = *graph->nodes[0].conv();
  EXPECT_EQ(first.name, "model.0.conv");
  EXPECT_EQ(first.layer_type, "Conv");
  EXPECT_EQ(first.stride_h, 2);
  EXPECT_EQ(first.pad_w, 1);
  EXPECT_EQ(first.activation, Activation::kSiLU);
  const ConvNode& head = *graph->nodes[3].conv();
  EXPECT_EQ(head.name, "model.3.m.0");
  EXPECT_TRUE(head.head);
  EXPECT_EQ(head.bias, make::pseudo_random(7, 4));
  ASSERT_EQ(graph->head.size(), 1U);
  EXPECT_EQ(graph->head[0].stride, 2);
  EXPECT_THAT(graph->head[0].anchors, ElementsAre(std::array<float, 2>{10, 13}));
  EXPECT_EQ(graph->conv_weights(), 108 + 16 + 56);
  EXPECT_EQ(graph->biases(), 4 + 4 + 7);
}

TEST(Checkpoint, CountsWhatTheFileStores) {
  const auto graph = load(TinyNetwork().checkpoint());
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->stored_conv_weights, 108 + 16 + 56);
  // Two BN of four vectors of four, the head's bias, one anchor; not the LongStorage counters.
  EXPECT_EQ(graph->stored_values, 108 + 16 + 56 + 2 * 4 * 4 + 7 + 2);
  ASSERT_EQ(graph->stored_convs.size(), 3U);
  EXPECT_EQ(graph->stored_convs[0].name, "model.0.conv");
  EXPECT_EQ(graph->stored_convs[2].name, "model.3.m.0");
  EXPECT_EQ(graph->stored_convs[2].n, 7);
}

TEST(Checkpoint, FoldsBatchNormWithItsOwnEpsilon) {
  TinyNetwork network;
  const make::NormFields norm{{3, 1, 1, 1}, {0.5F, 0, 0, 0}, {2, 0, 0, 0}, {3.75F, 1, 1, 1}, 0.25};
  network.layers[0] = network.conv_layer(0, make::integer(-1),
                                         {4, 3, 3, 2, 1, 1, std::vector<float>(108, 1)}, norm);
  const auto graph = load(network.checkpoint());
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->nodes[0].conv()->weight[0], 1.5F);
  EXPECT_EQ(graph->nodes[0].conv()->bias[0], -2.5F);
}

TEST(Checkpoint, EmaIsUsedWhereItIsThere) {
  TinyNetwork network;
  const auto graph = load(
      network.writer.archive(make::dict({{"model", make::integer(0)}, {"ema", network.model()}})));
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->source, "ema");
}

TEST(Checkpoint, NamesMayBeADict) {
  TinyNetwork network;
  network.names =
      "}(" + make::integer(1) + make::text("b\xC3\xA9") + make::integer(0) + make::text("a") + "u";
  const auto graph = load(network.checkpoint());
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_THAT(graph->class_names, ElementsAre("a", "b\xC3\xA9"));
}

TEST(Checkpoint, NamesMayBeAnyScalarsInAListOrATuple) {
  const std::vector<make::Pickle> names = {make::integer(7), make::number(0.5)};
  const std::vector<make::Pickle> others = {make::none(), make::boolean(true)};
  const std::pair<make::Pickle, std::vector<std::string>> kinds[] = {
      {make::list(names), {"7", "0.5"}},
      {make::tuple(names), {"7", "0.5"}},
      {make::list(others), {"None", "True"}},
      {make::tuple({make::text("a"), make::integer(-1)}), {"a", "-1"}}};
  for (const auto& [pickle, expected] : kinds) {
    TinyNetwork network;
    network.names = pickle;
    const auto graph = load(network.checkpoint());
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_EQ(graph->class_names, expected);
  }
}

// Paths, dates, loggers and optimizers of the training; nothing of it is called.
TEST(Checkpoint, WhatLiesBesideTheNetworkStaysInert) {
  const make::Pickle things[] = {
      make::call(make::global("pathlib", "PosixPath"), make::tuple({make::text("runs")})),
      make::call(make::global("pathlib", "WindowsPath"), make::tuple({make::text("C:")})),
      make::call(make::global("datetime", "datetime"), make::tuple({make::text("\x07\xE8")})),
      make::call(make::global("collections", "defaultdict"),
                 make::tuple({make::global("builtins", "list")})),
      make::object("torch.optim.adam", "Adam", make::dict({{"state", make::dict({})}})),
      make::object("wandb.sdk", "Run", make::tuple({make::none(), make::integer(3)})),
      make::call(make::global("os", "system"), make::tuple({make::text("touch /tmp/pwned")}))};
  for (const make::Pickle& thing : things) {
    TinyNetwork network;
    const auto graph = load(network.writer.archive(
        make::dict({{"opt", make::dict({{"x", thing}})}, {"model", network.model()}})));
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_EQ(graph->nodes.size(), 4U);
  }
}

// --- implicit knowledge ---

make::Pickle implicit(TinyNetwork& network, const std::string& kind,
                      const std::vector<float>& values) {
  const auto n = static_cast<std::int64_t>(values.size());
  return make::module_list({make::module(
      "models.common", kind, {{"implicit", network.writer.tensor(values, {1, n, 1, 1})}}, {}, {})});
}

TinyNetwork with_implicit(const make::Items& attributes) {
  TinyNetwork network;
  const make::Items children = {
      {"ia", implicit(network, "ImplicitA", std::vector<float>(TinyNetwork::kHeadChannels, 0.5F))},
      {"im", implicit(network, "ImplicitM", std::vector<float>(TinyNetwork::kOutputs, 2))}};
  network.layers[3] =
      network.detect(3, make::list({make::integer(2)}), "IDetect", children, attributes);
  return network;
}

TEST(Checkpoint, ImplicitKnowledgeIsFolded) {
  const auto graph = load(with_implicit({}).checkpoint());
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->head_type, "IDetect");
  const auto weight = make::pseudo_random(56, 3), bias = make::pseudo_random(7, 4);
  const ConvNode& head = *graph->nodes[3].conv();
  for (std::size_t filter = 0; filter < 7; ++filter) {
    double sum = bias[filter];
    for (std::size_t c = 0; c < 8; ++c) {
      sum += 0.5 * weight[filter * 8 + c];
      EXPECT_EQ(head.weight[filter * 8 + c], 2 * weight[filter * 8 + c]);
    }
    EXPECT_FLOAT_EQ(head.bias[filter], static_cast<float>(2 * sum));
  }
}

TEST(Checkpoint, AHeadThatWasFusedBeforeSavingIsNotFoldedAgain) {
  // What pickle writes for self.forward = self.fuseforward.
  const make::Pickle method =
      make::call(make::global("__builtin__", "getattr"),
                 make::tuple({make::object("models.yolo", "IDetect", make::dict({})),
                              make::text("fuseforward")}));
  const auto graph = load(with_implicit({{"forward", method}}).checkpoint());
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->nodes[3].conv()->weight, make::pseudo_random(56, 3));
  EXPECT_EQ(graph->nodes[3].conv()->bias, make::pseudo_random(7, 4));
}

TEST(Checkpoint, LayersThatOnlyTrainingUsesAreLeftOut) {
  TinyNetwork network;
  network.layers[3] =
      network.conv_layer(3, make::integer(0), {8, 4, 1, 1, 1, 1, std::vector<float>(32, 1)});
  const make::Items children = {{"ia", implicit(network, "ImplicitA", std::vector<float>(8, 0))},
                                {"im", implicit(network, "ImplicitM", std::vector<float>(7, 1))}};
  network.layers.push_back(
      network.detect(4, make::list({make::integer(2), make::integer(3)}), "IAuxDetect", children));
  const auto graph = load(network.checkpoint());
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->nodes.size(), 4U);
  EXPECT_EQ(graph->nodes[3].layer_index, 4);
  EXPECT_EQ(graph->stored_convs.size(), 4U);
}

// --- what is not a checkpoint ---

TEST(Checkpoint, FilesOfOtherKindsAreRefused) {
  EXPECT_EQ(refusal(""), "x.pt: the file is empty");
  EXPECT_THAT(refusal("\x80\x02}q."), HasSubstr("x.pt: this is a pickle"));
  EXPECT_EQ(refusal(make::make_zip({{"a/other", "x"}})),
            "x.pt: the archive has no entry 'a/data.pkl'");
  EXPECT_THAT(refusal(make::make_zip({{"a/data.pkl", "x"}, {"b/data/0", "x"}})),
              HasSubstr("x.pt: the archive has more than one folder"));
  EXPECT_THAT(refusal(make::make_zip({{"a/data.pkl", "x"}, {"a/constants.pkl", "x"}})),
              HasSubstr("x.pt: this is a TorchScript archive"));
  const std::pair<std::string, const char*> others[] = {
      {"\x1F\x8B\x08 and more", "gzip"},
      {"<!DOCTYPE html><html>", "HTML"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:", "Git LFS pointer"},
      {std::string("\xFF\xFEm\0o\0d\0", 8), "UTF-16"},
      {std::string("\x08\x07\x12\x07pytorch\x1A\x05"
                   "2.0.1",
                   18),
       "ONNX"}};
  for (const auto& [content, piece] : others) EXPECT_THAT(refusal(content), HasSubstr(piece));
  testing::TemporaryFolder folder;
  EXPECT_THAT(load_checkpoint(folder.path() / "absent.pt").error().message,
              HasSubstr("absent.pt cannot be opened"));
  std::ofstream(folder.path() / "empty.pt").close();
  EXPECT_THAT(load_checkpoint(folder.path() / "empty.pt").error().message,
              HasSubstr("empty.pt: the file is empty"));
  EXPECT_THAT(load_checkpoint(folder.path()).error().message, HasSubstr("not a regular file"));
}

TEST(Checkpoint, WeightsAloneAreRefusedWithWhatIsMissing) {
  TinyNetwork network;
  const make::Pickle weights =
      make::ordered_dict({{"model.0.conv.weight", network.writer.tensor({1, 2}, {2})}});
  const auto graph_is_missing = HasSubstr(
      "holds weights without the network's graph (a state_dict); pass the checkpoint that the "
      "official training writes, with the whole model under 'model' or 'ema'");
  EXPECT_THAT(refusal(network, weights), graph_is_missing);
  EXPECT_THAT(refusal(network, weights + make::dict({{"_metadata", make::dict({})}}) + "b"),
              graph_is_missing);
  EXPECT_THAT(refusal(network, make::dict({{"state_dict", weights}})), graph_is_missing);
  EXPECT_THAT(refusal(network, make::dict({{"model", weights}})), graph_is_missing);
  EXPECT_EQ(refusal(network, make::dict({{"epoch", make::integer(3)}})),
            "x.pt: the checkpoint has neither 'model' nor 'ema'");
  EXPECT_EQ(refusal(network, network.model()),
            "x.pt: expected a dict with the key 'model', found a models.yolo.Model");
  EXPECT_EQ(refusal(network, make::dict({{"model", make::text("yolov7.pt")}})),
            "x.pt: 'model': expected a model, found the text 'yolov7.pt'");
}

TEST(Checkpoint, APickleThatCallsSomethingIsRefused) {
  TinyNetwork network;
  const make::Pickle attack =
      make::call(make::global("os", "system"), make::tuple({make::text("touch /tmp/pwned")}));
  EXPECT_EQ(refusal(network, make::dict({{"model", network.model()}, {"ema", attack}})),
            "x.pt: the network: expected a module, found a os.system");
}

// --- networks that are not right ---

TEST(Checkpoint, UnknownLayersAreNamed) {
  TinyNetwork network;
  network.layers[1] =
      make::module("models.common", "GhostConv", {}, {}, {}, make::placed(1, make::integer(-1)));
  EXPECT_EQ(refusal(network.checkpoint()),
            "x.pt: layer 1: models.common.GhostConv is not supported");
  network = TinyNetwork();
  network.layers.pop_back();
  EXPECT_EQ(
      refusal(network.checkpoint()),
      "x.pt: the last layer is models.common.Concat; expected Detect, IDetect or IAuxDetect of "
      "models.yolo");
  network.layers[1] = make::integer(3);
  EXPECT_EQ(refusal(network.checkpoint()), "x.pt: model.1: expected a module, found the number 3");
}

TEST(Checkpoint, UnknownActivationsAreNamed) {
  TinyNetwork network;
  network.layers[0] = make::module(
      "models.common", "Conv", {}, {},
      {{"conv", make::conv2d(network.writer, {4, 3, 3, 2, 1, 1, make::pseudo_random(108, 1)})},
       {"act", make::module("torch.nn.modules.activation", "Hardswish", {}, {}, {})}},
      make::placed(0, make::integer(-1)));
  EXPECT_THAT(
      refusal(network.checkpoint()),
      HasSubstr("x.pt: model.0.act: the activation torch.nn.modules.activation.Hardswish is "
                "not supported"));
}

TEST(Checkpoint, InputsMustBeEarlierLayers) {
  for (const std::int64_t from : {2, 3, 7, -4}) {
    TinyNetwork network;
    network.layers[2] =
        make::module("models.common", "Concat", {}, {}, {},
                     make::placed(2, make::list({make::integer(-1), make::integer(from)}),
                                  {{"d", make::integer(1)}}));
    EXPECT_EQ(refusal(network.checkpoint()),
              "x.pt: layer 2: expected the index of an earlier layer in f, found the number " +
                  std::to_string(from));
  }
  TinyNetwork network;
  network.layers[1] =
      network.conv_layer(5, make::integer(-1), {4, 4, 1, 1, 1, 1, make::pseudo_random(16, 2)});
  EXPECT_EQ(refusal(network.checkpoint()),
            "x.pt: model.1: i: expected an integer from 1 to 1, found the number 5");
}

TEST(Checkpoint, ChannelsMustAgreeAlongTheGraph) {
  TinyNetwork network;
  network.layers[1] =
      network.conv_layer(1, make::integer(-1), {4, 6, 1, 1, 1, 1, make::pseudo_random(24, 2)});
  EXPECT_EQ(refusal(network.checkpoint()),
            "x.pt: layer 1: the convolution model.1.conv expects 6 channels, and gets 4 x 4 x 5");
}

TEST(Checkpoint, AttributesMustFitTheWeights) {
  const auto with_conv = [](const make::ConvFields& conv) {
    TinyNetwork network;
    network.layers[0] = network.conv_layer(0, make::integer(-1), conv);
    return refusal(network.checkpoint());
  };
  make::ConvFields conv{4, 3, 3, 2, 1, 1, make::pseudo_random(108, 1)};
  EXPECT_EQ(with_conv(conv), "accepted");
  conv.padding = make::text("same");
  EXPECT_EQ(with_conv(conv),
            "x.pt: model.0.conv: padding 'same' is supported for odd kernels with stride 1 only");
  conv.padding = make::text("reflect");
  EXPECT_EQ(
      with_conv(conv),
      "x.pt: model.0.conv: padding: expected one or two integers from 0 to 255, found the text "
      "'reflect'");
  conv.padding = make::integer(1);
  EXPECT_EQ(with_conv(conv), "accepted");
  conv.stride = 0;
  EXPECT_THAT(with_conv(conv), HasSubstr("x.pt: model.0.conv: stride: expected"));
  conv.stride = 2;
  conv.groups = 2;
  EXPECT_EQ(with_conv(conv),
            "x.pt: model.0.conv: 3 channels and 4 filters cannot be split into 2 groups");
}

TEST(Checkpoint, TensorsMustBeThereAndSound) {
  const auto with_weight = [](TinyNetwork& network, const make::Pickle& tensor) {
    network.layers[0] =
        network.conv_layer(0, make::integer(-1), {4, 3, 3, 2, 1, 1, {}, {}, {}, tensor});
    return refusal(network.checkpoint());
  };
  TinyNetwork network;
  EXPECT_EQ(
      with_weight(network, network.writer.tensor(make::pseudo_random(54, 1), {2, 3, 3, 3})),
      "x.pt: model.0.conv: the weight has the shape [2, 3, 3, 3], its attributes say [4, 3, 3, 3]");
  EXPECT_EQ(with_weight(network, make::none()), "x.pt: model.0.conv: the tensor weight is missing");
  std::vector<float> values = make::pseudo_random(108, 1);
  values[50] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(with_weight(network, network.writer.tensor(values, {4, 3, 3, 3})),
            "x.pt: tensor model.0.conv.weight has a NaN or an infinity");
  const std::int64_t huge = std::int64_t{1} << 62;
  EXPECT_THAT(
      with_weight(network,
                  make::tensor_of({"FloatStorage", "0", huge, 0, {4, 3, 3, 3}, {27, 9, 3, 1}})),
      HasSubstr(
          "x.pt: tensor model.0.conv.weight: a FloatStorage of 4611686018427387904 elements"));
  EXPECT_EQ(with_weight(network, make::tensor_of(
                                     {"FloatStorage", "99", 108, 0, {4, 3, 3, 3}, {27, 9, 3, 1}})),
            "x.pt: the archive has no entry 'archive/data/99'");
}

TEST(Checkpoint, FoldingMustStayFinite) {
  TinyNetwork network;
  const make::NormFields norm{{1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}, {-5, 1, 1, 1}};
  network.layers[0] = network.conv_layer(0, make::integer(-1),
                                         {4, 3, 3, 2, 1, 1, make::pseudo_random(108, 1)}, norm);
  EXPECT_EQ(refusal(network.checkpoint()),
            "x.pt: model.0.conv: folding the batch normalization in gives a NaN or an infinity");
}

TEST(Checkpoint, TheHeadMustFitItsClassesAndAnchors) {
  TinyNetwork network;
  network.names = make::list({make::text("cat")});
  EXPECT_EQ(refusal(network.checkpoint()),
            "x.pt: the network has 2 classes, but its names are not as many texts or numbers");
  network.names = make::list({make::text("cat"), make::text("d\xff")});
  EXPECT_EQ(refusal(network.checkpoint()),
            "x.pt: the name of class 1 is not plain UTF-8 text: 'd?'");
  const auto with_attribute = [](const std::string& name, const auto& value_of) {
    TinyNetwork changed;
    // The last of equal keys counts.
    changed.layers[3] = changed.detect(3, make::list({make::integer(2)}), "Detect", {},
                                       {{name, value_of(changed)}});
    return refusal(changed.checkpoint());
  };
  const auto integer = [](std::int64_t value) {
    return [value](TinyNetwork&) { return make::integer(value); };
  };
  EXPECT_EQ(with_attribute("nc", integer(3)),
            "x.pt: model.3: 7 outputs per anchor do not fit 3 classes");
  EXPECT_EQ(with_attribute("na", integer(2)),
            "x.pt: model.3: anchor_grid: expected 4 positive values (1 levels, 2 anchors)");
  EXPECT_EQ(with_attribute("nl", integer(2)),
            "x.pt: model.3: expected 2 strides, whole numbers from 1 to 1024, found [2]");
  const auto stride = [](float value) {
    return [value](TinyNetwork& network_) { return network_.writer.tensor({value}, {1}); };
  };
  EXPECT_EQ(with_attribute("stride", stride(-8)),
            "x.pt: model.3: expected 1 strides, whole numbers from 1 to 1024, found [-8]");
  EXPECT_EQ(with_attribute("stride", stride(4)),
            "x.pt: the head's level of stride 4 gets a map of 8 x 10 for an input of 16 x 20");
  TinyNetwork two_inputs;
  two_inputs.layers[3] = two_inputs.detect(3, make::list({make::integer(2), make::integer(1)}));
  EXPECT_EQ(refusal(two_inputs.checkpoint()),
            "x.pt: model.3: expected 1 inputs for 1 levels, found 2");
}

TEST(Checkpoint, AModuleThatContainsItselfIsRefused) {
  TinyNetwork network;
  // A Sequential whose child "0" is itself, as the whole network's "model".
  const make::Pickle cyclic = make::global("torch.nn.modules.container", "Sequential") +
                              ")\x81q\x01" +
                              make::dict({{"_modules", make::dict({{"0", "h\x01"}})}}) + "b";
  const make::Pickle model =
      make::module("models.yolo", "Model", {}, {}, {{"model", cyclic}}, {{"names", network.names}});
  EXPECT_THAT(refusal(network, make::dict({{"model", model}})),
              HasSubstr("x.pt: the last layer is torch.nn.modules.container.Sequential"));
}

TEST(Checkpoint, ModulesNestedWithoutEndAreRefused) {
  TinyNetwork network;
  make::Pickle nested = make::sequential({});
  for (int i = 0; i < 40; ++i) nested = make::sequential({nested});
  const make::Pickle model = make::module("models.yolo", "Model", {}, {}, {{"model", nested}});
  EXPECT_THAT(refusal(network, make::dict({{"model", model}})),
              HasSubstr("the network has more modules or tensors than any real one"));
}

TEST(Checkpoint, EveryCutIsRefused) {
  const std::string file = TinyNetwork().checkpoint();
  for (std::size_t size = 0; size < file.size(); size += 7)
    ASSERT_NE(refusal(file.substr(0, size)), "accepted") << size;
}

// One byte in thirteen, each changed in a way of its own: enough to meet every kind of field often.
constexpr std::size_t kByteStep = 13;
char spoiled(char byte, std::size_t position) {
  constexpr std::array kFlips = {0x01, 0x10, 0x80, 0xFF};
  return static_cast<char>(byte ^ kFlips[position % kFlips.size()]);
}

// Whatever single byte is wrong, the file is refused or loads; nothing else happens.
TEST(Checkpoint, NoSingleWrongByteDoesHarm) {
  const std::string file = TinyNetwork().checkpoint();
  for (std::size_t at = 0; at < file.size(); at += kByteStep) {
    std::string changed = file;
    changed[at] = spoiled(file[at], at);
    const auto graph = load(changed);
    if (!graph) {
      EXPECT_THAT(graph.error().message, HasSubstr("x.pt: "));
    }
  }
}

// The same where checksums do not help: the pickle itself is wrong.
TEST(Checkpoint, NoSingleWrongPickleByteDoesHarm) {
  TinyNetwork network;
  const make::Pickle root = make::dict({{"model", network.model()}});
  for (std::size_t at = 0; at < root.size(); at += kByteStep) {
    make::Pickle changed = root;
    changed[at] = spoiled(root[at], at);
    const auto graph = load(network.writer.archive(changed));
    if (!graph) {
      EXPECT_THAT(graph.error().message, HasSubstr("x.pt: "));
    }
  }
}

// --- the official family ---

struct ZooNetwork {
  std::string head;
  std::int64_t stored_values, stored_conv_weights;
  std::size_t convs, stored_convs;
  int max_stride;
};

// Counted with Python's pickle module on the same files.
const std::map<std::string, ZooNetwork>& zoo() {
  static const std::map<std::string, ZooNetwork> networks = {
      {"deploy-yolov7", {"Detect", 601713, 589112, 92, 95, 32}},
      {"deploy-yolov7x", {"Detect", 1143545, 1126848, 108, 108, 32}},
      {"deploy-yolov7-tiny", {"Detect", 390385, 382840, 58, 58, 32}},
      {"deploy-yolov7-tiny-silu", {"Detect", 390385, 382840, 58, 58, 32}},
      {"deploy-yolov7-w6", {"Detect", 1118604, 1102432, 107, 107, 64}},
      {"deploy-yolov7-e6", {"Detect", 1562076, 1539760, 145, 145, 64}},
      {"deploy-yolov7-d6", {"Detect", 2121420, 2094688, 167, 167, 64}},
      {"deploy-yolov7-e6e", {"Detect", 2430364, 2394928, 244, 244, 64}},
      {"training-yolov7", {"IDetect", 602054, 589112, 92, 95, 32}},
      {"training-yolov7-tiny", {"IDetect", 390726, 382840, 58, 58, 32}},
      {"training-yolov7-w6", {"IAuxDetect", 1309236, 1290832, 107, 115, 64}},
  };
  return networks;
}

TEST(Zoo, EveryOfficialGraphLoads) {
  QYOLO_NEEDS_SHARED("data/zoo");
  for (const auto& [name, expected] : zoo()) {
    const auto graph = load_checkpoint(testing::shared_dir() / "data/zoo" / (name + ".pt"));
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_EQ(graph->head_type, expected.head) << name;
    EXPECT_EQ(graph->stored_values, expected.stored_values) << name;
    EXPECT_EQ(graph->stored_conv_weights, expected.stored_conv_weights) << name;
    EXPECT_EQ(graph->conv_nodes().size(), expected.convs) << name;
    EXPECT_EQ(graph->stored_convs.size(), expected.stored_convs) << name;
    EXPECT_EQ(graph->max_stride, expected.max_stride) << name;
    EXPECT_EQ(graph->class_names.size(), 8U) << name;
  }
}

TEST(Zoo, NodesAreNamedAsInTheFusedOfficialNetwork) {
  QYOLO_NEEDS_SHARED("data/zoo");
  const auto graph = load_checkpoint(testing::shared_dir() / "data/zoo/training-yolov7.pt");
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  std::map<std::string, std::string> layer_types;
  for (const int node : graph->conv_nodes()) {
    const ConvNode& conv = *graph->nodes[static_cast<std::size_t>(node)].conv();
    layer_types[conv.name] = conv.layer_type;
  }
  EXPECT_EQ(layer_types["model.0.conv"], "Conv");
  EXPECT_EQ(layer_types["model.51.cv1.conv"], "SPPCSPC");
  EXPECT_EQ(layer_types["model.102.rbr_reparam"], "RepConv");
  EXPECT_EQ(layer_types["model.105.m.2"], "IDetect");
}

TEST(Zoo, EveryCutIsRefused) {
  QYOLO_NEEDS_SHARED("data/zoo");
  std::ifstream stream(testing::shared_dir() / "data/zoo/deploy-yolov7-tiny.pt", std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), {}};
  for (std::size_t size = 0; size < file.size(); size += 997)
    ASSERT_NE(refusal(file.substr(0, size)), "accepted") << size;
}

TEST(EmbeddedCheckpoint, Loads) {
  const auto graph = load_checkpoint(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_THAT(graph->class_names,
              ElementsAre("washer", "nut", "gear", "bolt", "spring", "bearing", "bracket", "pin"));
  EXPECT_EQ(graph->stored_values, 2362193);
  EXPECT_THAT(graph->head[2].anchors,
              ElementsAre(std::array<float, 2>{142, 110}, std::array<float, 2>{192, 243},
                          std::array<float, 2>{459, 401}));
}

}  // namespace
}  // namespace qyolo::model
