#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/sha256.h"
#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Two images and classes: a crowd, areas on the bounds of the ranges, tied scores, a detection of
// an unknown class. The numbers expected of it are those of pycocotools 2.0.11 with the same
// parameters (and annotation ids from 1: it does not count a match to id 0).
constexpr const char* kTruth = R"({"images": [{"id": 1}, {"id": 2}],
 "categories": [{"id": 3, "name": "bolt"}, {"id": 5, "name": "nut"}],
 "annotations": [
  {"id": 0, "image_id": 1, "category_id": 3, "bbox": [0, 0, 16, 16], "area": 256, "iscrowd": 0},
  {"id": 1, "image_id": 1, "category_id": 3, "bbox": [40, 0, 40, 40], "area": 1500, "iscrowd": 0},
  {"id": 2, "image_id": 1, "category_id": 5, "bbox": [0, 60, 32, 32], "area": 1024, "iscrowd": 0},
  {"id": 3, "image_id": 2, "category_id": 3, "bbox": [0, 0, 100, 100], "area": 9300, "iscrowd": 1},
  {"id": 4, "image_id": 2, "category_id": 5, "bbox": [10, 10, 20, 20], "area": 400, "iscrowd": 0}]})";
constexpr const char* kDetections =
    R"([{"image_id": 1, "category_id": 3, "bbox": [0, 0, 16, 15], "score": 0.9},
 {"image_id": 1, "category_id": 3, "bbox": [44, 0, 40, 40], "score": 0.8},
 {"image_id": 1, "category_id": 3, "bbox": [0, 60, 32, 32], "score": 0.85},
 {"image_id": 1, "category_id": 5, "bbox": [2, 62, 32, 32], "score": 0.4},
 {"image_id": 2, "category_id": 3, "bbox": [50, 50, 40, 40], "score": 0.7},
 {"image_id": 2, "category_id": 5, "bbox": [10, 10, 20, 20], "score": 0.4},
 {"image_id": 2, "category_id": 5, "bbox": [10, 10, 20, 18], "score": 0.4},
 {"image_id": 2, "category_id": 9, "bbox": [10, 10, 20, 18], "score": 0.4}])";

class ScoreOptions : public ::testing::Test {
 protected:
  ScoreOptions() {
    std::ofstream(folder_.path() / "gt.json") << kTruth;
    std::ofstream(folder_.path() / "dt.json") << kDetections;
  }

