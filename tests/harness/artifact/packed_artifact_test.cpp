#include "harness/artifact/packed_artifact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <functional>

#include "common/file.h"
#include "common/sha256.h"
#include "harness/artifact/safetensors.h"
#include "harness/network/memory_account.h"
#include "harness/network/quantize_network.h"
#include "tests/support/checkpoint_writer.h"
#include "tests/support/full_size.h"
#include "tests/support/process.h"

namespace qyolo::harness {
namespace {

using quant::RegionCoding;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

Cell cell(const std::string& scheme, int bits, const std::string& granularity,
          const std::string& more = "") {
  return read_cell(
             Json::parse(fmt::format(R"({{"scheme": "{}", "bits": {}, "granularity": "{}"{}}})",
                                     scheme, bits, granularity, more)),
             "test")
      .value();
}

std::vector<std::uint32_t> bits_of(std::span<const float> values) {
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

struct Written {
  QuantizedNetwork network;
  ArtifactSizes sizes;
};

Result<Written> write(const fs::path& path, SourceNetwork& source, const Cell& how,
                      RegionCoding regions = RegionCoding::kRaw) {
  Written written;
  QYOLO_TRY(written.network, quantize_network(source, how, 2));
  QYOLO_TRY(written.sizes,
            write_artifact(path, {source.graph(), how, "0123"}, written.network, regions, 2));
  return written;
}

// Written and read, the network is bit for bit the one that was evaluated, in the bytes that the
// memory report says.
void expect_round_trip(SourceNetwork& source, const Cell& how, RegionCoding regions) {
  SCOPED_TRACE(how.label());
  const testing::TemporaryFolder folder;
  const fs::path path = folder.path() / "a.safetensors";
  const auto written = write(path, source, how, regions);
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_EQ(fs::file_size(path),
            static_cast<std::uintmax_t>(written->sizes.header + written->sizes.data));
  auto read = SourceNetwork::open(path);
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_NE(read->artifact(), nullptr);
  EXPECT_EQ(read->artifact()->checkpoint_sha256, "0123");
  EXPECT_EQ(read->artifact()->cell.label(), "artifact " + how.label());

  const std::vector<int> nodes = source.graph().conv_nodes();
  ASSERT_EQ(read->graph().conv_nodes(), nodes);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const model::ConvNode& conv = *read->graph().nodes[static_cast<std::size_t>(nodes[i])].conv();
    ASSERT_EQ(bits_of(conv.weight), bits_of(written->network.weight(i))) << conv.name;
    ASSERT_EQ(bits_of(conv.bias), bits_of(written->network.convs[i].bias)) << conv.name;
  }
  const auto memory = account(*read, read->artifact()->cell);
  ASSERT_TRUE(memory.ok()) << memory.error().message;
  EXPECT_EQ(memory->true_bytes(), written->sizes.data);
  const auto before = account(source, how);
  ASSERT_TRUE(before.ok()) << before.error().message;
  if (regions == RegionCoding::kRaw) {
    EXPECT_EQ(before->true_bytes(), written->sizes.data);
  } else {
    EXPECT_LT(written->sizes.data, before->true_bytes());
  }
}

class PackedArtifact : public ::testing::Test {
 protected:
  SourceNetwork source_ =
      SourceNetwork::open(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt").value();
};

TEST_F(PackedArtifact, DecodesToWhatWasEvaluatedUnderEveryScheme) {
  for (const quant::Scheme* scheme : quant::all_schemes()) {
    const quant::SchemeLimits limits = scheme->limits();
    const std::string granularity =
        limits.block > 0 ? fmt::format("group:{}", limits.block) : std::string("filter");
    expect_round_trip(source_,
                      cell(std::string(scheme->name()),
                           std::clamp(3, limits.least_bits, limits.most_bits), granularity),
                      RegionCoding::kRaw);
  }
}

TEST_F(PackedArtifact, StoresParametersOfAnyWidth) {
  expect_round_trip(
      source_,
      cell("affine", 4, "group:50",
           R"(, "scale_bits": 16, "integer_zero_points": true, "include_zero": true)"),
      RegionCoding::kRaw);
  expect_round_trip(source_, cell("pwlq", 5, "shape", R"(, "integer_zero_points": true,
                         "bias_correction": true, "kept_bits": 32)"),
                    RegionCoding::kRaw);
}

TEST_F(PackedArtifact, RegionsMayBeCoded) {
  expect_round_trip(source_, cell("pwlq", 4, "filter"), RegionCoding::kEntropy);
}

TEST_F(PackedArtifact, RulesAndKeptLayersComeBack) {
  expect_round_trip(source_, cell("pwlq", 4, "channel", R"(, "keep": "model\\.105\\..*", "rules":
                         ["1x1 -> filter", {"index": [0, 3], "scheme": "affine", "bits": 8}])"),
                    RegionCoding::kEntropy);
}

TEST_F(PackedArtifact, TheUnfusedLayoutIsFoldedWhereItIsRead) {
  expect_round_trip(source_, cell("affine", 4, "filter", R"(, "fold": "off")"), RegionCoding::kRaw);
  expect_round_trip(source_, cell("pwlq", 4, "filter", R"(, "fold": "off", "kept_bits": 32)"),
                    RegionCoding::kEntropy);
}

TEST_F(PackedArtifact, WritingIsDeterministic) {
  const testing::TemporaryFolder folder;
  const Cell how = cell("pwlq", 4, "filter");
  ASSERT_TRUE(write(folder.path() / "a", source_, how, RegionCoding::kEntropy).ok());
  ASSERT_TRUE(write(folder.path() / "b", source_, how, RegionCoding::kEntropy).ok());
  EXPECT_EQ(read_file(folder.path() / "a").value(), read_file(folder.path() / "b").value());
}

TEST_F(PackedArtifact, IsNotQuantizedAgain) {
  const testing::TemporaryFolder folder;
  const fs::path path = folder.path() / "a.safetensors";
  ASSERT_TRUE(write(path, source_, cell("affine", 4, "filter")).ok());
  SourceNetwork artifact = SourceNetwork::open(path).value();
  const auto again = quantize_network(artifact, cell("affine", 8, "filter"), 1);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().message,
            path.string() +
                " is quantized already (artifact affine 4-bit filter); quantize the checkpoint it "
                "was made from instead");
  EXPECT_FALSE(account(artifact, cell("affine", 8, "filter")).ok());
  Cell baseline;
  baseline.baseline = true;
  EXPECT_EQ(artifact.resolve(baseline).label(), "artifact affine 4-bit filter");
}

// The full-size graph, in both layouts.
TEST(PackedArtifactFull, OfYolov7TakesTheTrueBytes) {
  QYOLO_NEEDS_SHARED(testing::kFullSize);
  const testing::TemporaryFolder folder;
  SourceNetwork source = SourceNetwork::open(testing::unpack_full_size(folder)).value();
  expect_round_trip(source, cell("pwlq", 4, "filter"), RegionCoding::kRaw);
  expect_round_trip(source, cell("affine", 4, "filter", R"(, "fold": "off")"), RegionCoding::kRaw);
}

// A network of a few hundred bytes, so that every bit of its artifact can be tried.
class SmallArtifact : public ::testing::Test {
 protected:
  SmallArtifact() {
    EXPECT_TRUE(write_file(folder_.path() / "tiny.pt", testing::TinyNetwork().checkpoint()).ok());
    SourceNetwork source = SourceNetwork::open(folder_.path() / "tiny.pt").value();
    const auto written = write(path_, source, cell("pwlq", 3, "filter", R"(, "fold": "off")"));
    EXPECT_TRUE(written.ok());
    header_size_ = static_cast<std::size_t>(written->sizes.header);
    file_ = read_file(path_).value();
  }

