// The reference's whole-network SQNR (golden/parts-w025.quantized.json: an independent
// implementation of the specification, all fused convolutions, printed to 0.01 dB).
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "common/json.h"
#include "harness/model/graph.h"
#include "harness/quant/quantize.h"
#include "tests/support/paths.h"

namespace qyolo::quant {
namespace {

TEST(Golden, WholeNetworkSqnrAgreesWithTheReference) {
  QYOLO_NEEDS_SHARED("golden/parts-w025.quantized.json");
  const auto golden = read_json(qyolo::testing::shared_dir() / "golden/parts-w025.quantized.json");
  ASSERT_TRUE(golden.ok()) << golden.error().message;
  const auto graph =
      model::load_checkpoint(qyolo::testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  ASSERT_EQ(golden->at("cells").size(), 13U);

  for (const Json& cell : golden->at("cells")) {
    const auto scheme = cell.at("scheme").get<std::string>();
    const auto granularity = cell.at("granularity").get<std::string>();
    const auto bits = cell.at("bits").get<int>();
    const auto recipe = make_recipe(scheme, bits, granularity);
    ASSERT_TRUE(recipe.ok()) << recipe.error().message;
    WeightError sum;
    for (const int node : graph->conv_nodes()) {
      const auto& conv = std::get<model::ConvNode>(graph->nodes[static_cast<std::size_t>(node)].op);
      const Shape shape{conv.filters, conv.channels / conv.groups, conv.kernel_h, conv.kernel_w};
      const auto tensor = quantize(conv.weight, shape, *recipe);
      ASSERT_TRUE(tensor.ok()) << tensor.error().message;
      std::vector<float> decoded(conv.weight.size());
      dequantize(*tensor, decoded);
      sum += weight_error(conv.weight, decoded);
    }
    EXPECT_NEAR(sum.sqnr_db(), cell.at("sqnr_db").get<double>(), 0.005)
        << scheme << " " << bits << " " << granularity;
  }
}

}  // namespace
}  // namespace qyolo::quant
