#include "harness/search/hybrid_cell.h"

#include "harness/cell/cell_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/network/quantize_network.h"
#include "harness/search/candidates.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

TEST(HybridCell, GivesEveryLayerItsRecipeAlsoAfterBeingWrittenAndRead) {
  const auto graph =
      model::load_checkpoint(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const std::vector<int> nodes = graph->conv_nodes();
  const std::vector<quant::Recipe> known = candidate_recipes(quant::Rounding::kNearest);
  std::vector<LayerChoice> recipes;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (i % 10 == 3) {
      recipes.push_back({});
    } else {
      recipes.push_back({known[(i % 7) * 37 % known.size()]});
    }
  }
  const auto made = hybrid_cell(*graph, recipes);
  ASSERT_TRUE(made.ok()) << made.error().message;
  const auto read = read_cell(Json::parse(matrix_block(*made).dump()), "test");
  ASSERT_TRUE(read.ok()) << read.error().message;
  for (const Cell& cell : {*made, *read}) {
    EXPECT_TRUE(check_rules(*graph, cell).ok());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const quant::Recipe* recipe = cell.recipe_for(traits_of(graph->conv(nodes[i])));
      ASSERT_EQ(recipe != nullptr, recipes[i].recipe.has_value()) << i;
      if (recipe == nullptr) continue;
      EXPECT_EQ(recipe->scheme, recipes[i].recipe->scheme) << i;
      EXPECT_EQ(recipe->options, recipes[i].recipe->options) << i;
      EXPECT_EQ(recipe->granularity.name(), recipes[i].recipe->granularity.name()) << i;
    }
  }
}

TEST(HybridCell, IsWrittenForAShell) {
  const auto graph =
      model::load_checkpoint(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
  ASSERT_TRUE(graph.ok());
  std::vector<LayerChoice> recipes(graph->conv_nodes().size(),
                                   {*quant::make_recipe("affine", 4, "filter")});
  recipes.back() = {*quant::make_recipe("pwlq", 8, "filter")};
  const auto cell = hybrid_cell(*graph, recipes);
  ASSERT_TRUE(cell.ok());
  const std::string text = flags_of(*cell).command_line();
  EXPECT_THAT(text, ::testing::StartsWith("--scheme affine --bits 4 --granularity filter "));
  EXPECT_THAT(text,
              ::testing::EndsWith(" --rule 'name=model\\.105\\.m\\.2 -> scheme=pwlq, bits=8'"));
}

TEST(HybridCell, LayersOutsideIntegersHaveTheirWeightsQuantizedOnly) {
  const auto graph =
      model::load_checkpoint(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
  ASSERT_TRUE(graph.ok());
  const std::vector<int> nodes = graph->conv_nodes();
  // Few of them: what the cell is of is integers all the same.
  std::vector<LayerChoice> layers(nodes.size(), {*quant::make_recipe("pwlq", 3, "filter")});
  layers[4] = {*quant::make_recipe("symmetric", 4, "filter"), true};
  layers[5] = {*quant::make_recipe("symmetric", 8, "filter"), true};
  layers[6] = {*quant::make_recipe("symmetric", 8, "filter")};
  layers[7] = {};
  const auto made = hybrid_cell(*graph, layers);
  ASSERT_TRUE(made.ok()) << made.error().message;
  const auto read = read_cell(Json::parse(matrix_block(*made).dump()), "test");
  ASSERT_TRUE(read.ok()) << read.error().message;
  for (const Cell& cell : {*made, *read}) {
    ASSERT_TRUE(cell.activations.has_value());
    EXPECT_EQ(cell.activations->bits, 8);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const quant::LayerTraits traits = traits_of(graph->conv(nodes[i]));
      EXPECT_EQ(cell.reads_floats(traits), !layers[i].integers) << i;
      EXPECT_EQ(cell.recipe_for(traits) != nullptr, layers[i].recipe.has_value()) << i;
    }
  }
}

TEST(HybridCell, NeedsALayerThatIsQuantized) {
  const auto graph =
      model::load_checkpoint(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt");
  ASSERT_TRUE(graph.ok());
  EXPECT_FALSE(hybrid_cell(*graph, std::vector<LayerChoice>(graph->conv_nodes().size())).ok());
}

}  // namespace
}  // namespace qyolo::harness
