#include "harness/model/unfused.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/paths.h"

namespace qyolo::model {
namespace {

// Every checkpoint at hand: the embedded one, and the zoo where it is.
std::vector<std::filesystem::path> checkpoints() {
  std::vector<std::filesystem::path> found = {testing::source_dir() /
                                              "datasets/parts/parts-yolov7-w025.pt"};
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(testing::shared_dir() / "data/zoo", ignored))
    if (entry.path().extension() == ".pt") found.push_back(entry.path());
  return found;
}

TEST(Unfused, FoldingItGivesWhatTheCheckpointLoadsAs) {
  for (const auto& path : checkpoints()) {
    SCOPED_TRACE(path);
    const auto fused = load_checkpoint(path);
    const auto unfused = load_unfused(path);
    ASSERT_TRUE(fused.ok() && unfused.ok());
    const std::vector<int> nodes = fused->conv_nodes();
    ASSERT_EQ(unfused->convs.size(), nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const ConvNode& expected = *fused->nodes[static_cast<std::size_t>(nodes[i])].conv();
      ConvNode node = *unfused->graph.nodes[static_cast<std::size_t>(nodes[i])].conv();
      EXPECT_TRUE(node.weight.empty());
      ASSERT_TRUE(fold(unfused->convs[i], node).ok());
      EXPECT_EQ(node.weight, expected.weight) << expected.name;
      EXPECT_EQ(node.bias, expected.bias) << expected.name;
    }
  }
}

TEST(Unfused, ItsTensorsAreAmongTheStoredConvolutions) {
  for (const auto& path : checkpoints()) {
    SCOPED_TRACE(path);
    const auto unfused = load_unfused(path);
    ASSERT_TRUE(unfused.ok());
    std::set<std::string> stored;
    for (const auto& conv : unfused->graph.stored_convs) stored.insert(conv.name);
    for (const UnfusedConv& conv : unfused->convs) {
      EXPECT_EQ(stored.count(conv.dense.name), 1U) << conv.dense.name;
      if (!conv.pointwise) continue;
      EXPECT_EQ(stored.count(conv.pointwise->name), 1U) << conv.pointwise->name;
    }
  }
}

TEST(Unfused, StoredConvolutionsKnowTheirLayer) {
  const auto graph = load_checkpoint(checkpoints().front());
  ASSERT_TRUE(graph.ok());
  for (const Graph::StoredConv& conv : graph->stored_convs) {
    EXPECT_THAT(conv.name,
                ::testing::StartsWith("model." + std::to_string(conv.layer_index) + '.'));
    const bool rep = conv.name.find("rbr_") != std::string::npos;
    EXPECT_EQ(conv.layer_type == "RepConv", rep) << conv.name << " " << conv.layer_type;
  }
  EXPECT_EQ(graph->stored_convs.back().layer_type, graph->head_type);
}

}  // namespace
}  // namespace qyolo::model
