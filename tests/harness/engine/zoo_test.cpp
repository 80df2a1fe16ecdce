// The engine against the official code's outputs, without LibTorch: on every kind of machine.
#include <gmock/gmock.h>

#include "harness/engine/engine.h"
#include "tests/support/zoo.h"

namespace qyolo::engine {
namespace {

class OfficialOutputs : public ::testing::TestWithParam<std::string> {};

TEST_P(OfficialOutputs, FP32ReproducesThemWithinTenThousandthsOfTheRange) {
  QYOLO_NEEDS_SHARED("data/zoo");
  const testing::ZooNetwork network = testing::read_zoo(GetParam());
  const auto engine = make_engine(network.graph, Precision::kFp32, 2).value();
  const auto outputs = testing::forward(*engine, network.input);
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  const double difference = testing::zoo_difference(network, *outputs);
  RecordProperty("difference_per_million", static_cast<int>(difference * 1e6));
  EXPECT_LT(difference, 1e-4) << engine->description();
}

INSTANTIATE_TEST_SUITE_P(Zoo, OfficialOutputs, ::testing::ValuesIn(testing::zoo_networks()),
                         testing::zoo_test_name);

}  // namespace
}  // namespace qyolo::engine
