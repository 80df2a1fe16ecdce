// The trained network of datasets/parts: what is decoded from packed bytes is what is evaluated.
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include "harness/model/graph.h"
#include "harness/quant/packing.h"
#include "tests/support/paths.h"

namespace qyolo::quant {
namespace {

using Case = std::tuple<const Scheme*, int>;

class PackedNetwork : public ::testing::TestWithParam<Case> {
 protected:
  static const model::Graph& graph() {
    static const model::Graph loaded =
        model::load_checkpoint(qyolo::testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt")
            .value();
    return loaded;
  }
};

// Counts weights whose bits differ.
std::size_t differences(const std::vector<float>& a, const std::vector<float>& b) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::bit_cast<std::uint32_t>(a[i]) != std::bit_cast<std::uint32_t>(b[i])) ++count;
  return count;
}

TEST_P(PackedNetwork, DecodesToTheEvaluatedWeights) {
  const auto [scheme, bits] = GetParam();
  const std::int64_t block = scheme->limits().block;
  for (const Granularity::Description& granularity : Granularity::all()) {
    const std::string name = granularity.name == "group:G"
                                 ? fmt::format("group:{}", block > 0 ? block : 50)
                                 : std::string(granularity.name);
    const auto made = make_recipe(scheme->name(), bits, name);
    if (!made.ok()) continue;  // not for this scheme
    const Recipe& recipe = *made;
    for (const int node : graph().conv_nodes()) {
      const model::ConvNode& conv = *graph().nodes[static_cast<std::size_t>(node)].conv();
      const Shape shape{conv.filters, conv.channels / conv.groups, conv.kernel_h, conv.kernel_w};
      const QuantizedTensor tensor = quantize(conv.weight, shape, recipe).value();
      const auto unpacked = unpack(recipe, shape, pack(tensor).bytes());
      ASSERT_TRUE(unpacked.ok()) << name << " " << conv.name << ": " << unpacked.error().message;
      std::vector<float> evaluated(conv.weight.size()), decoded(conv.weight.size());
      dequantize(tensor, evaluated);
      dequantize(*unpacked, decoded);
      ASSERT_EQ(differences(decoded, evaluated), 0U) << name << " " << conv.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, PackedNetwork,
                         ::testing::Combine(::testing::ValuesIn(all_schemes()),
                                            ::testing::Range(2, 9)),
                         [](const auto& recipe) {
                           std::string name(std::get<0>(recipe.param)->name());
                           for (char& letter : name)
                             if (letter == '-') letter = '_';
                           return name + "_" + std::to_string(std::get<1>(recipe.param));
                         });

TEST(PackedRegions, OfTheTrainedNetworkTakeLessThanTheirBits) {
  const auto graph =
      model::load_checkpoint(qyolo::testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
  ASSERT_TRUE(graph.ok());
  const Recipe recipe = make_recipe("pwlq", 4, "filter").value();
  std::size_t weights = 0, bytes = 0;
  for (const int node : graph->conv_nodes()) {
    const model::ConvNode& conv = *graph->nodes[static_cast<std::size_t>(node)].conv();
    const Shape shape{conv.filters, conv.channels / conv.groups, conv.kernel_h, conv.kernel_w};
    const QuantizedTensor tensor = quantize(conv.weight, shape, recipe).value();
    const PackedTensor packed = pack(tensor, RegionCoding::kEntropy);
    const auto unpacked = unpack(recipe, shape, packed.bytes(), RegionCoding::kEntropy);
    ASSERT_TRUE(unpacked.ok()) << conv.name << ": " << unpacked.error().message;
    ASSERT_EQ(unpacked->regions, tensor.regions);
    weights += conv.weight.size();
    bytes += packed[Part::kRegions].size();
  }
  const double cost = 8.0 * static_cast<double>(bytes) / static_cast<double>(weights);
  RecordProperty("bits_per_weight", std::to_string(cost));
  EXPECT_LT(cost, 0.47);
  EXPECT_GT(cost, 0.45);
}

}  // namespace
}  // namespace qyolo::quant