  [[nodiscard]] std::string refusal(const std::string& content) const {
    EXPECT_TRUE(write_file(path_, content).ok());
    const auto loaded = load_artifact(path_, 1);
    return loaded.ok() ? "accepted" : loaded.error().message;
  }

  // The file with another description, and checksums that fit it.
  [[nodiscard]] std::string with_description(
      const std::function<void(OrderedJson&)>& change) const {
    const auto bytes = std::as_bytes(std::span(file_.data(), file_.size()));
    const auto parsed = artifact::Safetensors::from_bytes(bytes, "x").value().metadata();
    OrderedJson description = OrderedJson::parse(parsed.find("qyolo")->second);
    change(description);
    OrderedJson header = OrderedJson::parse(file_.substr(8, header_size_ - 8));
    const std::string zeros(64, '0');
    header["__metadata__"]["qyolo"] = description.dump();
    header["__metadata__"]["header_sha256"] = zeros;
    const std::string text = header.dump();
    std::string start;
    for (std::size_t i = 0; i < 8; ++i)
      start.push_back(static_cast<char>(text.size() >> (8 * i) & 0xFFU));
    start += text;
    start.replace(start.find(zeros), zeros.size(), sha256_hex(start));
    return start + file_.substr(header_size_);
  }

  testing::TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "tiny.safetensors";
  std::string file_;
  std::size_t header_size_ = 0;
};

TEST_F(SmallArtifact, NoBitCanChangeUnnoticed) {
  ASSERT_EQ(refusal(file_), "accepted");
  for (std::size_t byte = 0; byte < file_.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      if (byte >= header_size_ && (byte * 8 + static_cast<std::size_t>(bit)) % 5 != 0) continue;
      std::string damaged = file_;
      damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << bit));
      const auto bytes = std::as_bytes(std::span(damaged.data(), damaged.size()));
      const auto loaded = load_artifact(bytes, "x", 1);
      ASSERT_FALSE(loaded.ok()) << "byte " << byte << " bit " << bit;
      ASSERT_EQ(loaded.error().message.find('\n'), std::string::npos);
    }
  }
}

