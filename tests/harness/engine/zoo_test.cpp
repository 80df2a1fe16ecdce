// The engine against the official code's outputs, without LibTorch: on every kind of machine.
#include <gmock/gmock.h>

#include <algorithm>

#include "harness/engine/engine.h"
#include "tests/support/zoo.h"

namespace qyolo::engine {
namespace {

class OfficialOutputs : public ::testing::TestWithParam<std::string> {};

// Random weights amplify the last bits of FP32: of some of these networks two right computations,
// which only add up in another order, are further apart than a ten-thousandth. How far is measured,
// by kernels of two kinds.
TEST_P(OfficialOutputs, FP32ReproducesThemAsWellAsTwoKindsOfKernelsAgree) {
  QYOLO_NEEDS_SHARED("data/zoo");
  const testing::ZooNetwork network = testing::read_zoo(GetParam());
  const auto engine = make_engine(network.graph, Precision::kFp32, 2).value();
  const auto outputs = testing::forward(*engine, network.input);
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  const double difference = testing::zoo_difference(network, *outputs);
  RecordProperty("difference_per_million", static_cast<int>(difference * 1e6));
  const auto own = make_engine(network.graph, Precision::kFp32, 2, KernelChoice::kOwn).value();
  const auto other = testing::forward(*own, network.input);
  ASSERT_TRUE(other.ok()) << other.error().message;
  const double apart = testing::zoo_distance(network, *outputs, *other);
  EXPECT_LT(difference, std::clamp(3 * apart, 1e-4, 2e-3)) << engine->description();
}

INSTANTIATE_TEST_SUITE_P(Zoo, OfficialOutputs, ::testing::ValuesIn(testing::zoo_networks()),
                         testing::zoo_test_name);

}  // namespace
}  // namespace qyolo::engine
