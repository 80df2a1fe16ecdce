#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/harness/cli/qyolo.h"
#include "tests/harness/detections/small_dataset.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kBox = "[10, 10, 20, 20]";
constexpr const char* kFar = "[60, 10, 20, 20]";

std::string detection(int image, int category, const std::string& box, double score) {
  return fmt::format(R"({{"image_id": {}, "category_id": {}, "bbox": {}, "score": {}}})", image,
                     category, box, score);
}

class DiffCommand : public harness::SmallDataset {
 protected:
  DiffCommand() {
    baseline_ = write("fp32.json",
                      "[" + detection(1, 1, kBox, 0.9) + "," + detection(1, 2, kFar, 0.8) + "," +
                          detection(2, 1, kBox, 0.75) + "," + detection(2, 2, kFar, 0.25) + "]");
    other_ = write("int4.json", "[" + detection(1, 2, kBox, 0.9) + "," +
                                    detection(1, 2, kFar, 0.8) + "," + detection(2, 1, kBox, 0.6) +
                                    "," + detection(2, 2, kFar, 0.55) + "]");
  }

  [[nodiscard]] ProcessResult run(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"diff", truth_.string(), baseline_.string(), other_.string()});
    return qyolo(more);
  }

  fs::path baseline_, other_;
};

TEST_F(DiffCommand, SaysWhatChangedObjectByObject) {
  const auto result = run({"-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json diff = Json::parse(result.out);
  EXPECT_EQ(diff["confidence"], 0.5);  // of the baseline's, between 0.75 and 0.25
  EXPECT_EQ(diff["confidence_from"], "best mean F1");
  EXPECT_EQ(diff["mean_f1"]["baseline"], 1);
  EXPECT_DOUBLE_EQ(diff["mean_f1"]["other"].get<double>(), (2.0 / 3 + 0.5) / 2);
  const Json& total = diff["total"];
  EXPECT_EQ(total["objects"], 3);
  EXPECT_EQ(total["baseline"]["missed"], 0);
  EXPECT_EQ(total["other"]["missed_per_100_images"], 50);
  EXPECT_EQ(total["other"]["false_per_100_images"], 100);
  EXPECT_EQ(total["newly_missed"], 1);
  EXPECT_EQ(total["flips"], 1);
  EXPECT_EQ(total["newly_false"], 2);
  EXPECT_EQ(diff["flips"], Json::parse(R"([{"from": "washer", "to": "nut", "count": 1}])"));
  EXPECT_EQ(diff["worst_images"], Json::parse(R"(["one.png", "two.png"])"));
  const Json& one = diff["images"][0];
  EXPECT_EQ(one["file_name"], "one.png");
  EXPECT_EQ(one["newly_missed"][0]["class"], "washer");
  EXPECT_EQ(one["newly_missed"][0]["baseline"]["score"], 0.9);
  EXPECT_EQ(one["newly_missed"][0]["other"]["class"], "nut");
  EXPECT_EQ(diff["images"][1]["newly_false"][0]["bbox"], Json::parse(kFar));
  EXPECT_EQ(diff["sheets"], Json::array());
}

TEST_F(DiffCommand, TextIsASummaryATableAndTheWorstImages) {
  const auto result = run({"--worst", "1"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, HasSubstr("A: " + baseline_.string() + "\nB: " + other_.string() + "\n"));
  EXPECT_THAT(result.out, HasSubstr("2 images, 3 objects, found at an IoU of 0.5 or more.\n"
                                    "Confidence 0.5, the best mean F1 of A: mean F1 1.000 of A, "
                                    "0.583 of B. B's best is 0.667, at 0.575.\n"));
  EXPECT_THAT(
      result.out,
      AllOf(HasSubstr(
                "| washer |       2 |          0.0 | 50.0 |         0.0 |   0.0 |            1 |"
                "     1 |\n"),
            HasSubstr("| washer |           0 |           0 |               0 |\n")));
  EXPECT_THAT(result.out, HasSubstr("Most frequent flips: washer as nut 1.\n"));
  EXPECT_THAT(result.out,
              HasSubstr("Images that changed most:\n"
                        "  one.png: 1 newly missed (washer as nut), 1 newly false (nut)\n"));
  EXPECT_THAT(result.out, Not(HasSubstr("two.png")));
}

TEST_F(DiffCommand, AGivenConfidenceIsUsed) {
  const auto result = run({"--conf", "0.2", "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json diff = Json::parse(result.out);
  EXPECT_EQ(diff["confidence"], 0.2);
  EXPECT_EQ(diff["confidence_from"], "given");
  EXPECT_EQ(diff["total"]["newly_false"], 1);  // the nut on image 2 is false in both
  EXPECT_EQ(diff["best_f1"]["baseline"]["confidence"], 0.5);
}

TEST_F(DiffCommand, LimitKeepsTheFirstImagesByFileName) {
  const auto result = run({"--limit", "first:1", "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json diff = Json::parse(result.out);
  EXPECT_EQ(diff["image_count"], 1);
  EXPECT_EQ(diff["total"]["objects"], 2);
}

TEST_F(DiffCommand, ImagesWithoutDetectionsAreRemarkedOn) {
  const std::string part = write("part.json", "[" + detection(1, 1, kBox, 0.9) + "]").string();
  const auto result = qyolo({"diff", truth_.string(), part, part});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("warning: 1 of 2 images have no detection in either file"));
}

TEST_F(DiffCommand, BadInputIsOneSentence) {
  expect_one_sentence(qyolo({"diff"}), "diff needs an annotation file and two results files");
  expect_one_sentence(qyolo({"diff", truth_.string(), baseline_.string()}),
                      "diff needs an annotation file");
  expect_one_sentence(run({"--model", parts_model()}), "either files or --model");
  expect_one_sentence(qyolo({"diff", "--model", parts_model()}), "--model needs --images");
  expect_one_sentence(run({"--annotations", truth_.string()}), "--annotations goes with --model");
  expect_one_sentence(run({"--sheets", "x"}), "--sheets needs --images");
  expect_one_sentence(qyolo({"diff", "--model", parts_model(), "--images", parts("val/images"),
                             "--annotations", parts("val/annotations.json")}),
                      "--scheme names a quantization");
  EXPECT_EQ(run({"--conf", "2"}).exit_code, 2);
  EXPECT_EQ(run({"--iou", "0"}).exit_code, 2);
  EXPECT_EQ(run({"extra"}).exit_code, 2);

  const std::string good = baseline_;
  baseline_ = write("bad.json", "[" + detection(7, 1, kBox, 0.9) + "]");
  expect_one_sentence(run(), "bad.json: detection 0 is of image 7, which is not in the ground");
  baseline_ = write("bad.json", "[]");
  expect_one_sentence(run(), "bad.json: no object is found, so that no confidence is best; --conf");
  EXPECT_EQ(run({"--conf", "0.5"}).exit_code, 0);
  baseline_ = write("bad.json", "{");
  expect_one_sentence(run(), "bad.json");
  baseline_ = good;
  other_ = folder_.path() / "none.json";
  expect_one_sentence(run(), "none.json");
}

TEST_F(DiffCommand, HelpHasAnExample) {
  const auto help = qyolo({"diff", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("Example: qyolo diff "));
}

TEST_F(DiffCommand, MissingImagesAreOneSentence) {
  const std::string sheets = (folder_.path() / "sheets").string();
  expect_one_sentence(run({"--images", folder_.path().string(), "--sheets", sheets}), "one.png");
}

// The same network and images, run by `diff` itself and from files that `eval` saved.
TEST_F(DiffCommand, RunsTheNetworksAsEvalDoes) {
  const std::vector<std::string> cell = {"--scheme", "affine", "--bits", "4"};
  const std::string fp32 = (folder_.path() / "parts-fp32.json").string();
  const std::string int4 = (folder_.path() / "parts-int4.json").string();
  const auto eval = [](std::vector<std::string> more, const std::string& saved) {
    more.insert(more.end(), {"--limit", "first:8", "--save-detections", saved});
    return qyolo(parts_eval(more));
  };
  ASSERT_EQ(eval({}, fp32).exit_code, 0);
  ASSERT_EQ(eval(cell, int4).exit_code, 0);
  const auto from_files = qyolo(
      {"diff", parts("val/annotations.json"), fp32, int4, "--limit", "first:8", "-o", "json"});
  ASSERT_EQ(from_files.exit_code, 0) << from_files.err;

  const fs::path sheets = folder_.path() / "sheets";
  std::vector<std::string> arguments =
      on_parts("diff", {"--limit", "first:8", "--sheets", sheets.string()});
  arguments.insert(arguments.end(), cell.begin(), cell.end());
  const auto run = qyolo(arguments);
  ASSERT_EQ(run.exit_code, 0) << run.err;

  Json expected = Json::parse(from_files.out);
  Json diff = Json::parse(run.out);
  EXPECT_EQ(diff["baseline"], "FP32");
  EXPECT_EQ(diff["other"], "affine 4-bit filter");
  ASSERT_FALSE(diff["sheets"].empty());
  for (const Json& sheet : diff["sheets"])
    EXPECT_THAT(content_of(sheet.get<std::string>()), Not(IsEmpty()));
  EXPECT_GT(diff["total"]["newly_false"].get<int>(), 0);
  for (const char* key : {"baseline", "other", "sheets"}) {
    diff.erase(key);
    expected.erase(key);
  }
  EXPECT_EQ(diff, expected);
}

}  // namespace
}  // namespace qyolo::testing
