// The two ways in which annotation files are read: in pieces, and, where something is unusual, by a
// general parser.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/file.h"
#include "datasets/coco_json.h"
#include "tests/support/paths.h"

namespace qyolo::datasets {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;

struct Text {
  std::string images, annotations, categories = R"({"id": 3, "name": "cat"})";

  // `first`: a key before the others and its value.
  [[nodiscard]] std::string file(const std::string& first = "") const {
    return "{" + first + "\"images\": [" + images + "], \"annotations\": [" + annotations +
           "], \"categories\": [" + categories + "]}";
  }
};

const std::string kUnusual = "\"inf\\u006f\": {}, ";  // a key with an escape

// Large enough for many pieces; places that only look like boundaries are in unused values.
Text many(int count, const std::string& in_the_middle = "") {
  Text text;
  for (int i = 0; i < count; ++i) {
    const char* comma = i == 0 ? "" : ", ";
    text.images += fmt::format(
        R"({}{{"license": 1, "file_name": "{}.jpg", "coco_url": "http:\/\/a\\", "height": 480, )"
        R"("width": {}, "id": {}}})",
        comma, i, 600 + i % 50, i);
    if (i == count / 2) text.annotations += in_the_middle;
    std::string segmentation = "[[1.5, 2, 3.25, 4e0]]";
    if (i % 7 == 1) segmentation = R"({"counts": "a\"}, {\\", "size": [480, 640]})";
    if (i % 7 == 2) segmentation = R"([{"id": 9}, {"id": [[]]}, "]", {}])";
    if (i % 7 == 3)
      segmentation = "[" + std::string(100, ' ') + "[0.5" + std::string(200, '1') + "]]";
    text.annotations += fmt::format(
        R"({}{{"segmentation": {}, {}"iscrowd": {}, "image_id": {}, "bbox": [{}, 0.1, 3, 4.25], )"
        R"("category_id": 3, "id": {}}})",
        comma, segmentation, i % 5 == 0 ? "" : fmt::format(R"("area": {}.5, )", i),
        i % 11 == 0 ? "1" : "0", (i * 7) % count, i, i % 100);
  }
  return text;
}

GroundTruth truth_on(const std::string& json, int threads = 1) {
  auto truth = parse_coco_annotations(json, "gt.json", threads);
  EXPECT_TRUE(truth.ok()) << truth.error().message;
  return truth.ok() ? std::move(truth).value() : GroundTruth{};
}

std::string error_of(const std::string& json, int threads = 1) {
  const auto truth = parse_coco_annotations(json, "gt.json", threads);
  return truth.ok() ? "no error" : truth.error().message;
}

void expect_equal(const GroundTruth& a, const GroundTruth& b) {
  ASSERT_EQ(a.images.size(), b.images.size());
  for (std::size_t i = 0; i < a.images.size(); ++i) {
    const ImageInfo &left = a.images[i], &right = b.images[i];
    ASSERT_EQ(std::tie(left.id, left.file_name, left.width, left.height),
              std::tie(right.id, right.file_name, right.width, right.height));
  }
  ASSERT_EQ(a.annotations.size(), b.annotations.size());
  for (std::size_t i = 0; i < a.annotations.size(); ++i) {
    const Annotation &left = a.annotations[i], &right = b.annotations[i];
    ASSERT_EQ(
        std::tie(left.id, left.image_id, left.category_id, left.bbox, left.area, left.iscrowd),
        std::tie(right.id, right.image_id, right.category_id, right.bbox, right.area,
                 right.iscrowd))
        << i;
  }
  ASSERT_EQ(a.categories.size(), b.categories.size());
  for (std::size_t i = 0; i < a.categories.size(); ++i) {
    ASSERT_EQ(a.categories[i].id, b.categories[i].id);
    ASSERT_EQ(a.categories[i].name, b.categories[i].name);
  }
  EXPECT_EQ(a.warnings, b.warnings);
}

TEST(LargeAnnotationFiles, AreReadAlikeByAnyNumberOfThreadsAndByTheGeneralParser) {
  const Text text = many(20000);
  const GroundTruth expected = truth_on(text.file(kUnusual));
  ASSERT_EQ(expected.annotations.size(), 20000U);
  EXPECT_EQ(expected.annotations[12].area, 12.5);
  EXPECT_EQ(expected.annotations[10].area, 3 * 4.25);
  ASSERT_EQ(expected.warnings.size(), 2U);  // and ids that repeat
  EXPECT_THAT(expected.warnings[0], HasSubstr("4000 of 20000 annotations have no area (the first "
                                              "is annotations[0])"));
  for (const int threads : {1, 2, 3, 8}) expect_equal(truth_on(text.file(), threads), expected);
}

TEST(LargeAnnotationFiles, AreReadFromDiskAlike) {
  const TemporaryFolder folder;
  const std::string json = many(20000).file();
  ASSERT_TRUE(write_file(folder.path() / "gt.json", "\xEF\xBB\xBF" + json + "\n").ok());
  auto truth = read_coco_annotations(folder.path() / "gt.json", 2);
  ASSERT_TRUE(truth.ok()) << truth.error().message;
  GroundTruth expected = truth_on(json);
  expected.warnings = truth->warnings;  // they name the file
  expect_equal(*truth, expected);
}