TEST_F(SmallArtifact, NoTruncationIsAccepted) {
  for (std::size_t size = 0; size < file_.size(); ++size) {
    const auto bytes = std::as_bytes(std::span(file_.data(), size));
    ASSERT_FALSE(load_artifact(bytes, "x", 1).ok()) << size;
  }
  EXPECT_NE(refusal(file_ + "x"), "accepted");
}

TEST_F(SmallArtifact, DamageIsSaidPlainly) {
  std::string damaged = file_;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  EXPECT_THAT(refusal(damaged), HasSubstr("does not match its checksum: the file is damaged"));
  damaged = file_;
  damaged[file_.find("qyolo") + 200] = '!';
  EXPECT_THAT(refusal(damaged), HasSubstr("the header"));
  EXPECT_THAT(refusal(std::string("\x02\0\0\0\0\0\0\0{}", 10)),
              HasSubstr("not an artifact that `qyolo quantize` has written"));
}

TEST_F(SmallArtifact, OptionsThatCameLaterAreNotMissed) {
  const OrderedJson description = [&] {
    OrderedJson seen;
    (void)with_description([&](OrderedJson& json) { seen = json; });
    return seen;
  }();
  const OrderedJson& recipe = description["convs"][0]["dense"]["recipe"];
  EXPECT_TRUE(recipe.contains("range"));
  EXPECT_FALSE(recipe.contains("rounding"));
  EXPECT_EQ(refusal(with_description([](OrderedJson& json) {
              json["convs"][0]["dense"]["recipe"]["rounding"] = nullptr;
            })),
            "accepted");
  EXPECT_THAT(refusal(with_description([](OrderedJson& json) {
                json["convs"][0]["dense"]["recipe"]["rounding"] = "gptq";
              })),
              HasSubstr("another recipe"));
  EXPECT_THAT(refusal(with_description(
                  [](OrderedJson& json) { json["convs"][0]["dense"]["recipe"].erase("range"); })),
              HasSubstr("another recipe"));
}

