#include "datasets/coco_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <string>

#include "common/file.h"
#include "tests/support/paths.h"

namespace qyolo::datasets {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::shared_dir;
using testing::TemporaryFolder;

GroundTruth truth_of(std::string_view json) {
  auto truth = parse_coco_annotations(json, "gt.json");
  EXPECT_TRUE(truth.ok()) << truth.error().message;
  return truth.ok() ? std::move(truth).value() : GroundTruth{};
}

std::string truth_error(std::string_view json) {
  const auto truth = parse_coco_annotations(json, "gt.json");
  return truth.ok() ? "no error" : truth.error().message;
}

std::vector<Detection> detections_of(std::string_view json, int threads = 1) {
  auto detections = parse_coco_detections(json, "dt.json", threads);
  EXPECT_TRUE(detections.ok()) << detections.error().message;
  return detections.ok() ? std::move(detections).value() : std::vector<Detection>{};
}

std::string detections_error(std::string_view json, int threads = 1) {
  const auto detections = parse_coco_detections(json, "dt.json", threads);
  return detections.ok() ? "no error" : detections.error().message;
}

// An annotation file with the given annotations, image 1 and category 3.
std::string with_annotations(const std::string& annotations) {
  return R"({"images": [{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}],
             "annotations": [)" +
         annotations + R"(], "categories": [{"id": 3, "name": "cat"}]})";
}

const std::string kAnnotation =
    R"({"id": 5, "image_id": 1, "category_id": 3, "bbox": [1, 2.5, 3, 4], "area": 9.5, "iscrowd": 0})";
const std::string kDetection =
    R"({"image_id": 1, "category_id": 3, "bbox": [1, 2.5, 3, 4], "score": 0.25})";

bool operator_equal(const Detection& a, const Detection& b) {
  return a.image_id == b.image_id && a.category_id == b.category_id && a.bbox == b.bbox &&
         a.score == b.score;
}

// ---- Annotations. ----

TEST(CocoAnnotations, AreReadAsWritten) {
  const GroundTruth truth = truth_of(with_annotations(kAnnotation));
  ASSERT_EQ(truth.images.size(), 1U);
  EXPECT_EQ(truth.images[0].id, 1);
  EXPECT_EQ(truth.images[0].file_name, "a.jpg");
  EXPECT_EQ(truth.images[0].width, 640);
  EXPECT_EQ(truth.images[0].height, 480);
  ASSERT_EQ(truth.categories.size(), 1U);
  EXPECT_EQ(truth.categories[0].id, 3);
  EXPECT_EQ(truth.categories[0].name, "cat");
  ASSERT_EQ(truth.annotations.size(), 1U);
  const Annotation& annotation = truth.annotations[0];
  EXPECT_EQ(annotation.id, 5);
  EXPECT_EQ(annotation.image_id, 1);
  EXPECT_EQ(annotation.category_id, 3);
  EXPECT_THAT(annotation.bbox, ElementsAre(1, 2.5, 3, 4));
  EXPECT_EQ(annotation.area, 9.5);
  EXPECT_FALSE(annotation.iscrowd);
  EXPECT_THAT(truth.warnings, IsEmpty());
}

TEST(CocoAnnotations, OrderOfKeysAndKeysThatAreNotUsedDoNotMatter) {
  const GroundTruth truth = truth_of(R"(
    {"info": {"annotations": [1, {"images": null}]}, "categories": [{"supercategory": "x",
     "name": "caf\u00e9 \"q\"", "id": -3}], "licenses": [],
     "annotations": [{"iscrowd": 1, "segmentation": {"counts": [1, 2], "size": [3, 4]}, "area": 1,
       "bbox": [0, 0, 0, 0], "category_id": -3, "attributes": {"bbox": "none"}, "image_id": 0, "id": 0}],
     "images": [{"id": 0}]})");
  ASSERT_EQ(truth.annotations.size(), 1U);
  EXPECT_TRUE(truth.annotations[0].iscrowd);
  EXPECT_EQ(truth.categories[0].name, "café \"q\"");
  EXPECT_EQ(truth.images[0].file_name, "");
  EXPECT_EQ(truth.images[0].width, 0);
}

TEST(CocoAnnotations, KeysMayBeWrittenWithEscapes) {
  EXPECT_EQ(truth_of(R"({"im\u0061ges": [{"\u0069d": 4}], "annotations": [], "categories": []})")
                .images[0]
                .id,
            4);
}

TEST(CocoAnnotations, MissingCrowdIsZeroAndMissingAreaIsTheBoxsWithOneWarning) {
  const std::string bare = R"({"id": 7, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4]})";
  const std::string other = R"({"id": 6, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4]})";
  const GroundTruth truth = truth_of(with_annotations(kAnnotation + "," + bare + "," + other));
  EXPECT_FALSE(truth.annotations[1].iscrowd);
  EXPECT_EQ(truth.annotations[1].area, 12);
  EXPECT_THAT(truth.warnings,
              ElementsAre("gt.json: 2 of 3 annotations have no area (the first is annotations[1]); "
                          "width * height of the box is used"));
}

TEST(CocoAnnotations, IntegersMayBeWrittenAsFloats) {
  EXPECT_EQ(truth_of(R"({"images": [{"id": 4.0, "width": 6.4e2}], "annotations": [],
                         "categories": []})")
                .images[0]
                .width,
            640);
}

