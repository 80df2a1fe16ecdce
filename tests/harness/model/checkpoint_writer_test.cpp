// Round trips: what a written checkpoint loads as, and which of its bytes differ.
#include "harness/model/checkpoint_writer.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "common/file.h"
#include "harness/model/checkpoint_plan.h"
#include "harness/model/stored_values.h"
#include "tests/support/checkpoint_writer.h"
#include "tests/support/paths.h"

namespace qyolo::model {
namespace {

using testing::bytes_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TinyNetwork;
namespace fs = std::filesystem;
namespace make = qyolo::testing;

std::string content_of(const fs::path& path) { return read_file(path).value(); }

// --- expectations, derived without the code under test ---

// To nearest, ties to even: FP16 has 11 significant bits, and no unit below 2^-24.
float rounded_to_half(float value) {
  if (value == 0) return value;
  const double unit = std::ldexp(1.0, std::max(std::ilogb(value), -14) - 10);
  return static_cast<float>(std::nearbyint(value / unit) * unit);
}

std::vector<float> rounded_to_half(std::vector<float> values) {
  for (float& value : values) value = rounded_to_half(value);
  return values;
}

// Other weights and biases, of no particular precision.
Graph with_other_weights(Graph graph) {
  std::uint32_t seed = 1;
  for (const int node : graph.conv_nodes()) {
    ConvNode& conv = std::get<ConvNode>(graph.nodes[static_cast<std::size_t>(node)].op);
    const std::vector<float> noise = make::pseudo_random(conv.weight.size(), seed++);
    for (std::size_t i = 0; i < noise.size(); ++i) conv.weight[i] += 0.01F * noise[i];
    for (float& bias : conv.bias) bias = 0.7F * bias + 0.3F;
  }
  return graph;
}

// Everything but weights and biases.
void expect_same_structure(const Graph& a, const Graph& b) {
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.head_type, b.head_type);
  EXPECT_EQ(a.class_names, b.class_names);
  EXPECT_EQ(a.stored_values, b.stored_values);
  ASSERT_EQ(a.nodes.size(), b.nodes.size());
  for (std::size_t i = 0; i < a.nodes.size(); ++i) {
    EXPECT_EQ(a.nodes[i].inputs, b.nodes[i].inputs);
    ASSERT_EQ(a.nodes[i].op.index(), b.nodes[i].op.index());
    if (const ConvNode* conv = a.nodes[i].conv()) {
      EXPECT_EQ(conv->name, b.nodes[i].conv()->name);
      EXPECT_EQ(conv->activation, b.nodes[i].conv()->activation);
      EXPECT_EQ(conv->slope, b.nodes[i].conv()->slope);
    }
  }
}

Result<Graph> load_graph(const std::string& file) {
  return load_checkpoint(bytes_of(file), "x.pt");
}

template <class Weights>
Result<std::string> rewrite(const std::string& file, const Weights& weights) {
  return dequantized_checkpoint(bytes_of(file), "x.pt", weights);
}

template <class Weights>
std::string rewrite_refusal(const std::string& file, const Weights& weights) {
  const auto written = rewrite(file, weights);
  return written.ok() ? "accepted" : written.error().message;
}

// The names of the entries that differ; both archives must be sound and have the same ones.
std::set<std::string> changed_entries(const std::string& before, const std::string& after) {
  std::set<std::string> changed;
  const auto old_archive = ZipArchive::from_bytes(bytes_of(before), "before");
  const auto new_archive = ZipArchive::from_bytes(bytes_of(after), "after");
  if (!old_archive || !new_archive) return {"an archive is damaged"};
  EXPECT_EQ(before.size(), after.size());
  EXPECT_EQ(old_archive->entries().size(), new_archive->entries().size());
  for (const auto& [name, entry] : old_archive->entries()) {
    const auto bytes = new_archive->checked_entry(name);
    if (!bytes) return {bytes.error().message};
    if (!std::ranges::equal(*bytes, entry.bytes)) changed.insert(name);
  }
  return changed;
}

// All conv weights as stored, by name.
using OwnedWeights = std::map<std::string, std::vector<float>>;
OwnedWeights stored_weights(const std::string& file) {
  OwnedWeights weights;
  const auto archive = ZipArchive::from_bytes(bytes_of(file), "x.pt");
  auto checkpoint = plan_checkpoint(*archive);
  const auto modules = all_modules(checkpoint->network);
  for (const ModuleRecord& module : *modules) {
    if (is_stored_conv(module))
      weights[module.path()] = *checkpoint->reader.read(*module.find_tensor("weight"), "w");
  }
  return weights;
}
StoredWeights views(const OwnedWeights& owned) { return {owned.begin(), owned.end()}; }

// --- released files ---

void expect_exact_round_trip(const fs::path& path) {
  const auto original = load_checkpoint(path);
  ASSERT_TRUE(original.ok()) << original.error().message;
  const Graph given = with_other_weights(*original);
  testing::TemporaryFolder folder;
  const fs::path out = folder.path() / "out.pt";
  const Status status = write_dequantized_checkpoint(path, out, given);
  ASSERT_TRUE(status.ok()) << status.error().message;

  const auto loaded = load_checkpoint(out);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  expect_same_structure(given, *loaded);
  for (const int node : given.conv_nodes()) {
    const ConvNode& wanted = *given.nodes[static_cast<std::size_t>(node)].conv();
    const ConvNode& found = *loaded->nodes[static_cast<std::size_t>(node)].conv();
    ASSERT_EQ(found.weight, rounded_to_half(wanted.weight)) << wanted.name;
    ASSERT_EQ(found.bias, rounded_to_half(wanted.bias)) << wanted.name;
  }
  const std::string before = content_of(path), after = content_of(out);
  EXPECT_FALSE(
      changed_entries(before, after).contains(fs::path(path).stem().string() + "/data.pkl"));
  const auto again = rewrite(before, *loaded);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(*again == after);
}

TEST(CheckpointWriter, TheEmbeddedCheckpointRoundTrips) {
  expect_exact_round_trip(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
}

TEST(CheckpointWriter, EveryOfficialGraphRoundTrips) {
  QYOLO_NEEDS_SHARED("data/zoo");
  int files = 0;
  for (const auto& file : fs::directory_iterator(testing::shared_dir() / "data/zoo")) {
    if (file.path().extension() != ".pt") continue;
    SCOPED_TRACE(file.path().string());
    expect_exact_round_trip(file.path());
    ++files;
  }
  EXPECT_EQ(files, 11);
}

TEST(CheckpointWriter, StoredWeightsThatDoNotChangeGiveTheSameFile) {
  const std::string file =
      content_of(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
  const OwnedWeights weights = stored_weights(file);
  EXPECT_EQ(weights.size(), 95U);
  const auto written = rewrite(file, views(weights));
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_TRUE(*written == file);
}

TEST(CheckpointWriter, OnlyTheNamedStoredWeightsChange) {
  const std::string file =
      content_of(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
  OwnedWeights weights = stored_weights(file);
  std::vector<float> dense = weights.at("model.102.rbr_dense.0");
  for (float& weight : dense) weight = rounded_to_half(weight * 0.9F);
  const auto written = rewrite(file, StoredWeights{{"model.102.rbr_dense.0", dense}});
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_EQ(changed_entries(file, *written).size(), 1U);
  weights["model.102.rbr_dense.0"] = dense;
  EXPECT_TRUE(stored_weights(*written) == weights);
}

TEST(CheckpointWriter, AuxiliaryHeadsKeepTheirValues) {
  QYOLO_NEEDS_SHARED("data/zoo/training-yolov7-w6.pt");
  const std::string file = content_of(testing::shared_dir() / "data/zoo/training-yolov7-w6.pt");
  const auto written = rewrite(file, with_other_weights(*load_graph(file)));
  ASSERT_TRUE(written.ok()) << written.error().message;
  const OwnedWeights before = stored_weights(file), after = stored_weights(*written);
  int kept = 0;
  for (const auto& [name, weight] : before) kept += weight == after.at(name) ? 1 : 0;
  EXPECT_EQ(kept, 115 - 107);
  EXPECT_EQ(before.at("model.122.m2.3"), after.at("model.122.m2.3"));
}

// --- networks of a few layers ---

// Weights and biases that were written and read again.
void expect_same_weights(const std::string& file, const Graph& given) {
  const auto written = rewrite(file, given);
  ASSERT_TRUE(written.ok()) << written.error().message;
  const auto loaded = load_graph(*written);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  for (const int node : given.conv_nodes()) {
    const auto i = static_cast<std::size_t>(node);
    EXPECT_EQ(loaded->nodes[i].conv()->weight, given.nodes[i].conv()->weight);
    EXPECT_EQ(loaded->nodes[i].conv()->bias, given.nodes[i].conv()->bias);
  }
}

TEST(CheckpointWriter, FullPrecisionFilesGetTheWeightsAsTheyAre) {
  TinyNetwork network;
  network.layers[0] = network.conv_layer(
      0, make::integer(-1), {4, 3, 3, 2, 1, 1, make::pseudo_random(108, 1), {1, 2, 3, 4}},
      {{3, -1, 1, 1}, {0.5F, 0, 0, 0}, {2, 0, 7, 0}, {3.75F, 1, 0, 1}});
  const std::string file = network.checkpoint();
  expect_same_weights(file, with_other_weights(*load_graph(file)));
}

TEST(CheckpointWriter, TheOtherBranchesOfARepConvGiveNothing) {
  TinyNetwork network;
  const make::NormFields norm{{1, 2, -1, 1}, {0.5F, 1, 0, 0}, {2, 0, 7, 0}, {3, 1, 0.5F, 1}};
  const auto branch = [&](const make::ConvFields& conv) {
    return make::sequential(
        {make::conv2d(network.writer, conv), make::batch_norm(network.writer, norm)});
  };
  network.layers[1] = make::module(
      "models.common", "RepConv", {}, {},
      {{"act", make::silu()},
       {"rbr_identity", make::batch_norm(network.writer, norm)},
       {"rbr_dense", branch({4, 4, 3, 1, 1, 1, make::pseudo_random(144, 5), {1, 2, 3, 4}})},
       {"rbr_1x1", branch({4, 4, 1, 1, 1, 1, make::pseudo_random(16, 6), {4, 3, 2, 1}})}},
      make::placed(1, make::integer(-1)));
  const std::string file = network.checkpoint();
  const auto graph = load_graph(file);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->nodes[1].conv()->weight.size(), 144U);
  expect_same_weights(file, with_other_weights(*graph));
  const auto written = rewrite(file, *graph);
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_THAT(stored_weights(*written).at("model.1.rbr_1x1.0"), ::testing::Each(0));
}

TEST(CheckpointWriter, ImplicitKnowledgeBecomesNeutral) {
  TinyNetwork network;
  const auto implicit = [&](std::string_view kind, std::int64_t count) {
    const std::vector<float> values(static_cast<std::size_t>(count), 0.5F);
    return make::module_list(
        {make::module("models.common", kind,
                      {{"implicit", network.writer.tensor(values, {1, count, 1, 1})}}, {}, {})});
  };
  network.layers[3] = network.detect(3, make::list({make::integer(2)}), "IDetect",
                                     {{"ia", implicit("ImplicitA", TinyNetwork::kHeadChannels)},
                                      {"im", implicit("ImplicitM", TinyNetwork::kOutputs)}});
  const std::string file = network.checkpoint();
  const auto graph = load_graph(file);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  expect_same_weights(file, with_other_weights(*graph));
}

make::Pickle half_weight(TinyNetwork& network, const std::vector<std::int64_t>& stride) {
  const std::string key = network.writer.add_storage(std::string(32, '\0'));
  return make::tensor_of({"HalfStorage", key, 16, 0, {4, 4, 1, 1}, stride});
}

TEST(CheckpointWriter, WeightsFollowTheirStrides) {
  TinyNetwork network;
  make::ConvFields conv{4, 4, 1};
  conv.weight_tensor = half_weight(network, {1, 4, 1, 1});
  network.layers[1] = network.conv_layer(1, make::integer(-1), conv);
  const std::string file = network.checkpoint();
  std::vector<float> weights(16, 0);
  weights[1] = 1.5F;
  const auto written = rewrite(file, StoredWeights{{"model.1.conv", weights}});
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_EQ(stored_weights(*written).at("model.1.conv"), weights);
  const auto loaded = load_graph(*written);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_NEAR(loaded->nodes[1].conv()->weight[1], 1.5, 1e-3);  // its batch normalization stays
}

TEST(CheckpointWriter, ValuesTooLargeForTheFileAreRefused) {
  TinyNetwork network;
  make::ConvFields conv{4, 4, 1};
  conv.weight_tensor = half_weight(network, {4, 1, 1, 1});
  network.layers[1] = network.conv_layer(1, make::integer(-1), conv);
  const std::string file = network.checkpoint();
  Graph graph = *load_graph(file);
  std::get<ConvNode>(graph.nodes[1].op).weight[5] = 70000;
  EXPECT_EQ(rewrite_refusal(file, graph),
            "x.pt: tensor model.1.conv.weight: the new value 70000 is no finite number in the "
            "file's HalfStorage");
}

TEST(CheckpointWriter, BothNetworksOfATrainingCheckpointAreReplaced) {
  TinyNetwork network;
  const make::Pickle ema = network.model();
  network.layers[1] =
      network.conv_layer(1, make::integer(-1), {4, 4, 1, 1, 1, 1, make::pseudo_random(16, 9)},
                         {{1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}});
  const make::Pickle model = network.model();
  const std::string file = network.writer.archive(make::dict({{"model", model}, {"ema", ema}}));
  const Graph given = with_other_weights(*load_graph(file));
  const auto written = rewrite(file, given);
  ASSERT_TRUE(written.ok()) << written.error().message;
  const auto loaded = load_graph(*written);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->source, "ema");
  EXPECT_EQ(loaded->nodes[1].conv()->weight, given.nodes[1].conv()->weight);

  const auto archive = ZipArchive::from_bytes(bytes_of(*written), "x.pt");
  auto checkpoint = plan_checkpoint(*archive);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message;
  ASSERT_NE(checkpoint->other, nullptr);
  const auto other = ModuleRecord::from(*checkpoint->other, "");
  const auto averaged = all_modules(checkpoint->network), trained = all_modules(*other);
  ASSERT_EQ(averaged->size(), trained->size());
  std::size_t compared = 0;
  for (std::size_t i = 0; i < averaged->size(); ++i) {
    const auto expected = (*averaged)[i].tensors(), found = (*trained)[i].tensors();
    ASSERT_EQ(expected.size(), found.size());
    for (std::size_t k = 0; k < expected.size(); ++k, ++compared) {
      EXPECT_EQ(*checkpoint->reader.read(*found[k].second, "model"),
                *checkpoint->reader.read(*expected[k].second, "ema"));
    }
  }
  EXPECT_EQ(compared, 2U * 6 + 2 + 1);
}

TEST(CheckpointWriter, TwoDifferentNetworksInOneFileAreRefused) {
  TinyNetwork network;
  const make::Pickle ema = network.model();
  network.layers[1] =
      network.conv_layer(1, make::integer(-1), {4, 4, 3, 1, 1, 1, make::pseudo_random(144, 9)});
  const std::string wider =
      network.writer.archive(make::dict({{"model", network.model()}, {"ema", ema}}));
  EXPECT_THAT(
      rewrite_refusal(wider, *load_graph(wider)),
      HasSubstr("x.pt: tensor model.1.conv.weight of 'model' is a FloatStorage of [4, 4, 3, 3], "
                "its counterpart a FloatStorage of [4, 4, 1, 1]"));

  network.layers.erase(network.layers.begin());
  const std::string shorter =
      network.writer.archive(make::dict({{"model", network.model()}, {"ema", ema}}));
  EXPECT_THAT(rewrite_refusal(shorter, *load_graph(shorter)),
              HasSubstr("'ema' and 'model' are two networks"));
}

// Two layers with one storage, of which `quantized` gives both the same weight or not.
TEST(CheckpointWriter, SharedWeightsMustStayEqual) {
  TinyNetwork network;
  const std::string key =
      network.writer.add_storage(make::storage_bytes(make::pseudo_random(16, 2)));
  make::ConvFields conv{4, 4, 1};
  conv.weight_tensor = make::tensor_of({"FloatStorage", key, 16, 0, {4, 4, 1, 1}, {4, 1, 1, 1}});
  network.layers[1] = network.conv_layer(1, make::integer(-1), conv);
  network.layers.insert(network.layers.begin() + 2, network.conv_layer(2, make::integer(-1), conv));
  network.layers[3] =
      make::module("models.common", "Concat", {}, {}, {},
                   make::placed(3, make::list({make::integer(-1), make::integer(0)}),
                                {{"d", make::integer(1)}}));
  network.layers[4] = network.detect(4, make::list({make::integer(3)}));
  const std::string file = network.checkpoint();

  const std::vector<float> one(16, 1), two(16, 2);
  EXPECT_EQ(rewrite_refusal(file, StoredWeights{{"model.1.conv", one}, {"model.2.conv", one}}),
            "accepted");
  EXPECT_THAT(rewrite_refusal(file, StoredWeights{{"model.1.conv", one}, {"model.2.conv", two}}),
              HasSubstr("tensor model.2.conv.weight shares its storage"));
  EXPECT_THAT(rewrite_refusal(file, StoredWeights{{"model.1.conv", one}}),
              HasSubstr("tensor model.2.conv.weight must stay as it is"));
}

TEST(CheckpointWriter, WhatTheFileDoesNotHaveIsRefused) {
  const std::string file = TinyNetwork().checkpoint();
  const std::vector<float> weights(16, 0);
  EXPECT_EQ(
      rewrite_refusal(file, StoredWeights{{"model.1.conv", weights}, {"model.7.conv", weights}}),
      "x.pt: the checkpoint has no convolution 'model.7.conv'");
  EXPECT_THAT(rewrite_refusal(file, StoredWeights{{"model.0.conv", weights}}),
              HasSubstr("model.0.conv.weight has 108 values and cannot hold 16"));
  EXPECT_THAT(rewrite_refusal(file, StoredWeights{{"model.1.bn", weights}}),
              HasSubstr("no convolution 'model.1.bn'"));

  const std::string other = "x.pt: the quantized graph is not that of this checkpoint's network";
  Graph graph = *load_graph(file);
  std::get<ConvNode>(graph.nodes[1].op).name = "model.1.other";
  EXPECT_EQ(rewrite_refusal(file, graph), other);
  graph.nodes.pop_back();
  EXPECT_EQ(rewrite_refusal(file, graph), other);
}

TEST(CheckpointWriter, ABatchNormWithoutItsOwnBiasIsRefused) {
  TinyNetwork network;
  const make::Pickle norm =
      make::module("torch.nn.modules.batchnorm", "BatchNorm2d", {},
                   {{"running_mean", network.writer.tensor({0, 0, 0, 0}, {4})},
                    {"running_var", network.writer.tensor({1, 1, 1, 1}, {4})}},
                   {}, {{"eps", make::number(1e-3)}});
  const make::Pickle conv =
      make::conv2d(network.writer, {4, 4, 1, 1, 1, 1, make::pseudo_random(16, 2)});
  network.layers[1] = make::module("models.common", "Conv", {}, {},
                                   {{"conv", conv}, {"bn", norm}, {"act", make::silu()}},
                                   make::placed(1, make::integer(-1)));
  const std::string file = network.checkpoint();
  EXPECT_EQ(rewrite_refusal(file, *load_graph(file)),
            "x.pt: model.1.bn: the tensor weight is missing");
}

// Whatever single byte of the pickle is wrong: what loads is written or refused, and what is
// written loads again.
TEST(CheckpointWriter, NoSingleWrongPickleByteDoesHarm) {
  constexpr std::size_t kStep = 13;
  TinyNetwork network;
  const make::Pickle root = make::dict({{"model", network.model()}});
  std::size_t written = 0;
  for (std::size_t at = 0; at < root.size(); at += kStep) {
    make::Pickle changed = root;
    changed[at] = static_cast<char>(changed[at] ^ 0x11);
    const std::string file = network.writer.archive(changed);
    const auto graph = load_graph(file);
    if (!graph) continue;
    const auto result = rewrite(file, *graph);
    if (!result) continue;
    ASSERT_TRUE(load_graph(*result).ok()) << at;
    ++written;
  }
  EXPECT_GT(written, 0U);
}

TEST(CheckpointWriter, TheFileSaysWhatItsWeightsWereQuantizedAs) {
  testing::TemporaryFolder folder;
  const fs::path path = folder.path() / "x.pt", out = folder.path() / "y.pt";
  std::ofstream(path, std::ios::binary) << TinyNetwork().checkpoint();
  const auto graph = load_checkpoint(path);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  ASSERT_TRUE(write_dequantized_checkpoint(path, out, *graph, "affine 4-bit filter").ok());
  EXPECT_EQ(cell_of_checkpoint(out), "affine 4-bit filter");
  EXPECT_TRUE(load_checkpoint(out).ok());
  // Another one in its place.
  const fs::path again = folder.path() / "z.pt";
  ASSERT_TRUE(write_dequantized_checkpoint(out, again, *graph, "pwlq\n3-bit").ok());
  EXPECT_EQ(cell_of_checkpoint(again).substr(0, 4), "pwlq");
  EXPECT_EQ(cell_of_checkpoint(again).find('\n'), std::string::npos);
  EXPECT_TRUE(load_checkpoint(again).ok());
  EXPECT_EQ(cell_of_checkpoint(path), "");
  EXPECT_EQ(cell_of_checkpoint(folder.path() / "none.pt"), "");
}

TEST(CheckpointWriter, TheOriginalIsNeverOverwritten) {
  testing::TemporaryFolder folder;
  const fs::path path = folder.path() / "x.pt";
  std::ofstream(path, std::ios::binary) << TinyNetwork().checkpoint();
  const auto graph = load_checkpoint(path);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const fs::path same = folder.path() / "." / "x.pt";
  EXPECT_THAT(write_dequantized_checkpoint(path, same, *graph).error().message,
              HasSubstr("is the original checkpoint"));
  EXPECT_THAT(
      write_dequantized_checkpoint(path, folder.path() / "absent/y.pt", *graph).error().message,
      HasSubstr("absent/y.pt cannot be written"));
  EXPECT_THAT(
      write_dequantized_checkpoint(folder.path() / "none.pt", folder.path() / "y.pt", *graph)
          .error()
          .message,
      HasSubstr("none.pt cannot be opened"));
  EXPECT_FALSE(fs::exists(folder.path() / "y.pt"));
}

}  // namespace
}  // namespace qyolo::model
