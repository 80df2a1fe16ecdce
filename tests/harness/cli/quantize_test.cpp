#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

using ::testing::HasSubstr;

class QuantizeCommand : public ::testing::Test {
 protected:
  [[nodiscard]] ProcessResult quantize(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"quantize", parts_model(), "-o", artifact_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return qyolo(arguments);
  }
  [[nodiscard]] ProcessResult eval_artifact(std::vector<std::string> more) const {
    auto arguments = parts_eval(std::move(more));
    arguments[2] = artifact_;
    return qyolo(arguments);
  }

  TemporaryFolder folder_;
  std::string artifact_ = (folder_.path() / "parts.safetensors").string();
};

TEST_F(QuantizeCommand, AnArtifactScoresAsTheCellItWasMadeFrom) {
  const std::vector<std::vector<std::string>> cells = {
      {"--scheme", "pwlq", "--bits", "3", "--rule", "1x1 -> channel"},
      {"--scheme", "affine", "--bits", "4", "--fold", "off"}};
  for (const auto& cell : cells) {
    auto arguments = cell;
    arguments.insert(arguments.end(), {"--limit", "first:16"});
    const auto direct = qyolo(parts_eval(arguments));
    ASSERT_EQ(direct.exit_code, 0) << direct.err;
    auto options = cell;
    if (cell[1] == "pwlq") options.insert(options.end(), {"--regions", "entropy"});
    const auto made = quantize(options);
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("0 kept"));
    const auto stored = eval_artifact({"--limit", "first:16"});
    ASSERT_EQ(stored.exit_code, 0) << stored.err;

    const Json expected = Json::parse(direct.out);
    const Json found = Json::parse(stored.out);
    for (const char* key : {"AP", "AP50", "AP75", "APs", "AR100", "detections", "per_class"})
      EXPECT_EQ(found[key], expected[key]) << key;
    EXPECT_GT(found["AP"].get<double>(), 0.05);
    EXPECT_EQ(found["cell"]["artifact"], true);
    for (const char* key : {"scheme", "bits", "granularity"})
      EXPECT_EQ(found["cell"][key], expected["cell"][key]) << key;
    if (cell[1] != "pwlq") {
      EXPECT_EQ(found["memory"], expected["memory"]);
    }
  }
}

TEST_F(QuantizeCommand, TheDequantizedCheckpointScoresAsTheCellUpToItsFp16Weights) {
  const std::string checkpoint = (folder_.path() / "parts.pt").string();
  for (const char* fold : {"on", "off"}) {
    const std::vector<std::string> cell = {"--scheme", "pwlq", "--bits", "4", "--fold", fold};
    std::vector<std::string> write = {"quantize", parts_model(), "--dequantize", checkpoint};
    write.insert(write.end(), cell.begin(), cell.end());
    const auto made = qyolo(write);
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr(checkpoint));
    auto limited = cell;
    limited.insert(limited.end(), {"--limit", "first:24"});
    const auto direct = qyolo(parts_eval(limited));
    auto arguments = parts_eval({"--limit", "first:24"});
    arguments[2] = checkpoint;
    const auto stored = qyolo(arguments);
    ASSERT_EQ(stored.exit_code, 0) << stored.err;
    EXPECT_NEAR(Json::parse(stored.out)["AP"].get<double>(),
                Json::parse(direct.out)["AP"].get<double>(), 0.01)
        << fold;
    // The unquantized network is far from both.
    EXPECT_NE(Json::parse(stored.out)["AP"],
              Json::parse(qyolo(parts_eval({"--limit", "first:24"})).out)["AP"]);
  }
  EXPECT_EQ(qyolo({"quantize", parts_model(), "--scheme", "affine"}).exit_code, 2);
  const auto own =
      qyolo({"quantize", parts_model(), "--scheme", "affine", "--dequantize", parts_model()});
  EXPECT_EQ(own.exit_code, 2);
}

TEST_F(QuantizeCommand, OtherCommandsTakeAnArtifact) {
  ASSERT_EQ(quantize({"--scheme", "affine"}).exit_code, 0);
  const auto inspected = qyolo({"inspect", artifact_, "-o", "json"});
  ASSERT_EQ(inspected.exit_code, 0) << inspected.err;
  const Json json = Json::parse(inspected.out);
  EXPECT_EQ(json["cell"]["label"], "artifact affine 4-bit filter");
  EXPECT_EQ(json["artifact"]["data_bytes"], json["memory"]["true_bytes"]);
  const auto text = qyolo({"inspect", artifact_});
  EXPECT_THAT(text.out, HasSubstr("raw regions, made from the checkpoint"));

  const auto run = qyolo({"run", (source_dir() / "experiments/demo.json").string(), "--model",
                          artifact_, "--set", "rounds=1", "--set", "scheme=affine", "--set",
                          "bits=4", "--set", "granularity=filter", "--limit", "first:2", "--out",
                          (folder_.path() / "run").string(), "-o", "json", "-q"});
  EXPECT_EQ(run.exit_code, 1) << run.err;  // the artifact's own cell, and one that is refused
  EXPECT_THAT(run.out, HasSubstr("artifact affine 4-bit filter"));

  const auto detect = qyolo({"detect", parts("val/images/000001.jpg"), "--model", artifact_,
                             "--out", (folder_.path() / "drawn").string()});
  EXPECT_EQ(detect.exit_code, 0) << detect.err;
}

TEST_F(QuantizeCommand, BadRequestsEndInOneSentence) {
  const auto expect = [](const ProcessResult& result, const std::string& piece) {
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr(piece));
  };
  expect(quantize({}), "--scheme is missing");
  expect(quantize({"--scheme", "affine", "--regions", "half"}), "regions");
  ASSERT_EQ(quantize({"--scheme", "affine"}).exit_code, 0);
  expect(qyolo({"quantize", artifact_, "--scheme", "affine", "-o", artifact_ + "2"}),
         "is quantized already (artifact affine 4-bit filter)");
  expect(eval_artifact({"--scheme", "affine", "--bits", "8"}), "already");
  std::string content = content_of(artifact_);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  std::ofstream(artifact_, std::ios::binary) << content;
  expect(qyolo({"inspect", artifact_}), "does not match its checksum: the file is damaged");
  content.resize(content.size() / 2);
  std::ofstream(artifact_, std::ios::binary) << content;
  expect(qyolo({"inspect", artifact_}), "lies outside the file");
}

}  // namespace
}  // namespace qyolo::testing