TEST(CocoAnnotations, ByteOrderMarkIsSkipped) {
  EXPECT_EQ(truth_of("\xEF\xBB\xBF" + with_annotations(kAnnotation)).annotations.size(), 1U);
}

struct Malformed {
  std::string entry;
  std::string error;
};

TEST(CocoAnnotations, MalformedAnnotationsAreErrorsThatSayWhereAndWhatWasExpected) {
  const std::string place = "gt.json: annotations[1]: ";
  const std::vector<Malformed> cases = {
      {R"({"id": 1, "category_id": 3, "bbox": [1, 2, 3, 4]})", "'image_id' is missing"},
      {R"({"id": 1, "image_id": 1, "bbox": [1, 2, 3, 4]})", "'category_id' is missing"},
      {R"({"id": 1, "image_id": 1, "category_id": 3})", "'bbox' is missing"},
      {R"({"id": 1, "image_id": true, "category_id": 3, "bbox": [1, 2, 3, 4]})",
       "'image_id' must be a number or a text, found true"},
      {R"({"id": 1, "image_id": null, "category_id": 3, "bbox": [1, 2, 3, 4]})",
       "'image_id' must be a number or a text, found null"},
      {R"({"id": 1, "image_id": 1, "category_id": [], "bbox": [1, 2, 3, 4]})",
       "'category_id' must be a number or a text, found an array"},
      {R"({"id": 1, "image_id": 1, "category_id": 3, "bbox": {"x": 1}})",
       "'bbox' must be an array of 4 finite numbers, found an object"},
      {R"({"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3]})",
       "'bbox' must be an array of 4 finite numbers, found 3"},
      {R"({"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4, 5]})",
       "'bbox' must be an array of 4 finite numbers, found more"},
      {R"({"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, null, 4]})",
       "'bbox' must be an array of 4 finite numbers, found null"},
      {R"({"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, NaN, 4]})",
       "'bbox' must be an array of 4 finite numbers, found NaN"},
      {R"({"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 1e999, 4]})",
       "'bbox' must be an array of 4 finite numbers, found 1e999"},
      {R"({"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, -3, 4]})",
       "'bbox' must have a width and height that are not negative, found -3 and 4"},
      {R"({"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "area": "big"})",
       "'area' must be a finite number, found \"big\""},
      {R"({"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "area": -1})",
       "'area' must not be negative, found -1"},
      {R"({"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "iscrowd": 2})",
       "'iscrowd' must be 0 or 1, found 2"},
      {"17", "expected an object, found 17"},
      {R"({"id" 1})", "is not valid JSON (The JSON document has an improper structure"},
  };
  for (const Malformed& malformed : cases) {
    EXPECT_THAT(truth_error(with_annotations(kAnnotation + ", " + malformed.entry)),
                ::testing::StartsWith(place + malformed.error));
  }
}

TEST(CocoAnnotations, MalformedImagesAndCategoriesAreErrors) {
  const auto images = [](const std::string& entries) {
    return truth_error(R"({"images": [)" + entries + R"(], "annotations": [], "categories": []})");
  };
  EXPECT_EQ(images(R"({"file_name": "a"})"), "gt.json: images[0]: 'id' is missing");
  EXPECT_EQ(images(R"({"id": []}, {"id": {}}, {"id": 4})"),
            "gt.json: images[0]: 'id' must be a number or a text, found an array (2 entries like "
            "this; `qyolo doctor` lists all problems)");
  const auto categories = [](const std::string& entries) {
    return truth_error(R"({"images": [], "annotations": [], "categories": [)" + entries + "]}");
  };
  EXPECT_EQ(categories(R"({"id": 1})"), "gt.json: categories[0]: 'name' is missing");
}