  [[nodiscard]] ProcessResult score(const std::vector<std::string>& options) const {
    std::vector<std::string> arguments = {"score", (folder_.path() / "gt.json").string(),
                                          (folder_.path() / "dt.json").string()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return qyolo(arguments);
  }

  [[nodiscard]] Json json(std::vector<std::string> options) const {
    options.insert(options.end(), {"-o", "json"});
    const ProcessResult result = score(options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Json::parse(result.out);
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(ScoreOptions, WithoutAnyTheGridIsCocos) {
  const Json document = json({});
  EXPECT_EQ(document["stats"],
            Json({0.6932343234323431, 0.9174917491749174, 0.9174917491749174, 0.8004950495049505,
                  0.475, -1.0, 0.625, 0.8, 0.8, 0.85, 0.65, -1.0}));
  EXPECT_EQ(document["metrics"]["AP"], 0.6932343234323431);
  EXPECT_EQ(document["metrics"]["APl"], nullptr);
  EXPECT_EQ(document["grid"].size(), 12U);
}

TEST_F(ScoreOptions, CategoriesMayBeOne) {
  const Json stats = {0.8188118811881188,
                      0.9504950495049505,
                      0.9504950495049505,
                      0.8574257425742574,
                      0.8514851485148515,
                      -1.0,
                      0.225,
                      0.9,
                      0.9,
                      0.9666666666666666,
                      0.85,
                      -1.0};
  EXPECT_EQ(json({"--use-cats", "0"})["stats"], stats);
  EXPECT_EQ(json({"--useCats", "0"})["stats"], stats);
  EXPECT_EQ(json({"--useCats", "0"})["per_class"][0]["name"], "all classes");
}

TEST_F(ScoreOptions, GridMayBeOnesOwn) {
  const Json document = json({"--iou-thresholds", "0.5,0.75,0.9", "--max-dets", "2,100,1",
                              "--areas", "all:0:1e10,tiny:0:256,small:256:1024"});
  EXPECT_EQ(document["stats"],
            Json({0.7378987898789878, 0.9174917491749174, 0.9174917491749174, 0.8754125412541254,
                  -1.0, -1.0, 0.6666666666666666, 0.6666666666666666, 0.8333333333333334,
                  0.9166666666666666, -1.0, -1.0}));
  EXPECT_EQ(document["params"]["max_detections"], Json({1, 2, 100}));
  EXPECT_FALSE(document.contains("metrics"));  // their names are those of the usual maxima
  const Json& bolt = document["per_class"][0];
  EXPECT_NEAR(bolt["AP"].get<double>(), 0.7249724972497249, 1e-15);
  EXPECT_NEAR(bolt["areas"]["tiny"]["AP"].get<double>(), 0.9999999999999998, 1e-15);
  EXPECT_EQ(document["per_class"][1]["areas"]["tiny"]["AP"], nullptr);
}

TEST_F(ScoreOptions, FewerThanThreeMaximaAreEnough) {
  const Json document = json({"--max-dets", "100"});
  EXPECT_EQ(document["stats"], nullptr);  // pycocotools has none
  EXPECT_EQ(document["grid"][0]["AP"], 0.6932343234323431);
  EXPECT_THAT(score({"--max-dets", "100"}).out,
              HasSubstr("Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.693"));
}

TEST_F(ScoreOptions, LinesOfAnOwnGridFollowTheTwelve) {
  const std::string text =
      score({"--areas", "all:0:inf,tiny:0:256", "--iou-thresholds", "0.3"}).out;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 12 + 3);
  EXPECT_THAT(text,
              AllOf(HasSubstr("(AP) @[ IoU=0.30      | area=   all | maxDets=100 ] = "),
                    HasSubstr("(AP) @[ IoU=0.30:0.30 | area=  tiny | maxDets=100 ] = 1.000"),
                    HasSubstr("(AR) @[ IoU=0.30:0.30 | area=  tiny | maxDets=100 ] = 1.000")));
}

TEST_F(ScoreOptions, PerClassAddsATable) {
  EXPECT_THAT(score({"--per-class"}).out,
              HasSubstr("\n    id  class      AP    AP50    AP75   small  medium   large      AR\n"
                        "     3  bolt    68.55   83.50   83.50   90.00   35.00       -   80.00\n"
                        "     5  nut     70.10  100.00  100.00   70.10   60.00       -   80.00\n"));
}

TEST_F(ScoreOptions, DetectionsOfUnknownCategoriesAreWarnedOf) {
  EXPECT_THAT(score({}).err, HasSubstr("1 of 8 detections are of categories that"));
}

TEST_F(ScoreOptions, BadValuesAreOneSentence) {
  const auto said = [this](const std::string& option, const std::string& value) {
    const ProcessResult result = score({option, value});
    EXPECT_EQ(result.exit_code, 2) << option << ' ' << value;
    EXPECT_EQ(result.out, "");
    return result.err.substr(0, result.err.find('\n'));
  };
  EXPECT_EQ(
      said("--areas", "tiny:0"),
      "qyolo: --areas: expected name:low:high with 0 <= low <= high in pixels^2 (tiny:0:256), "
      "found 'tiny:0'");
  for (const char* value : {":0:1", "a:1:0", "a:-1:0", "a:0:nan", "a:x:1", "a:0:1:2", "a:0:1,"}) {
    EXPECT_THAT(said("--areas", value), HasSubstr("--areas: expected name:low:high")) << value;
  }
  EXPECT_EQ(said("--areas", "a:0:1,a:0:2"), "qyolo: --areas: the name 'a' is given twice");
  for (const char* value : {"0", "-1", "1.5", "1,,2", "x", "99999999999"}) {
    EXPECT_THAT(said("--max-dets", value), HasSubstr("--max-dets: expected whole numbers"))
        << value;
  }
  for (const char* value : {"-0.1", "1.1", "nan", "0.5;0.75", "0.5,"}) {
    EXPECT_THAT(said("--iou-thresholds", value), HasSubstr("expected numbers from 0 to 1"))
        << value;
  }
  EXPECT_THAT(said("--use-cats", "2"), HasSubstr("--use-cats"));
}

TEST(ScoreCommand, ArraysEqualPycocotoolsByteForByte) {
  QYOLO_NEEDS_SHARED("golden/coco80-dets.json");
  const TemporaryFolder folder;
  const auto result = qyolo({"score", (shared_dir() / "data/coco80/annotations.json").string(),
                             (shared_dir() / "golden/coco80-dets.json").string(), "--arrays",
                             folder.path().string(), "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json document = Json::parse(result.out);
  const Json expected = Json::parse(content_of(shared_dir() / "golden/coco80-dets.expected.json"));
  EXPECT_EQ(document["stats"], expected["stats"]);
  for (const char* name : {"precision", "recall", "scores"}) {
    EXPECT_EQ(sha256_hex(content_of(folder.path() / (std::string(name) + ".f64"))),
              expected["sha256"][name].get<std::string>())
        << name;
  }
}

TEST(ScoreCommand, PrintsTheFamiliarTwelveLines) {
  QYOLO_NEEDS_SHARED("golden/parts-w025.json");
  const auto result = qyolo(
      {"score", parts("val/annotations.json"), (shared_dir() / "golden/parts-w025.json").string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.745\n"
            " Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=100 ] = 0.944\n"
            " Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=100 ] = 0.851\n"
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 0.693\n"
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = 0.831\n"
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.941\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = 0.533\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets= 10 ] = 0.789\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.795\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 0.740\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = 0.874\n"
            " Average Recall     (AR) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.956\n");
}

// Detections of another program, which forgot to map its boxes back.
TEST(ScoreCommand, WhatAnotherProgramDidToItsImagesIsSaid) {
  const TemporaryFolder folder;
  const std::string own = (folder.path() / "own.json").string();
  const std::string theirs = (folder.path() / "theirs.json").string();
  ASSERT_EQ(
      qyolo(parts_eval({"--limit", "first:12", "--square", "--save-detections", own})).exit_code,
      0);
  Json boxes = Json::parse(content_of(own));
  std::map<std::int64_t, std::pair<double, double>> sizes;
  const Json truth = Json::parse(content_of(parts("val/annotations.json")));
  for (const Json& image : truth["images"])
    sizes[image["id"]] = {image["width"].get<double>(), image["height"].get<double>()};
  for (Json& one : boxes) {
    const auto [width, height] = sizes.at(one["image_id"]);
    const double ratio = 320 / std::max(width, height);
    for (const std::size_t i : {0U, 1U, 2U, 3U})
      one["bbox"][i] = one["bbox"][i].get<double>() * ratio;
    one["bbox"][0] = one["bbox"][0].get<double>() + (320 - width * ratio) / 2;
    one["bbox"][1] = one["bbox"][1].get<double>() + (320 - height * ratio) / 2;
  }
  { std::ofstream(theirs) << boxes.dump(); }
  const std::vector<std::string> network = {"--network",         parts_model(), "--images",
                                            parts("val/images"), "--img",       "320"};
  const auto said = [&](std::vector<std::string> command) {
    command.insert(command.end(), network.begin(), network.end());
    const ProcessResult result = qyolo(command);
    EXPECT_EQ(result.exit_code, 0);
    return result.err;
  };
  const std::string annotations = parts("val/annotations.json");
  EXPECT_THAT(said({"score", annotations, own}),
              HasSubstr("the detections are those of the network as it is run here"));
  for (const auto& command :
       {std::vector<std::string>{"score", annotations, theirs}, {"diff", annotations, own, theirs}})
    EXPECT_THAT(said(command), HasSubstr("warning: the detections look as if boxes were left in "
                                         "coordinates of the network's input"));
  expect_one_sentence(qyolo({"score", annotations, own, "--network", parts_model()}),
                      "--network needs --images");
}

}  // namespace
}  // namespace qyolo::testing
