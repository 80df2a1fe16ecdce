#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string reference_run() { return (source_dir() / "results/reference/demo").string(); }

TEST(PlotCommand, WritesEveryChartOfARunAndPrintsThePaths) {
  const TemporaryFolder folder;
  const auto result =
      qyolo({"plot", reference_run(), "--out", folder.path().string(), "--scheme", "pwlq"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::string paths;
  for (const char* name :
       {"accuracy-bytes.svg", "accuracy-bits.svg", "heat-map.svg", "layer-sqnr.svg"}) {
    paths += (folder.path() / name).string() + '\n';
    EXPECT_THAT(content_of(folder.path() / name), StartsWith("<svg ")) << name;
  }
  EXPECT_EQ(result.out, paths);
  EXPECT_THAT(content_of(folder.path() / "layer-sqnr.svg"), HasSubstr("pwlq 3-bit"));
}

TEST(PlotCommand, NamesTheCellsWhereNoneIsAsAskedFor) {
  const auto result = qyolo({"plot", reference_run(), "--scheme", "pwlq", "--bits", "7"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("has no cell with the scheme 'pwlq' and 7 bits, expected a "
                                    "scheme and bits out of: affine 8, affine 6"));
}

// What layer-sqnr.svg tells 1x1 layers by.
TEST(EvalCommand, GivesTheShapeOfEveryLayer) {
  const auto result = qyolo(parts_eval({"--limit", "first:1", "--scheme", "affine"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json layers = Json::parse(result.out)["weight_error"]["layers"];
  ASSERT_EQ(layers.size(), 92U);
  EXPECT_EQ(layers[0]["shape"], Json({8, 3, 3, 3}));
  for (const Json& layer : layers) {
    std::int64_t weights = 1;
    for (const Json& size : layer["shape"]) weights *= size.get<std::int64_t>();
    EXPECT_EQ(layer["weights"], weights) << layer["name"];
  }
}

TEST(InspectCommand, DrawsTheWeightsOfALayerWithTheGrid) {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "weights.svg").string();
  std::vector<std::string> arguments = {
      "inspect", parts_model(),  "--scheme", "pwlq", "--granularity", "filter",
      "--layer", "model.0.conv", "--group",  "2",    "--histogram",   path};
  const auto result = qyolo(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, path + '\n');
  EXPECT_THAT(content_of(path), HasSubstr("[8, 3, 3, 3], group 2 of 8: 27 weights from "));
  arguments.insert(arguments.end(), {"-o", "json"});
  const Json json = Json::parse(qyolo(arguments).out);
  EXPECT_EQ(json["weights"], 27);
  EXPECT_EQ(json["breakpoints"].size(), 2U);
}

TEST(InspectCommand, RefusesAHistogramOfNothing) {
  const auto unknown = qyolo({"inspect", parts_model(), "--layer", "x", "--histogram", "/tmp/x"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("layer 'x': expected one of the 92 convolutions"));
  EXPECT_EQ(qyolo({"inspect", parts_model(), "--histogram", "/tmp/x"}).exit_code, 2);
  EXPECT_EQ(qyolo({"inspect", parts_model(), "--layer", "model.0.conv"}).exit_code, 2);
  EXPECT_EQ(
      qyolo({"inspect", parts_model(), "--layer", "model.0.conv", "--histogram", "/nowhere/x.svg"})
          .exit_code,
      2);
}

}  // namespace
}  // namespace qyolo::testing