TEST(CocoAnnotations, FilesThatAreSomethingElseAreErrors) {
  EXPECT_THAT(truth_error(""), HasSubstr("gt.json: is not valid JSON"));
  EXPECT_EQ(truth_error("[]"),
            "gt.json: expected an object with images, annotations and categories");
  EXPECT_EQ(truth_error(R"({"images": [], "categories": []})"),
            "gt.json: 'annotations' is missing");
  EXPECT_EQ(truth_error(R"({"images": {}})"),
            "gt.json: 'images' must be an array, found an object");
  EXPECT_THAT(truth_error(R"({"images": [{"id": 1})"), HasSubstr("is not valid JSON"));
  EXPECT_THAT(truth_error(with_annotations(kAnnotation) + " {}"),
              HasSubstr("something after the end"));
  EXPECT_THAT(truth_error("{\"images\": [{\"id\": 1, \"file_name\": \"\xff\"}]}"),
              HasSubstr("is not valid JSON"));
}

TEST(CocoAnnotations, DeepNestingIsAnErrorNotACrash) {
  const std::string deep(100000, '[');
  EXPECT_THAT(truth_error(R"({"images": )" + deep), HasSubstr("gt.json"));
  EXPECT_THAT(truth_error(R"({"info": )" + deep + std::string(100000, ']') + "}"),
              HasSubstr("gt.json"));
}

TEST(CocoAnnotations, FilesAreReadWhateverTheirSize) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "gt.json";
  const std::string json = with_annotations(kAnnotation);
  for (std::size_t size = 4096 - 70; size < 4096 + 3; ++size) {  // padding across a page's end
    ASSERT_TRUE(write_file(path, std::string(size - json.size(), ' ') + json).ok());
    const auto truth = read_coco_annotations(path);
    ASSERT_TRUE(truth.ok()) << truth.error().message;
    EXPECT_EQ(truth->annotations.size(), 1U);
  }
}

TEST(CocoAnnotations, MissingFilesAndFoldersAreErrors) {
  const TemporaryFolder folder;
  EXPECT_THAT(read_coco_annotations(folder.path() / "no.json").error().message,
              HasSubstr("no.json"));
  EXPECT_THAT(read_coco_detections(folder.path()).error().message, HasSubstr("is a folder"));
}

TEST(CocoAnnotations, RealFileIsReadCompletely) {
  QYOLO_NEEDS_SHARED("data/coco80/annotations.json");
  const auto truth = read_coco_annotations(shared_dir() / "data/coco80/annotations.json");
  ASSERT_TRUE(truth.ok()) << truth.error().message;
  EXPECT_EQ(truth->images.size(), 80U);
  EXPECT_EQ(truth->categories.size(), 80U);
  EXPECT_THAT(truth->warnings, IsEmpty());
}

// ---- Detections. ----

TEST(CocoDetections, AreReadAsWritten) {
  const auto detections = detections_of("[" + kDetection + "]");
  ASSERT_EQ(detections.size(), 1U);
  EXPECT_TRUE(operator_equal(detections[0], {1, 3, {1, 2.5, 3, 4}, 0.25}));
}

TEST(CocoDetections, EmptyArrayHasNone) {
  EXPECT_THAT(detections_of("[]"), IsEmpty());
  EXPECT_THAT(detections_of(" \n[ \t ] \n"), IsEmpty());
}