// Checksums keep accidents out, not intent: with fitting ones, every statement is still checked.
TEST_F(SmallArtifact, HostileDescriptionsAreRefused) {
  const auto with = [&](const std::function<void(OrderedJson&)>& change) {
    return refusal(with_description(change));
  };
  EXPECT_EQ(with([](OrderedJson&) {}), "accepted");
  EXPECT_THAT(with([](OrderedJson& json) { json["format"] = 2; }),
              HasSubstr("written in format 2; this version of qyolo reads format 1"));
  EXPECT_THAT(with([](OrderedJson& json) { json["cell"]["bits"] = 4; }),
              HasSubstr("is not a cell"));
  EXPECT_THAT(with([](OrderedJson& json) { json["cell"] = 7; }), HasSubstr("expected an object"));
  EXPECT_THAT(with([](OrderedJson& json) { json["regions"] = "none"; }),
              HasSubstr("expected raw or entropy"));
  EXPECT_THAT(with([](OrderedJson& json) { json["regions"] = "entropy"; }),
              HasSubstr("the coded regions do not end where the tensor does"));
  EXPECT_THAT(with([](OrderedJson& json) { json["convs"].erase(0); }),
              HasSubstr("expected one entry for each of 3 convolutions"));
  EXPECT_THAT(with([](OrderedJson& json) { json["convs"][0]["dense"]["recipe"]["bits"] = 8; }),
              HasSubstr("the cell gives model.0.conv another recipe"));
  EXPECT_THAT(with([](OrderedJson& json) { json["convs"][0]["dense"]["recipe"] = nullptr; }),
              HasSubstr("another recipe"));
  EXPECT_THAT(with([](OrderedJson& json) { json["convs"][0]["dense"]["name"] = "x"; }),
              HasSubstr("the checkpoint has no tensor x of that shape"));
  EXPECT_THAT(with([](OrderedJson& json) {
                json["convs"][1]["dense"]["norm"]["name"] =
                    json["convs"][0]["dense"]["norm"]["name"];
              }),
              HasSubstr("belongs to two layers"));
  EXPECT_THAT(with([](OrderedJson& json) {
                json["convs"][0]["identity"] = json["convs"][0]["dense"]["norm"];
              }),
              HasSubstr("its identity cannot be merged"));
  EXPECT_THAT(with([](OrderedJson& json) {
                json["convs"][2]["identity"] = json["convs"][0]["dense"]["norm"];
              }),
              HasSubstr("its branches cannot be merged"));
  EXPECT_THAT(with([](OrderedJson& json) { json["convs"][0]["implicit"] = true; }),
              HasSubstr("implicit knowledge needs a 1x1 convolution"));
  EXPECT_THAT(with([](OrderedJson& json) { json["convs"][0]["dense"]["bias"] = true; }),
              HasSubstr("the tensor model.0.conv.bias is missing"));
  EXPECT_THAT(with([](OrderedJson& json) { json["convs"][2]["dense"]["bias"] = false; }),
              HasSubstr("tensors that belong to no layer"));
  EXPECT_THAT(with([](OrderedJson& json) { json["graph"]["nodes"][0]["filters"] = 3; }),
              HasSubstr("'graph'"));
  EXPECT_THAT(with([](OrderedJson& json) { json["sha256"].erase("model.0.conv.codes"); }),
              HasSubstr("model.0.conv.codes does not match its checksum"));
  EXPECT_THAT(with([](OrderedJson& json) { json["convs"][0]["dense"]["norm"]["eps"] = -1; }),
              HasSubstr("NaN or an infinity"));
}

}  // namespace
}  // namespace qyolo::harness
