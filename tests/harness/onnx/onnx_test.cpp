#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>

#include "common/file.h"
#include "common/sha256.h"
#include "harness/network/quantize_network.h"
#include "harness/network/source_network.h"
#include "harness/onnx/metadata.h"
#include "harness/onnx/model_file.h"
#include "harness/onnx/reader.h"
#include "harness/onnx/writer.h"
#include "tests/support/checkpoint_writer.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

Cell cell_of(const std::string& json) { return read_cell(Json::parse(json), "test").value(); }
const char* const kFp32 = R"({"scheme": "fp32"})";

struct Exported {
  QuantizedNetwork network;  // of quantized cells
  OnnxReport report;
};

Result<Exported> write(const fs::path& path, SourceNetwork& source, const Cell& cell,
                       const OnnxOptions& options,
                       const std::optional<OnnxActivations>& activations = {}) {
  Exported made;
  OnnxNetwork network{source.graph(), cell, "0123", {}, activations};
  const std::vector<int> nodes = source.graph().conv_nodes();
  if (!cell.baseline) {
    QYOLO_TRY(made.network, quantize_network(source, cell, 1));
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const model::ConvNode& conv = source.graph().conv(nodes[i]);
    if (cell.baseline) {
      network.convs.push_back({conv.weight, conv.bias, nullptr});
    } else {
      const bool coded = made.network.unfused.empty() && made.network.layers[i].tensor;
      network.convs.push_back({made.network.weight(i), made.network.convs[i].bias,
                               coded ? &*made.network.layers[i].tensor : nullptr});
    }
  }
  QYOLO_TRY(made.report, write_onnx(path, network, options));
  return made;
}

OnnxOptions small_options(OnnxContainer container = OnnxContainer::kInt8) {
  OnnxOptions options;
  options.container = container;
  options.height = options.width = 64;
  return options;
}

class OnnxFile : public ::testing::Test {
 protected:
  SourceNetwork source_ =
      SourceNetwork::open(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt").value();
  testing::TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "net.onnx";
};

TEST_F(OnnxFile, FloatingPointComesBackBitForBit) {
  const auto made = write(path_, source_, cell_of(kFp32), small_options());
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->report.file, static_cast<std::int64_t>(fs::file_size(path_)));
  EXPECT_EQ(made->report.opset, 13);
  auto read = SourceNetwork::open(path_);
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_NE(read->artifact(), nullptr);
  EXPECT_TRUE(read->artifact()->onnx);
  EXPECT_EQ(read->artifact()->checkpoint_sha256, "0123");
  EXPECT_EQ(read->artifact()->cell.label(), "FP32");
  for (const int node : source_.graph().conv_nodes()) {
    ASSERT_EQ(read->graph().conv(node).weight, source_.graph().conv(node).weight);
    ASSERT_EQ(read->graph().conv(node).bias, source_.graph().conv(node).bias);
  }
}

TEST_F(OnnxFile, EveryGranularityComesBackUpToTheRoundingOfItsScales) {
  for (const OnnxContainer container :
       {OnnxContainer::kInt8, OnnxContainer::kInt4, OnnxContainer::kFloat}) {
    for (const char* recipe :
         {R"("affine", "bits": 4, "granularity": "filter")",
          R"("affine", "bits": 8, "granularity": "layer")",
          R"("affine", "bits": 4, "granularity": "fshape")",
          R"("symmetric", "bits": 4, "granularity": "group:32")",
          R"("symmetric", "bits": 3, "granularity": "channel", "rules": ["1x1 -> filter"])",
          R"("pwlq", "bits": 4, "granularity": "filter", "keep": "head")",
          R"("affine", "bits": 4, "granularity": "filter", "fold": "off")"}) {
      SCOPED_TRACE(recipe);
      const Cell cell = cell_of(fmt::format(R"({{"scheme": {}}})", recipe));
      const auto made = write(path_, source_, cell, small_options(container));
      ASSERT_TRUE(made.ok()) << made.error().message;
      const auto read = load_onnx(path_);
      ASSERT_TRUE(read.ok()) << read.error().message;
      EXPECT_EQ(read->cell.label().find(cell.label()), std::string("artifact ").size());
      const std::vector<int> nodes = source_.graph().conv_nodes();
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        const std::vector<float>& weights = read->graph.conv(nodes[i]).weight;
        const auto expected = made->network.weight(i);
        ASSERT_EQ(weights.size(), expected.size());
        for (std::size_t k = 0; k < weights.size(); ++k)
          ASSERT_NEAR(weights[k], expected[k], 2e-7F * std::abs(expected[k])) << i;
        ASSERT_EQ(read->graph.conv(nodes[i]).bias, made->network.convs[i].bias);
      }
    }
  }
}

