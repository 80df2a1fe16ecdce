// `qyolo recommend`, on a few images of the embedded data and with few candidates.
#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class RecommendCommand : public ::testing::Test {
 protected:
  // As little work as the command can do.
  [[nodiscard]] static ProcessResult run(const std::vector<std::string>& more,
                                         const std::string& calibration = parts("calib/images"),
                                         const std::string& limit = "first:8",
                                         const std::string& confirm = "0") {
    std::vector<std::string> arguments = {"recommend",
                                          "--model",
                                          parts_model(),
                                          "--images",
                                          parts("val/images"),
                                          "--annotations",
                                          parts("val/annotations.json"),
                                          "--img",
                                          "160",
                                          "--calibration",
                                          calibration,
                                          "--calibration-limit",
                                          "1",
                                          "--candidates",
                                          "2",
                                          "--evaluations",
                                          "3",
                                          "--limit",
                                          limit,
                                          "--confirm",
                                          confirm,
                                          "-q"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return qyolo(arguments);
  }

  TemporaryFolder folder_;
};

// Where the runtime is installed it says what it makes of the network, elsewhere the recommendation
// stands without it.
TEST_F(RecommendCommand, WhatIsRecommendedIsJudgedByAnotherRuntime) {
  const auto probe = run_process({"/usr/bin/env", "python3", "-c", "import numpy, onnxruntime"});
  const auto result = run({"--bits-per-weight", "8", "--schemes", "affine", "--rounding", "nearest",
                           "--no-uniform", "--format", "json", "--judge", "onnxruntime"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  if (probe.exit_code != 0) {
    EXPECT_FALSE(json.contains("judged"));
    EXPECT_THAT(result.err, HasSubstr("not judged: onnxruntime is not installed"));
    return;
  }
  ASSERT_EQ(json["judged"].size(), 1U) << result.err;
  const Json& judged = json["judged"][0];
  EXPECT_THAT(judged["runtime"].get<std::string>(), HasSubstr("ONNX Runtime"));
  EXPECT_EQ(judged["images"], 8);
  EXPECT_EQ(judged["convolutions"], 92);
  EXPECT_GT(judged["AP"].get<double>(), 0.1);
  EXPECT_NEAR(judged["AP"].get<double>(), judged["qyolo_AP"].get<double>(), 5e-4);
}

TEST_F(RecommendCommand, OnlyKnownRuntimesJudge) {
  const auto result = run({"--bits-per-weight", "8", "--judge", "tensorrt"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--judge: tensorrt not in {onnxruntime,openvino}"));
}

TEST_F(RecommendCommand, ABudgetGivesANetworkThatFitsAndFilesThatOtherCommandsTake) {
  const fs::path artifact = folder_.path() / "hybrid.safetensors";
  const fs::path experiment = folder_.path() / "hybrid.json";
  const fs::path measured = folder_.path() / "measured.json";
  const auto result =
      run({"--bits-per-weight", "4", "--regions", "entropy", "--schemes", "affine,pwlq",
           "--no-uniform", "--format", "json", "-o", artifact.string(), "--experiment",
           experiment.string(), "--json", measured.string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  const Json json = Json::parse(result.out);
  EXPECT_EQ(Json::parse(content_of(measured)), json);
  const auto budget = json["budget_bytes"].get<std::int64_t>();
  EXPECT_LE(json["hybrid"]["bytes"].get<std::int64_t>(), budget);
  EXPECT_LE(json["hybrid"]["bits_per_weight"].get<double>(), 4);
  EXPECT_EQ(json["hybrid"]["holds"], true);
  for (const Json& tried : json["hybrids_tried"]) {
    EXPECT_LE(tried["AP"].get<double>(), json["hybrid"]["AP"].get<double>());
    EXPECT_GE(tried["cost"].get<double>(), tried["cost_lower_bound"].get<double>());
  }
  // How regions code is only known once their weights are rounded.
  for (const Json& tried : json["hybrids_tried"])
    EXPECT_EQ(tried["holds"].get<bool>(), tried["bytes"].get<std::int64_t>() <= budget) << tried;
  // Every layer's choice is one of its candidates, and their sizes are the network's.
  std::int64_t bytes = 0;
  for (const Json& layer : json["layers"])
    bytes += layer["candidates"][layer["chosen"].get<std::size_t>()]["bytes"].get<std::int64_t>();
  // Of the schemes asked for, others were not tried.
  for (const Json& layer : json["layers"]) {
    for (const Json& candidate : layer["candidates"]) {
      const auto recipe = candidate["recipe"].get<std::string>();
      EXPECT_THAT(recipe.substr(0, recipe.find(' ')), ::testing::AnyOf("affine", "pwlq", "kept"));
    }
  }
  EXPECT_LE(bytes, json["hybrid"]["bytes"].get<std::int64_t>());

  const auto inspected = qyolo({"inspect", artifact.string(), "-o", "json"});
  ASSERT_EQ(inspected.exit_code, 0) << inspected.err;
  EXPECT_EQ(Json::parse(inspected.out)["artifact"]["data_bytes"], json["hybrid"]["bytes"]);

  const auto ran = qyolo({"run", experiment.string(), "--set", "rounds=0", "--out",
                          (folder_.path() / "run").string(), "-o", "json", "-q"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr(json["hybrid"]["AP"].dump()));
}

TEST_F(RecommendCommand, AToleranceOfEveryClassIsPartOfThePromise) {
  const auto result =
      run({"--tolerance", "100pt", "--class-tolerance", "0.001pt", "--no-uniform", "--rounding",
           "nearest", "--schemes", "affine,symmetric", "--format", "json"});
  ASSERT_THAT(result.exit_code, ::testing::AnyOf(0, 1)) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["tolerance"], 1.0);
  EXPECT_EQ(json["class_tolerance"], "0.001 points of AP");
  EXPECT_TRUE(json["uniform"].is_null());
  EXPECT_TRUE(json["uniforms_tried"].empty());
  EXPECT_EQ(json["work"]["uniforms_compared"], 0);
  bool some = false;
  for (const Json& tried : json["hybrids_tried"]) {
    EXPECT_EQ(tried["holds"], !tried.contains("lossy_classes")) << tried["bytes"];
    some = some || tried.contains("lossy_classes");
  }
  EXPECT_TRUE(some);
}

TEST_F(RecommendCommand, WhatIsChosenIsConfirmedOnImagesThatTookNoPart) {
  const auto result = run({"--bits-per-weight", "6", "--no-uniform", "--format", "json",
                           "--rounding", "gptq", "--threads", "2"},
                          parts("calib/images"), "60", "0.85");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  const Json& confirmed = json["hybrid"]["confirmed"];
  EXPECT_EQ(confirmed["images"], 51);
  EXPECT_EQ(json["images"], 9);
  const double change = confirmed["AP"].get<double>() - confirmed["baseline_AP"].get<double>();
  EXPECT_NEAR(confirmed["delta_AP"]["value"].get<double>(), change, 1e-9);
  EXPECT_LE(confirmed["delta_AP"]["low"], confirmed["delta_AP"]["high"]);
  EXPECT_THAT(json["hybrid"]["cell"].dump(), HasSubstr("\"rounding\":\"gptq\""));
}

TEST_F(RecommendCommand, ALatencyThatNothingKeepsIsSaidWithWhatWasMeasured) {
  expect_one_sentence(run({"--bits-per-weight", "6", "--latency-ms", "0.001"}),
                      "no network keeps 0.001 ms on this host: an image of ");
}

TEST_F(RecommendCommand, ALatencyIsKeptByWhateverArithmeticIsFastEnough) {
  const auto result = run({"--bits-per-weight", "6", "--no-uniform", "--format", "json",
                           "--rounding", "gptq", "--schemes", "affine", "--latency-ms", "1e5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["latency"]["arithmetic"], "fp32");
  EXPECT_EQ(json["latency"]["at_most_ms"], 1e5);
  EXPECT_GE(json["latency"]["measured"].size(), 2U);
  for (const Json& one : json["latency"]["measured"]) EXPECT_GT(one["latency_ms"], 0) << one;
  EXPECT_EQ(json["hybrid"]["latency_ms"], json["latency"]["measured"][0]["latency_ms"]);
}

TEST_F(RecommendCommand, TooFewImagesToHoldSomeOutAreSaid) {
  const auto result =
      run({"--max-bytes", "1000", "--schemes", "affine"}, parts("calib/images"), "8", "0.25");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("fewer than 50 would be held out"));
}

TEST_F(RecommendCommand, BadInputIsOneSentence) {
  expect_one_sentence(run({}), "expected one of --tolerance, --max-bytes and --bits-per-weight");
  expect_one_sentence(run({"--tolerance", "1pt", "--max-bytes", "1000000"}), "expected one of");
  expect_one_sentence(run({"--tolerance", "much"}), "'much' is no amount of AP");
  expect_one_sentence(run({"--tolerance", "101%"}), "'101%' is no amount of AP");
  expect_one_sentence(run({"--max-bytes", "1000000", "--class-tolerance", "1pt"}),
                      "--class-tolerance goes with --tolerance");
  expect_one_sentence(run({"--max-bytes", "1300000"}, "/nowhere"), "/nowhere");
  EXPECT_EQ(run({"--max-bytes", "0"}).exit_code, 2);
  EXPECT_EQ(run({"--tolerance", "1pt", "--latency-ms", "0"}).exit_code, 2);
  expect_one_sentence(run({"--tolerance", "1pt", "--latency-ms", "5", "--engine", "torch"}),
                      "--latency-ms is of the engine onednn, not of torch");
  EXPECT_EQ(run({"--bits-per-weight", "33"}).exit_code, 2);
  EXPECT_EQ(run({"--tolerance", "1pt", "--regions", "zip"}).exit_code, 2);
  EXPECT_EQ(run({"--tolerance", "1pt", "--schemes", "affine,fp5"}).exit_code, 2);
}

TEST_F(RecommendCommand, ABudgetThatNothingFitsSaysWhatTheSmallestTakes) {
  expect_one_sentence(run({"--max-bytes", "1000", "--schemes", "affine"}),
                      "even the smallest choices take");
}

TEST_F(RecommendCommand, HelpHasAnExample) {
  const auto help = qyolo({"recommend", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("Example: qyolo recommend "));
}

}  // namespace
}  // namespace qyolo::testing
