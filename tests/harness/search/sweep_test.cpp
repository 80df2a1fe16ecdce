#include "harness/search/sweep.h"

#include <gtest/gtest.h>

#include <random>

#include "harness/engine/engine.h"
#include "harness/network/source_network.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

// Networks that differ from the embedded one in a convolution each.
class SweepOfOne : public ::testing::Test {
 protected:
  static constexpr int kHeight = 64, kWidth = 96, kBatch = 2;

  SourceNetwork source_ =
      SourceNetwork::open(testing::source_dir() / "datasets/parts/parts-yolov7-w025.pt").value();
  WeightStore store_{source_, 1};
  std::vector<int> nodes_ = source_.graph().conv_nodes();
  std::vector<std::uint8_t> rgb_ = noise();

  static std::vector<std::uint8_t> noise() {
    std::vector<std::uint8_t> values(std::size_t{3} * kHeight * kWidth * kBatch);
    std::mt19937 random(7);
    for (std::uint8_t& value : values) value = static_cast<std::uint8_t>(random() & 255U);
    return values;
  }
  [[nodiscard]] std::unique_ptr<model::Executor> engine() const {
    return engine::make_engine(source_.graph(), engine::Precision::kFp32, 1).value();
  }
  SweepNetwork original() {
    SweepNetwork network;
    for (std::size_t i = 0; i < nodes_.size(); ++i) network.convs.push_back(store_.original(i));
    return network;
  }
  SweepNetwork changed(std::size_t conv) {
    SweepNetwork network = original();
    ConvWeights weights = *network.convs[conv];
    for (float& weight : weights.weight) weight *= 0.75F;
    network.convs[conv] = std::make_shared<const ConvWeights>(std::move(weights));
    return network;
  }
  [[nodiscard]] std::vector<model::HeadOutput> alone(const SweepNetwork& network) const {
    const auto executor = engine();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      executor->set_weights(nodes_[i], network.convs[i]->weight);
      executor->set_bias(nodes_[i], network.convs[i]->bias);
    }
    return executor->forward(std::span<const std::uint8_t>(rgb_), kBatch, kHeight, kWidth).value();
  }
};

TEST_F(SweepOfOne, GivesTheOutputsThatEachNetworkGivesAloneForLessWork) {
  const std::size_t last = nodes_.size() - 1;
  std::vector<SweepNetwork> networks;
  for (const std::size_t conv : {last, std::size_t{40}, std::size_t{0}, std::size_t{70}})
    networks.push_back(changed(conv));
  networks.push_back(original());

  const auto executor = engine();
  Sweep sweep(source_.graph(), *executor, networks);
  std::vector<int> told(networks.size(), 0);
  const Status status = sweep.run(
      rgb_, kBatch, kHeight, kWidth,
      [&](std::size_t network, const std::vector<model::HeadOutput>& outputs) -> Status {
        ++told[network];
        const auto expected = alone(networks[network]);
        if (outputs.size() != expected.size()) return error("levels");
        for (std::size_t level = 0; level < outputs.size(); ++level)
          EXPECT_EQ(outputs[level].values, expected[level].values) << network << " at " << level;
        return {};
      });
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(told, std::vector<int>(networks.size(), 1));
  EXPECT_EQ(sweep.work().forwards, static_cast<std::int64_t>(networks.size()));
  EXPECT_EQ(sweep.work().resumed, 3);  // all but the first, and the one that differs from the start
  EXPECT_GT(sweep.work().saved_share(), 0.25);
  EXPECT_LT(sweep.work().saved_share(), 0.6);
}

// What the maps were computed with is not what they are now.
TEST_F(SweepOfOne, BeginsAnewWhereActivationsAreQuantizedOtherwise) {
  std::vector<SweepNetwork> networks = {original(), changed(80), changed(80)};
  networks.back().quantizers = {{nodes_[3], {0.02F, 14, 8}}};
  const auto executor = engine();
  Sweep sweep(source_.graph(), *executor, networks);
  std::vector<std::vector<float>> found(networks.size());
  const Status status =
      sweep.run(rgb_, kBatch, kHeight, kWidth,
                [&](std::size_t network, const std::vector<model::HeadOutput>& outputs) -> Status {
                  found[network] = outputs.front().values;
                  return {};
                });
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(sweep.work().resumed, 1);
  EXPECT_EQ(found[1], alone(networks[1]).front().values);
  const auto quantized = engine();
  ASSERT_TRUE(quantized->set_activation_quantizers(networks.back().quantizers).ok());
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    quantized->set_weights(nodes_[i], networks.back().convs[i]->weight);
  EXPECT_EQ(found[2],
            quantized->forward(std::span<const std::uint8_t>(rgb_), kBatch, kHeight, kWidth)
                ->front()
                .values);
  EXPECT_NE(found[2], found[1]);
}

TEST_F(SweepOfOne, RunsOnlyTheMarkedOnesAndPassesOnAFailure) {
  const auto executor = engine();
  Sweep sweep(source_.graph(), *executor, {changed(3), original(), changed(50)});
  std::vector<std::size_t> told;
  const auto note = [&](std::size_t network, const std::vector<model::HeadOutput>&) -> Status {
    told.push_back(network);
    return {};
  };
  ASSERT_TRUE(sweep.run(rgb_, kBatch, kHeight, kWidth, {false, false, true}, note).ok());
  EXPECT_EQ(told, std::vector<std::size_t>{2});
  const Status failed = sweep.run(
      rgb_, kBatch, kHeight, kWidth,
      [](std::size_t, const std::vector<model::HeadOutput>&) -> Status { return error("enough"); });
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message, "enough");
}

TEST_F(SweepOfOne, CountsMultiplyAccumulatesOfTheConvolutions) {
  const auto macs = convolution_macs(source_.graph(), kHeight, kWidth).value();
  ASSERT_EQ(macs.size(), source_.graph().nodes.size());
  const auto& first =
      std::get<model::ConvNode>(source_.graph().nodes[static_cast<std::size_t>(nodes_[0])].op);
  EXPECT_EQ(macs[static_cast<std::size_t>(nodes_[0])],
            std::int64_t{kHeight} * kWidth * static_cast<std::int64_t>(first.weight.size()));
  const auto four_times = convolution_macs(source_.graph(), 2 * kHeight, 2 * kWidth).value();
  for (const int node : nodes_)
    EXPECT_EQ(four_times[static_cast<std::size_t>(node)], 4 * macs[static_cast<std::size_t>(node)]);
}

}  // namespace
}  // namespace qyolo::harness