TEST_F(OnnxFile, WhatIsInItIsCounted) {
  const auto made = write(path_, source_, cell_of(R"({"scheme": "affine", "bits": 4,
      "granularity": "filter", "keep": "head"})"),
                          small_options(OnnxContainer::kInt4));
  ASSERT_TRUE(made.ok()) << made.error().message;
  const OnnxReport& report = made->report;
  EXPECT_EQ(report.opset, 21);
  EXPECT_EQ(report.tensors.at("int4"), 89);
  // Checkpoint and kept layers are in 16 bits.
  EXPECT_EQ(report.tensors.at("float16"), 3);
  EXPECT_EQ(report.codes, (source_.graph().conv_weights() - 17472) / 2);
  EXPECT_EQ(report.weights, 2 * 17472);
  EXPECT_EQ(report.biases, 2 * source_.graph().biases());
  EXPECT_TRUE(report.changes.empty());
}

TEST_F(OnnxFile, ActivationsComeBack) {
  OnnxActivations activations;
  activations.calibrated.input = {true, {1.0F / 255, 0, 8}};
  activations.calibrated.groups = {{{0}, {-0.25, 4}, {0.02F, 12, 8}}};
  activations.before[0] = {0.05F, 100, 8};
  const Cell cell = cell_of(R"({"scheme": "symmetric", "bits": 8, "granularity": "filter",
                                "activation_bits": 8})");
  const auto made = write(path_, source_, cell, small_options(), activations);
  ASSERT_TRUE(made.ok()) << made.error().message;
  const auto read = load_onnx(path_);
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_TRUE(read->activations.has_value());
  EXPECT_EQ(read->activations->quantizers(), activations.calibrated.quantizers());
  EXPECT_EQ(read->activations->input.parameters, activations.calibrated.input.parameters);
}

TEST_F(OnnxFile, MetadataSayHowTheNetworkIsFed) {
  ASSERT_TRUE(write(path_, source_, cell_of(kFp32), small_options()).ok());
  const std::string file = read_file(path_).value();
  const RawModel model = parse_onnx_model(file).value();
  EXPECT_EQ(model.metadata.at("stride"), "32");
  EXPECT_EQ(model.metadata.at("imgsz"), "[64, 64]");
  EXPECT_EQ(model.metadata.at("cell"), "FP32");
  EXPECT_THAT(std::string(model.metadata.at("names")), HasSubstr("{0: '"));
  EXPECT_THAT(std::string(model.metadata.at("preprocessing")), HasSubstr("114"));
}

TEST_F(OnnxFile, SizesThatTheNetworkDoesNotTakeAreRefused) {
  OnnxOptions options = small_options();
  options.height = 50;
  const auto made = write(path_, source_, cell_of(kFp32), options);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, HasSubstr("50"));
}

// A network of a few hundred weights, so that every byte of its file can be tried.
class TinyOnnx : public ::testing::Test {
 protected:
  TinyOnnx() {
    EXPECT_TRUE(write_file(folder_.path() / "tiny.pt", testing::TinyNetwork().checkpoint()).ok());
    SourceNetwork source = SourceNetwork::open(folder_.path() / "tiny.pt").value();
    const auto made = write(path_, source, cell_of(R"({"scheme": "affine", "bits": 4,
                            "granularity": "filter", "keep": "head"})"),
                            small_options(OnnxContainer::kInt4));
    EXPECT_TRUE(made.ok()) << made.error().message;
    file_ = read_file(path_).value();
  }

  static std::string refusal(const std::string& content) {
    const auto loaded =
        load_onnx(std::as_bytes(std::span(content.data(), content.size())), "x.onnx");
    return loaded.ok() ? "accepted" : loaded.error().message;
  }

  // The file with one text in place of another of that length.
  [[nodiscard]] std::string with(const std::string& text, const std::string& other) const {
    EXPECT_EQ(text.size(), other.size());
    std::string changed = file_;
    const std::size_t at = changed.find(text);
    EXPECT_NE(at, std::string::npos) << text;
    return changed.replace(at, text.size(), other);
  }

  // The file with another description: metadata are the last of it.
  [[nodiscard]] std::string with_description(const std::string& text) const {
    const RawModel model = parse_onnx_model(file_).value();
    const std::string_view old = model.metadata.at("qyolo");
    const auto varint = [](std::size_t value) {
      std::string bytes;
      for (; value >= 128; value >>= 7) bytes.push_back(static_cast<char>(value | 128));
      return bytes + static_cast<char>(value);
    };
    const auto entry = [&](std::string_view value) {
      const std::string inside = "\x0A\x05qyolo\x12" + varint(value.size()) + std::string(value);
      return "\x72" + varint(inside.size()) + inside;
    };
    std::string changed = file_;
    const std::string before = entry(old);
    const std::size_t at = changed.find(before);
    EXPECT_NE(at, std::string::npos);
    return changed.replace(at, before.size(), entry(text));
  }

  testing::TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "tiny.onnx";
  std::string file_;
};