TEST(LargeAnnotationFiles, ErrorsNameTheFirstWrongEntry) {
  const std::string wrong = R"(, {"image_id": 1, "category_id": 3, "bbox": [], "id": 1})";
  for (const int threads : {1, 3}) {
    EXPECT_EQ(error_of(many(20000, wrong).file(), threads),
              "gt.json: annotations[10000]: 'bbox' must be an array of 4 finite numbers, found 0");
    EXPECT_THAT(error_of(many(20000, R"(, "open)").file(), threads), HasSubstr("gt.json: "));
    EXPECT_THAT(error_of(many(20000, "], [").file(), threads), HasSubstr("gt.json: "));
    EXPECT_EQ(error_of(many(20000).file() + "{}", threads),
              "gt.json: has something after the end of its object");
  }
}

TEST(LargeAnnotationFiles, UnusualValuesInTheMiddleAreReadAllTheSame) {
  const std::string unusual =
      R"(, {"image_id": 1.0, "category_id": 3, "bb\u006fx": [1, 2, 3, 4], "id": 1, "area": 1E1})";
  for (const int threads : {1, 3}) {
    const GroundTruth truth = truth_on(many(20000, unusual).file(), threads);
    ASSERT_EQ(truth.annotations.size(), 20001U);
    EXPECT_EQ(truth.annotations[10000].area, 10);
    EXPECT_EQ(truth.annotations[10000].bbox, (BoxXywh{1, 2, 3, 4}));
  }
}

TEST(AnnotationFiles, NamesMayHaveEscapesAndForeignLetters) {
  Text text;
  text.images =
      R"({"id": 1, "file_name": "a\/\u00e4\n\"\\.jpg"}, {"id": 2, "file_name": "ä東.jpg"})";
  for (const std::string& first : {std::string(), kUnusual}) {
    const GroundTruth truth = truth_on(text.file(first));
    EXPECT_EQ(truth.images[0].file_name, "a/ä\n\"\\.jpg");
    EXPECT_EQ(truth.images[1].file_name, "ä東.jpg");
  }
}

TEST(AnnotationFiles, SectionsAndKeysComeInAnyOrderAndTheLastOfEqualOnesCounts) {
  const GroundTruth truth = truth_on(
      R"( { "categories" : [ { "name" : "a" , "id" : 3 , "id" : 4 } ] , "annotations" : [ ] ,
            "annotations" : [ {"iscrowd":true,"id":7,"bbox":[ 1 ,2 , 3,4 ],"image_id":-5,
            "category_id":4,"area":0 , "x":null,"y":-1.5e3,"z":"\\"} ] ,
            "images":[{"id":-5}],"info":[[],{},"",0,true] } )");
  ASSERT_EQ(truth.annotations.size(), 1U);
  EXPECT_TRUE(truth.annotations[0].iscrowd);
  EXPECT_EQ(truth.annotations[0].id, 7);
  EXPECT_EQ(truth.annotations[0].area, 0);
  EXPECT_EQ(truth.categories[0].id, 4);
}

TEST(AnnotationFiles, IdsFarApartAreChecked) {
  Text text;
  text.images = R"({"id": -9223372036854775807}, {"id": 9223372036854775806})";
  const auto of_image = [&text](const std::string& id) {
    text.annotations =
        R"({"id": 1, "image_id": )" + id + R"(, "category_id": 3, "bbox": [0, 0, 1, 1]})";
    const GroundTruth truth = truth_on(text.file());
    return truth.annotations.empty() ? truth.warnings.at(0) : "no error";
  };
  EXPECT_EQ(of_image("9223372036854775806"), "no error");
  EXPECT_THAT(of_image("0"), HasSubstr("'image_id' 0 is not the id of one of the images"));
  text.images = R"({"id": 5}, {"id": 7})";
  EXPECT_EQ(of_image("7"), "no error");
  for (const char* id : {"4", "6", "8", "-9223372036854775807"}) {
    EXPECT_THAT(of_image(id), HasSubstr("is not the id of one of the images")) << id;
  }
}

TEST(AnnotationFiles, EveryPrefixIsAnErrorNotACrash) {
  const std::string json = many(8).file();
  for (std::size_t length = 0; length < json.size(); ++length) {
    const std::vector<char> exact(json.begin(), json.begin() + static_cast<std::ptrdiff_t>(length));
    const auto truth = parse_coco_annotations({exact.data(), exact.size()}, "gt.json", 1);
    EXPECT_FALSE(truth.ok()) << length;
  }
}

TEST(AnnotationFiles, EveryCharacterMayBeReplacedWithoutACrash) {
  const std::string json = many(8).file();
  for (std::size_t i = 0; i < json.size(); ++i) {
    for (const char c : {'}', ']', '"', ',', '\\', '0'}) {
      std::vector<char> changed(json.begin(), json.end());
      changed[i] = c;
      const auto truth = parse_coco_annotations({changed.data(), changed.size()}, "gt.json", 1);
      EXPECT_THAT(truth.ok() ? "gt.json: " : truth.error().message, HasSubstr("gt.json: "));
    }
  }
}

}  // namespace
}  // namespace qyolo::datasets
