// Engines and precisions: what they score on the embedded data, and `qyolo bench`.
#include <fstream>

#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

using ::testing::HasSubstr;

Json eval(const std::vector<std::string>& more) {
  const ProcessResult result = qyolo(parts_eval(more));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.exit_code == 0 ? Json::parse(result.out) : Json();
}

// Symmetric 8-bit weights by filter, 8-bit activations, the head in floating point.
std::vector<std::string> w8a8(const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {
      "--scheme",          "symmetric", "--bits", "8",    "--granularity", "filter",
      "--activation-bits", "8",         "--keep", "head", "--calibration", parts("calib/images")};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// The CPU lacks bfloat16.
bool unsupported(const ProcessResult& result) {
  return result.exit_code == 2 && result.err.find("bfloat16") != std::string::npos;
}

// A third of the images: what tells an executor or a precision from another shows on them, too. All
// of them are in EvalCommand.Fp32OnPartsEqualsTheOfficialPipeline.
constexpr const char* kImages = "80";

TEST(Precision, FloatsScoreAsFloats) {
  const Json engine = eval({"--limit", kImages});
  EXPECT_THAT(std::string(engine["executor"]), HasSubstr("oneDNN"));
  const ProcessResult half = qyolo(parts_eval({"--precision", "bf16", "--limit", kImages}));
  if (!unsupported(half)) {
    ASSERT_EQ(half.exit_code, 0) << half.err;
    EXPECT_NEAR(Json::parse(half.out)["AP"], engine["AP"], 0.003);
  }
  QYOLO_NEEDS_REFERENCE_EXECUTOR();
  const Json reference = eval({"--engine", "torch", "--limit", kImages});
  EXPECT_NEAR(engine["AP"], reference["AP"], 5e-4);
  EXPECT_THAT(std::string(reference["executor"]), HasSubstr("LibTorch"));
}

// On all images: activations that fall to either side of the middle between two codes tell on few.
TEST(Precision, IntegersScoreAsTheirSimulations) {
  const auto ap = [](const std::vector<std::string>& more) -> double {
    return eval(w8a8(more))["AP"];
  };
  const double integers = ap({"--precision", "int8"});
  EXPECT_NEAR(integers, ap({}), 0.002);
  QYOLO_NEEDS_REFERENCE_EXECUTOR();
  EXPECT_NEAR(integers, ap({"--engine", "torch"}), 0.002);
}

TEST(Precision, BadCombinationsAreOneSentence) {
  expect_one_sentence(qyolo(parts_eval({"--engine", "torch", "--precision", "int8"})),
                      "computes in fp32, bf16 or fp16, not in int8");
  expect_one_sentence(qyolo(parts_eval({"--precision", "fp16"})), "unknown precision 'fp16'");
  expect_one_sentence(qyolo(parts_eval({"--device", "cuda"})), "runs on the CPU");
  expect_one_sentence(qyolo(parts_eval({"--engine", "torch", "--device", "gpu"})),
                      "'gpu' is no device, expected cpu, cuda or cuda:N");
  const ProcessResult floats =
      qyolo(parts_eval({"--precision", "int8", "--scheme", "symmetric", "--limit", "first:1"}));
  EXPECT_EQ(floats.exit_code, 2);
  EXPECT_THAT(floats.err, HasSubstr("activation_bits 8"));
  // After the progress of calibration.
  auto affine = w8a8({"--precision", "int8", "--limit", "first:1"});
  *std::ranges::find(affine, "symmetric") = "affine";
  const ProcessResult refused = qyolo(parts_eval(affine));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("integer convolutions take symmetric weights"));
}

std::vector<std::string> bench(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"bench", parts_model(), "--img", "64", "--threads", "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Bench, MeasuresEveryCaseInEveryRound) {
  const ProcessResult result = qyolo(bench({"--precision", "fp32,int8", "--weights", "plain,packed",
                                            "--batch", "1,2", "--rounds", "3", "-o", "json"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  ASSERT_EQ(json["rows"].size(), 6U);  // no packed int8
  for (const Json& row : json["rows"]) {
    EXPECT_EQ(row["samples_ms"].size(), 3U);
    EXPECT_GT(row["median_ms"], 0);
    EXPECT_GT(row["peak_rss_bytes"], 1 << 20);
    EXPECT_GT(row["peak_gflops"], 0);
  }
  EXPECT_EQ(json["rows"][3]["gflop"].get<double>(), 2 * json["rows"][0]["gflop"].get<double>());
  // 4 bits and a scale instead of 32.
  EXPECT_LT(json["rows"][1]["weight_bytes"].get<double>(),
            0.2 * json["rows"][0]["weight_bytes"].get<double>());
}

TEST(Bench, RunsAnArtifactAsItLies) {
  const TemporaryFolder folder;
  const std::string artifact = (folder.path() / "a.safetensors").string();
  ASSERT_EQ(qyolo({"quantize", parts_model(), "--scheme", "pwlq", "--bits", "4", "--regions",
                   "entropy", "-o", artifact})
                .exit_code,
            0);
  const ProcessResult result = qyolo({"bench", artifact, "--img", "64", "--precision", "fp32",
                                      "--weights", "packed", "--rounds", "1", "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
}

TEST(Bench, AProfileShowsLayersAndOperations) {
  const ProcessResult result = qyolo(bench({"--precision", "fp32", "--profile"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("| conv 3x3 |"));
  EXPECT_THAT(result.out, HasSubstr("| model."));
}

TEST(Bench, BadInputIsOneSentence) {
  expect_one_sentence(qyolo({"bench", "/nowhere.pt"}), "/nowhere.pt");
  expect_one_sentence(qyolo(bench({"--precision", "fp16"})), "unknown precision 'fp16'");
  expect_one_sentence(qyolo(bench({"--precision", "int8", "--weights", "packed"})),
                      "packed weights run in fp32 and bf16");
}

}  // namespace
}  // namespace qyolo::testing