TEST_F(TinyOnnx, NoTruncationIsAccepted) {
  ASSERT_EQ(refusal(file_), "accepted");
  for (std::size_t size = 0; size < file_.size(); size += 1 + size / 100)
    ASSERT_NE(refusal(file_.substr(0, size)), "accepted") << size;
}

// Names and texts for people may change, what is computed may not.
TEST_F(TinyOnnx, NoBitOfGraphAndTensorsCanChangeUnnoticed) {
  const std::size_t graph_end = file_.find("tensors_sha256");
  ASSERT_NE(graph_end, std::string::npos);
  const Artifact original = load_onnx(path_).value();
  for (std::size_t byte = 0; byte < file_.size(); byte += 1 + byte / 500) {
    std::string damaged = file_;
    damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << byte % 8));
    const auto loaded = load_onnx(std::as_bytes(std::span(damaged.data(), damaged.size())), "x");
    if (!loaded.ok()) {
      ASSERT_EQ(loaded.error().message.find('\n'), std::string::npos);
      continue;
    }
    for (const int node : original.graph.conv_nodes())
      ASSERT_EQ(loaded->graph.conv(node).weight, original.graph.conv(node).weight) << byte;
  }
}

TEST_F(TinyOnnx, AChangedGraphIsRefused) {
  EXPECT_THAT(refusal(with("Sigmoid", "Softmax")), HasSubstr("it was changed"));
  // A node that reads what is made after it.
  EXPECT_THAT(refusal(with("images", "boxes\x01")), HasSubstr("it was changed"));
  EXPECT_THAT(refusal(with("\"stride\":[2,2]", "\"stride\":[1,1]")), HasSubstr("x.onnx: "));
}

TEST_F(TinyOnnx, TensorsOfOtherSizesOrPlacesAreRefused) {
  const RawModel model = parse_onnx_model(file_).value();
  const RawTensor& tensor = model.tensors.front();
  const auto data_at = static_cast<std::size_t>(tensor.data.data() - file_.data());
  std::string damaged = file_;
  damaged[data_at] = static_cast<char>(damaged[data_at] ^ 1);
  EXPECT_THAT(refusal(damaged), HasSubstr("do not match their checksum"));
  // Raw data become the name of another file.
  const std::size_t tag = damaged.rfind('\x4A', data_at);
  damaged = file_;
  damaged[tag] = '\x6A';
  EXPECT_THAT(refusal(damaged), HasSubstr("lies in another file"));
}

TEST_F(TinyOnnx, OtherPeoplesFilesAreNamed) {
  const std::string nodes =
      "\x0A\x08\x22\x06"
      "Einsum";
  const std::string foreign =
      "\x08\x07\x12\x07pytorch\x3A" + std::string(1, static_cast<char>(nodes.size())) + nodes;
  EXPECT_EQ(refusal(foreign),
            "x.onnx: an ONNX file by 'pytorch' (1 nodes, Einsum among them, which no network of "
            "qyolo's has); expected one that `qyolo export` has written, or the checkpoint it was "
            "exported from");
  EXPECT_THAT(refusal("not at all"), HasSubstr("no ONNX file"));
}

// Descriptions that ask for more than any file holds; what is in memory is never more.
TEST_F(TinyOnnx, DescriptionsOfHugeTensorsAreRefused) {
  const RawModel model = parse_onnx_model(file_).value();
  OrderedJson description = OrderedJson::parse(model.metadata.at("qyolo"));
  const auto refused = [&](const std::function<void(OrderedJson&)>& change) {
    OrderedJson changed = description;
    change(changed);
    return refusal(with_description(changed.dump()));
  };
  EXPECT_EQ(refused([](OrderedJson&) {}), "accepted");
  EXPECT_NE(refused([](OrderedJson& json) { json["graph"]["nodes"][0]["filters"] = 1 << 30; }),
            "accepted");
  EXPECT_NE(refused([](OrderedJson& json) { json["options"]["batch"] = 65537; }), "accepted");
  EXPECT_NE(refused([](OrderedJson& json) { json["options"]["height"] = 65536; }), "accepted");
  EXPECT_NE(refused([](OrderedJson& json) { json["weights"][0] = "int8"; }), "accepted");
  EXPECT_NE(refused([](OrderedJson& json) { json["weights"].erase(0); }), "accepted");
  EXPECT_NE(refused([](OrderedJson& json) { json["cell"]["bits"] = 9; }), "accepted");
  EXPECT_NE(refused([](OrderedJson& json) { json["activations"] = OrderedJson::object(); }),
            "accepted");
}

}  // namespace
}  // namespace qyolo::harness