TEST(CocoDetections, LayoutOrderAndOtherKeysDoNotMatter) {
  const std::vector<Detection> expected = {{-7, 3, {1e-3, -2.5, 30, 0}, 1e-05}};
  for (
      const std::string json : {
          R"([{"image_id":-7,"category_id":3,"bbox":[0.001,-2.5,30,0],"score":1e-05}])",
          "[\n{ \"score\" : 0.00001 ,\r\n\t\"bbox\" : [ 1E-3 , -25e-1 , 3e+1 , 0.0 ] , "
          "\"image_id\" : -7 , \"category_id\" : 3 }\n]\n",
          R"([{"image_id":-7.0,"category_id":3,"bbox":[0.001,-2.5,30,0],"score":1e-05}])",
          R"([{"im\u0061ge_id":-7,"category_id":3,"bbox":[0.001,-2.5,30,-0],"score":1e-05}])",
          R"([{"image_id":9,"image_id":-7,"category_id":3,"bbox":[0.001,-2.5,30,0],"score":1e-05}])",
          R"([{"id":1,"image_id":-7,"category_id":3,"bbox":[0.001,-2.5,30,0],
               "segmentation":[{"a":"}, {"},{"b":[]}],"score":1e-05,"area":null}])",
      }) {
    const auto detections = detections_of(json);
    ASSERT_EQ(detections.size(), 1U) << json;
    EXPECT_TRUE(operator_equal(detections[0], expected[0])) << json;
  }
}

// Numbers whose decimal digits are near or beyond what one division can round correctly.
TEST(CocoDetections, NumbersAreCorrectlyRounded) {
  for (const char* text :
       {"0.1", "123456789012.345", "1234567890123.456", "0.3333333333333333", "9007199254740993",
        "9007199254740993.0", "8.5e-7", "5e-324", "1.7976931348623157e308",
        "0.000000000000000000000000000001", "179769313486231570000000000000000000000000", "-0.0",
        "0", "17.0E0", "0.10000000000000000555111512312578270211815834045410156250001"}) {
    const double expected = std::strtod(text, nullptr);
    // Once alone, for the fast path, and once with a key that only the general one knows.
    for (const char* other : {"", R"("id": 1, )"}) {
      const auto detections = detections_of(std::string("[{") + other +
                                            R"("image_id": 1, "category_id": 3, "bbox": [)" + text +
                                            R"(, 0, 1, 1], "score": )" + text + "}]");
      ASSERT_EQ(detections.size(), 1U) << text;
      EXPECT_EQ(detections[0].score, expected) << text;
      EXPECT_EQ(detections[0].bbox[0], expected) << text;
      EXPECT_EQ(std::signbit(detections[0].score), std::signbit(expected)) << text;
    }
  }
}

TEST(CocoDetections, MalformedEntriesAreErrorsThatSayWhereAndWhatWasExpected) {
  const std::string place = "dt.json: detections[1]: ";
  const std::vector<Malformed> cases = {
      {R"({"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4]})", "'score' is missing"},
      {R"({"category_id": 3, "bbox": [1, 2, 3, 4], "score": 1})", "'image_id' is missing"},
      {R"({"image_id": null, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 1})",
       "'image_id' must be a number or a text, found null"},
      {R"({"image_id": 01, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 1})",
       "'image_id' must be a number or a text, found 01"},
      {R"({"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "score": NaN})",
       "'score' must be a finite number, found NaN"},
      {R"({"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "score": -Infinity})",
       "'score' must be a finite number, found -Infinity"},
      {R"({"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 1e400})",
       "'score' must be a finite number, found 1e400"},
      {R"({"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "score": .5})",
       "'score' must be a finite number, found .5"},
      {R"({"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 5.})",
       "'score' must be a finite number, found 5."},
      {R"({"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "score": +5})",
       "'score' must be a finite number, found +5"},
      {R"({"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "score": "high"})",
       "'score' must be a finite number, found \"high\""},
      {R"({"image_id": 1, "category_id": 3, "bbox": [1, 2, 3], "score": 1})",
       "'bbox' must be an array of 4 finite numbers, found 3"},
      {R"({"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, -4], "score": 1})",
       "'bbox' must have a width and height that are not negative, found 3 and -4"},
      {R"({"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4] "score": 1})",
       "is not valid JSON (The JSON document has an improper structure"},
      {R"([1])", "expected an object, found an array"},
  };
  for (const Malformed& malformed : cases) {
    EXPECT_THAT(detections_error("[" + kDetection + ", " + malformed.entry + "]"),
                ::testing::StartsWith(place + malformed.error));
  }
}

