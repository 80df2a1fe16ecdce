#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

using ::testing::HasSubstr;

// Two images with a bolt each, and a nut; found are one bolt, and the nut as a bolt.
class DiagnoseCommand : public ::testing::Test {
 protected:
  DiagnoseCommand() {
    write("gt.json", R"({"images": [{"id": 1}, {"id": 2}],
      "categories": [{"id": 1, "name": "bolt"}, {"id": 2, "name": "nut"}],
      "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10], "area": 100},
        {"id": 2, "image_id": 2, "category_id": 1, "bbox": [0, 0, 10, 10], "area": 100},
        {"id": 3, "image_id": 2, "category_id": 2, "bbox": [50, 0, 10, 10], "area": 100}]})");
    write("network.json",
          R"([{"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10], "score": 0.75},
              {"image_id": 2, "category_id": 1, "bbox": [50, 0, 10, 10], "score": 0.5}])");
    write("baseline.json",
          R"([{"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10], "score": 1.0}])");
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name) << text;
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_.path() / name).string();
  }

  TemporaryFolder folder_;
};

TEST_F(DiagnoseCommand, GivesAllNumbersAsJson) {
  const auto result = qyolo({"diagnose", path("gt.json"), path("network.json"), "--against",
                             path("baseline.json"), "--confidence", "0.5", "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json document = Json::parse(result.out);
  EXPECT_EQ(document["classes"][1]["name"], "nut");
  const Json& network = document["network"];
  EXPECT_EQ(network["confusion"]["counts"], Json::parse("[[1, 0, 1], [1, 0, 0], [0, 0, 0]]"));
  EXPECT_EQ(network["errors"]["types"]["classification"]["errors"], 1);
  EXPECT_EQ(network["errors"]["types"]["missed"]["errors"], 1);
  EXPECT_EQ(network["errors"]["AP50"], network["metrics"]["AP50"]);
  // The nut as a nut: its AP goes from 0 to 1.
  EXPECT_NEAR(network["errors"]["types"]["classification"]["delta_AP50"].get<double>(), 0.5, 1e-12);
  EXPECT_EQ(network["curves"]["classes"][0]["best_f1"],
            Json::parse(R"({"confidence": 0.75, "precision": 1.0, "recall": 0.5,
                            "f1": 0.6666666666666666})"));
  EXPECT_EQ(network["curves"]["classes"][0]["precision"][80], nullptr);
  const Json& shift = document["confidence_shift"];
  EXPECT_EQ(shift["pairs"], Json::parse("[[0, 1.0, 0.75]]"));
  EXPECT_EQ(shift["all"]["mean"], -0.25);
  EXPECT_EQ(shift["all"]["neither"], 2);
  EXPECT_EQ(document["baseline"]["detections"], 1);
}

TEST_F(DiagnoseCommand, SummarizesAsText) {
  const auto result = qyolo({"diagnose", path("gt.json"), path("network.json"), "--against",
                             path("baseline.json"), "--confidence", "0.5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* line :
       {"network.json: 2 detections on 2 images, AP 25.2, AP50 25.2; baseline baseline.json: AP "
        "25.2, AP50 25.2\n",
        "  classification           1   50.00           0    0.00\n",
        "  bolt            2   50.5   50.5   50.5      -      -    66.7   100.0    50.0   0.750\n",
        "       1  nut taken for bolt\n", "       1  objects taken for background\n",
        "  1 found by both, 0 by the baseline only, 0 by the network only, 2 by neither\n",
        "  mean -0.2500, standard deviation 0.0000; quantiles 5 %: -0.2500"})
    EXPECT_THAT(result.out, HasSubstr(line));
}

TEST_F(DiagnoseCommand, WritesItsCharts) {
  const auto out = folder_.path() / "charts";
  auto result = qyolo({"diagnose", path("gt.json"), path("network.json"), "--out", out.string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* name : {"precision-recall", "confidence-curves", "confusion-matrix", "errors"})
    EXPECT_THAT(content_of(out / (std::string(name) + ".svg")), HasSubstr("</svg>")) << name;
  EXPECT_FALSE(std::filesystem::exists(out / "confidence-shift.svg"));
  result = qyolo({"diagnose", path("gt.json"), path("network.json"), "--out", out.string(),
                  "--against", path("baseline.json")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(content_of(out / "confidence-shift.svg"), HasSubstr("</svg>"));
}

TEST_F(DiagnoseCommand, RefusesBadInputWithOneSentence) {
  write("other.json",
        R"([{"image_id": 7, "category_id": 1, "bbox": [0, 0, 10, 10], "score": 0.75}])");
  write("empty.json", R"({"images": [{"id": 1}, {"id": 2}], "categories": [{"id": 1, "name": "b"}],
                          "annotations": []})");
  write("file", "");
  const auto expect_refusal = [&](std::vector<std::string> arguments, const std::string& reason) {
    arguments.insert(arguments.begin(), "diagnose");
    const auto result = qyolo(arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr(reason));
    EXPECT_EQ(result.out, "");
  };
  const std::string gt = path("gt.json"), network = path("network.json");
  expect_refusal({gt, path("other.json")}, "other.json: detection 0 is of image 7");
  expect_refusal({gt, network, "--against", path("other.json")}, "other.json: detection 0");
  expect_refusal({gt, network, "--against", path("absent.json")}, "absent.json");
  expect_refusal({gt, gt}, "gt.json");
  expect_refusal({gt, network, "--confidence", "nan"}, "--confidence");
  expect_refusal({gt, network, "--against", ""}, "--against");
  expect_refusal({gt, network, "--out", path("file")}, "file");
  expect_refusal({path("empty.json"), network, "--out", path("charts")}, "no objects");
}

TEST_F(DiagnoseCommand, WithoutObjectsSaysSoInNumbers) {
  write("empty.json", R"({"images": [{"id": 1}, {"id": 2}], "categories": [{"id": 1, "name": "b"}],
                          "annotations": []})");
  const auto result = qyolo({"diagnose", path("empty.json"), path("network.json"), "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json document = Json::parse(result.out);
  EXPECT_EQ(document["network"]["errors"]["AP50"], nullptr);
  EXPECT_EQ(document["network"]["curves"]["mean"], nullptr);
  EXPECT_EQ(qyolo({"diagnose", path("empty.json"), path("network.json")}).exit_code, 0);
}

}  // namespace
}  // namespace qyolo::testing