TEST(CocoDetections, FilesThatAreSomethingElseAreErrors) {
  EXPECT_EQ(detections_error(""), "dt.json: expected an array of detections, found nothing");
  EXPECT_EQ(detections_error(" {}"), "dt.json: expected an array of detections, found an object");
  EXPECT_EQ(detections_error("12"),
            "dt.json: expected an array of detections, found something else");
  EXPECT_EQ(detections_error("["),
            "dt.json: the array of detections has no end; the file is cut off");
  EXPECT_EQ(detections_error("[" + kDetection + ", "),
            "dt.json: the array of detections has no end; the file is cut off");
  EXPECT_THAT(detections_error("[" + kDetection + ",]"), HasSubstr("detections[1]"));
  EXPECT_THAT(detections_error("[" + kDetection + "], [" + kDetection + "]"),
              HasSubstr("after the end of its array"));
  EXPECT_THAT(detections_error("[,]"), HasSubstr("dt.json: detections[0]"));
}

// Enough objects for several pieces; `odd` is put in the middle.
std::string many_detections(std::size_t count, const std::string& odd = "") {
  std::string json = "[";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) json += ", ";
    if (i == count / 2) json += odd;
    json += R"({"image_id": )" + std::to_string(i) + R"(, "category_id": 3, "bbox": [1, 2.5, 3, )" +
            std::to_string(i % 1000) + R"(], "score": 0.25})";
  }
  return json + "]";
}

TEST(CocoDetections, NumberOfThreadsChangesNothing) {
  const std::string json = many_detections(20000);
  const auto one = detections_of(json, 1);
  ASSERT_EQ(one.size(), 20000U);
  for (std::size_t i = 0; i < one.size(); ++i) {
    ASSERT_EQ(one[i].image_id, static_cast<std::int64_t>(i));
    ASSERT_EQ(one[i].bbox[3], static_cast<double>(i % 1000));
  }
  for (const int threads : {2, 3, 8}) {
    const auto several = detections_of(json, threads);
    EXPECT_TRUE(std::equal(one.begin(), one.end(), several.begin(), several.end(), operator_equal));
  }
}

TEST(CocoDetections, PlacesThatOnlyLookLikeBoundariesAreNone) {
  std::string tricky;
  for (int i = 0; i < 40000; ++i) tricky += "}, {";
  const std::string other =
      R"({"image_id": -1, "category_id": 3, "bbox": [0, 0, 1, 1], "score": 1, "note": ")" + tricky +
      R"(", "nested": [{"a": 1}, {"b": 2}]}, )";
  const std::string json = many_detections(20000, other + other + other + other);
  for (const int threads : {1, 3}) {
    const auto detections = detections_of(json, threads);
    ASSERT_EQ(detections.size(), 20004U);
    EXPECT_EQ(detections[9999].image_id, 9999);
    EXPECT_EQ(detections[10003].image_id, -1);
    EXPECT_EQ(detections[20003].image_id, 19999);
  }
}

TEST(CocoDetections, ErrorsInTheMiddleOfALargeFileNameTheFirstWrongEntry) {
  const std::string wrong = R"({"image_id": 1, "category_id": 3, "bbox": [], "score": 1}, )";
  for (const int threads : {1, 3}) {
    EXPECT_EQ(detections_error(many_detections(20000, wrong), threads),
              "dt.json: detections[10000]: 'bbox' must be an array of 4 finite numbers, found 0");
    EXPECT_THAT(detections_error(many_detections(20000, R"("open)"), threads),
                HasSubstr("dt.json"));
    EXPECT_THAT(detections_error(many_detections(20000, "], ["), threads), HasSubstr("dt.json"));
  }
}

TEST(CocoDetections, EveryPrefixOfAFileIsAnErrorNotACrash) {
  const std::string json = "[" + kDetection + ", " + kDetection + "]";
  for (std::size_t length = 0; length < json.size(); ++length) {
    EXPECT_NE(detections_error(json.substr(0, length)), "no error") << length;
    EXPECT_NE(detections_error(json.substr(0, length) + "]"), "no error" + std::to_string(length));
  }
}

// ---- Writing. ----

std::string written(const std::vector<Detection>& detections) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "dt.json";
  const Status status = write_coco_detections(path, detections);
  if (!status.ok()) return status.error().message;
  return read_file(path).value();
}

std::string written_box_value(double value) {
  const std::string json = written({{1, 1, {value, 0, 0, 0}, 0}});
  const std::size_t begin = json.find("[", 1) + 1;
  return json.substr(begin, json.find(",", begin) - begin);
}

std::string written_score(double value) {
  const std::string json = written({{1, 1, {}, value}});
  const std::size_t begin = json.find("score") + 8;
  return json.substr(begin, json.size() - 2 - begin);
}

TEST(WriteCocoDetections, LooksAsPythonsJson) {
  EXPECT_EQ(written({}), "[]");
  EXPECT_EQ(
      written({{2, 6, {88.58, 39.871, 101.977, 98.565}, 0.97196}, {-1, 90, {0, 0, 1, 1}, 1}}),
      R"([{"image_id": 2, "category_id": 6, "bbox": [88.58, 39.871, 101.977, 98.565], )"
      R"("score": 0.97196}, {"image_id": -1, "category_id": 90, "bbox": [0.0, 0.0, 1.0, 1.0], )"
      R"("score": 1.0}])");
}

// Expected texts are Python's json.dumps(round(value, 3)) and json.dumps(round(value, 5)).
TEST(WriteCocoDetections, RoundsAsPython) {
  EXPECT_EQ(written_box_value(0.0625), "0.062");  // a tie, to even
  EXPECT_EQ(written_box_value(0.1875), "0.188");
  EXPECT_EQ(written_box_value(0.0005), "0.001");  // a little more than it looks
  EXPECT_EQ(written_box_value(0.0015), "0.002");
  EXPECT_EQ(written_box_value(-0.0001), "-0.0");
  EXPECT_EQ(written_box_value(123456789.12345678), "123456789.123");
  EXPECT_EQ(written_box_value(999999999.9996), "1000000000.0");
  EXPECT_EQ(written_box_value(1234567890.1235), "1234567890.124");
  EXPECT_EQ(written_box_value(1000000000000000.2), "1000000000000000.2");
  EXPECT_EQ(written_box_value(2251799813685249.5), "2251799813685249.5");
  EXPECT_EQ(written_box_value(1e16), "1e+16");
  EXPECT_EQ(written_box_value(-1.5e300), "-1.5e+300");
  EXPECT_EQ(written_score(0.000014), "1e-05");
  EXPECT_EQ(written_score(0.000005), "1e-05");
  EXPECT_EQ(written_score(0.0000025), "0.0");
  EXPECT_EQ(written_score(0.00012), "0.00012");
  EXPECT_EQ(written_score(0.00009999), "0.0001");
  EXPECT_EQ(written_score(1), "1.0");
  EXPECT_EQ(written_score(0.123455), "0.12345");
}

TEST(WriteCocoDetections, RoundedIsWhatIsReadBack) {
  const std::vector<Detection> detections = {
      {1, 2, {0.0625, 1.23456, 1e12 + 0.3, -0.0004}, 2.0 / 3},
      {1, 2, {1e300, 2251799813685249.5, 7, 8}, 0.000014}};
  const TemporaryFolder folder;
  ASSERT_TRUE(write_coco_detections(folder.path() / "dt.json", detections).ok());
  std::vector<Detection> positive = detections;
  positive[0].bbox[3] = 0.0004;
  ASSERT_TRUE(write_coco_detections(folder.path() / "dt.json", positive).ok());
  const auto read = read_coco_detections(folder.path() / "dt.json");
  ASSERT_TRUE(read.ok()) << read.error().message;
  for (std::size_t i = 0; i < positive.size(); ++i) {
    EXPECT_TRUE(operator_equal(read.value()[i], rounded(positive[i]))) << i;
  }
}

TEST(WriteCocoDetections, ReferenceFileComesBackByteForByte) {
  QYOLO_NEEDS_SHARED("golden/parts-w025.json");
  const TemporaryFolder folder;
  for (const char* name : {"golden/coco80-dets.json", "golden/parts-w025.json"}) {
    const auto detections = read_coco_detections(shared_dir() / name);
    ASSERT_TRUE(detections.ok()) << detections.error().message;
    ASSERT_TRUE(write_coco_detections(folder.path() / "dt.json", *detections).ok());
    EXPECT_TRUE(read_file(folder.path() / "dt.json").value() ==
                read_file(shared_dir() / name).value());
  }
}

TEST(WriteCocoDetections, NumbersThatAreNotFiniteAreErrors) {
  EXPECT_THAT(written({{1, 1, {}, 0.5}, {7, 1, {0, 0, 0, NAN}, 0.5}}),
              HasSubstr("detection 1 of image 7 has a box or score that is not finite"));
  EXPECT_THAT(written({{7, 1, {}, std::numeric_limits<double>::infinity()}}),
              HasSubstr("not finite"));
}

}  // namespace
}  // namespace qyolo::datasets
