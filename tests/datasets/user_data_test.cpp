// What labelling tools write: ids of any kind, entries that cannot be used, annotations of images
// that are gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file.h"
#include "datasets/coco_json.h"
#include "datasets/doctor.h"
#include "datasets/results_file.h"
#include "tests/datasets/test_images.h"
#include "tests/support/paths.h"

namespace qyolo::datasets {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

GroundTruth users_truth(const std::string& json) {
  auto truth = parse_coco_annotations(json, "gt.json", 1);
  EXPECT_TRUE(truth.ok()) << truth.error().message;
  return truth.ok() ? std::move(truth).value() : GroundTruth{};
}

std::string file_of(const std::string& images, const std::string& annotations,
                    const std::string& categories = R"({"id": 3, "name": "nut"})") {
  return fmt::format(R"({{"images": [{}], "annotations": [{}], "categories": [{}]}})", images,
                     annotations, categories);
}

std::string object(const std::string& id, const std::string& image,
                   const std::string& category = "3") {
  return fmt::format(
      R"({{"id": {}, "image_id": {}, "category_id": {}, "bbox": [1, 2, 3, 4], "area": 12}})", id,
      image, category);
}

// ---- Ids are only compared. ----

TEST(Ids, MayBeTextsFloatsAndLargeNumbers) {
  for (const char* id : {R"("scene_0001")", "3.5", "99999999999999999999", R"("0007")", R"("")",
                         "-9223372036854775808", R"("ä/b \"c\".jpg")"}) {
    const GroundTruth truth =
        users_truth(file_of(fmt::format(R"({{"id": {0}, "file_name": "a.jpg"}}, {{"id": 7}})", id),
                            object("1", id) + ", " + object("2", "7")));
    ASSERT_EQ(truth.annotations.size(), 2U) << id;
    EXPECT_EQ(truth.annotations[0].image_id, truth.images[0].id);
    EXPECT_NE(truth.images[0].id, truth.images[1].id);
    EXPECT_EQ(truth.image_ids.json(truth.images[0].id), id);
    EXPECT_EQ(truth.image_ids.json(7), "7");
  }
}

TEST(Ids, TextsAreOrderedAsTexts) {
  const GroundTruth truth = users_truth(file_of(R"({"id": "b"}, {"id": "a10"}, {"id": "a9"})", ""));
  EXPECT_LT(truth.images[1].id, truth.images[2].id);
  EXPECT_LT(truth.images[2].id, truth.images[0].id);
}

TEST(Ids, ATextAndANumberThatReadAlikeAreOneIdWithANote) {
  const GroundTruth truth = users_truth(
      file_of(R"({"id": "7"}, {"id": 8.0})", object("1", "7") + ", " + object("2", "\"8\"")));
  EXPECT_EQ(truth.annotations.size(), 2U);
  EXPECT_EQ(truth.images[0].id, 7);
  EXPECT_EQ(truth.images[1].id, 8);
  EXPECT_EQ(truth.image_ids.json(7), "\"7\"");
  EXPECT_EQ(truth.image_ids.json(8), "8.0");
  EXPECT_THAT(truth.warnings,
              ElementsAre(HasSubstr("some image ids are written as texts and some as numbers")));
}

TEST(Ids, OfCategoriesMayBeTextsToo) {
  const GroundTruth truth = users_truth(
      file_of(R"({"id": 1})", object("1", "1", "\"n\""), R"({"id": "n", "name": "nut"})"));
  EXPECT_EQ(truth.annotations[0].category_id, truth.categories[0].id);
}

class ResultsOf : public ::testing::Test {
 protected:
  Result<ResultsFile> read(const GroundTruth& truth, const std::vector<std::string>& image_ids,
                           const std::string& category = "3") {
    std::string json = "[";
    for (const std::string& id : image_ids) {
      json += fmt::format(
          R"({}{{"image_id": {}, "category_id": {}, "bbox": [1, 2, 3, 4], "score": 0.5}})",
          json.size() == 1 ? "" : ", ", id, category);
    }
    EXPECT_TRUE(write_file(folder_.path() / "dt.json", json + "]").ok());
    return read_results_of(truth, "gt.json", folder_.path() / "dt.json", 2);
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(ResultsOf, TextIdsMatchTextIds) {
  const GroundTruth truth = users_truth(file_of(R"({"id": "s1"}, {"id": "s0"})", ""));
  const auto results = read(truth, {R"("s0")", R"("s1")", R"("s0")"});
  ASSERT_TRUE(results.ok()) << results.error().message;
  EXPECT_EQ(results->detections[0].image_id, truth.images[1].id);
  EXPECT_EQ(results->detections[1].image_id, truth.images[0].id);
  EXPECT_THAT(results->warnings, IsEmpty());
}

TEST_F(ResultsOf, NumbersMatchTextsThatReadAlikeWithANote) {
  const GroundTruth truth = users_truth(file_of(R"({"id": "12"}, {"id": "13"})", ""));
  const auto results = read(truth, {"12", "13"});
  ASSERT_TRUE(results.ok()) << results.error().message;
  EXPECT_THAT(results->warnings, ElementsAre(HasSubstr("image ids are numbers here and texts in")));
}

TEST_F(ResultsOf, TheOfficialTestsIdsAreFileStems) {
  const GroundTruth truth = users_truth(file_of(
      R"({"id": 100, "file_name": "val\\000007.jpg"}, {"id": 101, "file_name": "x/cam_2.v1.png"})",
      ""));
  const auto results = read(truth, {"7", R"("cam_2.v1")"});
  ASSERT_TRUE(results.ok()) << results.error().message;
  EXPECT_EQ(results->detections[0].image_id, 100);
  EXPECT_EQ(results->detections[1].image_id, 101);
  EXPECT_THAT(results->warnings, ElementsAre(HasSubstr("file names without their extension")));
}

TEST_F(ResultsOf, UnknownImagesAreListed) {
  const GroundTruth truth = users_truth(file_of(R"({"id": 1, "file_name": "a.jpg"})", ""));
  EXPECT_THAT(read(truth, {"1", "7", R"("z")", "9"}).error().message,
              HasSubstr("detection 1 is of image 7, which is not in the ground truth gt.json (3 of "
                        "4 detections are of such images: ids z, 7, 9)"));
  // Stems that two images share decide nothing.
  const GroundTruth twins = users_truth(
      file_of(R"({"id": 1, "file_name": "a/x.jpg"}, {"id": 2, "file_name": "b/x.jpg"})", ""));
  EXPECT_FALSE(read(twins, {R"("x")"}).ok());
}

TEST_F(ResultsOf, UnknownCategoriesAreListed) {
  const auto results = read(users_truth(file_of(R"({"id": 1})", "")), {"1", "1"}, "91");
  ASSERT_TRUE(results.ok()) << results.error().message;
  EXPECT_THAT(results->warnings,
              ElementsAre(HasSubstr("2 of 2 detections are of categories that gt.json does not "
                                    "list (id 91); they have no influence")));
}

TEST(WrittenDetections, SpellIdsAsTheAnnotationsDo) {
  const GroundTruth truth = users_truth(
      file_of(R"({"id": "s 1"}, {"id": 2.50}, {"id": "7"})", "", R"({"id": "n", "name": "nut"})"));
  std::vector<Detection> detections;
  for (const ImageInfo& image : truth.images)
    detections.push_back({image.id, truth.categories[0].id, {0, 0, 1, 1}, 1});
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(write_coco_detections(folder.path() / "dt.json", detections, names_of(truth)).ok());
  const std::string json = *read_file(folder.path() / "dt.json");
  for (const char* id :
       {R"("image_id": "s 1", "category_id": "n")", R"("image_id": 2.50,)", R"("image_id": "7",)"})
    EXPECT_THAT(json, HasSubstr(id));
  const auto read = read_results_of(truth, "gt.json", folder.path() / "dt.json");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->detections[1].image_id, truth.images[1].id);
  EXPECT_THAT(read->warnings, IsEmpty());
}

// ---- Where pycocotools gives another number. ----

TEST(AnnotationIds, ThatPycocotoolsMistakesAreWarnedOfOnce) {
  EXPECT_THAT(
      users_truth(file_of(R"({"id": 1})", object("0", "1") + "," + object("1", "1"))).warnings,
      ElementsAre(AllOf(HasSubstr("annotations[0] has the id 0"),
                        HasSubstr("pycocotools may print another AP"))));
  EXPECT_THAT(users_truth(file_of(R"({"id": 1})", object("5", "1") + "," + object("9", "1") + "," +
                                                      object("5", "1")))
                  .warnings,
              ElementsAre(HasSubstr("1 annotations have the id of another one (the first: "
                                    "annotations[2]: id 5")));
  const auto both =
      users_truth(file_of(R"({"id": 1})", object("0", "1") + "," + object("0", "1"))).warnings;
  EXPECT_THAT(both, ElementsAre(AllOf(HasSubstr("has the id 0"), HasSubstr("of another one"))));
  EXPECT_THAT(
      users_truth(file_of(R"({"id": 1})", object("-4", "1") + "," + object("900100000000", "1")))
          .warnings,
      IsEmpty());
}

TEST(AnnotationIds, ThatAreMissingMakeNoDifference) {
  const GroundTruth truth = users_truth(file_of(
      R"({"id": 1})", R"({"image_id": 1, "category_id": 3, "bbox": [0, 0, 1, 1], "area": 1})"));
  EXPECT_EQ(truth.annotations.size(), 1U);
  EXPECT_THAT(truth.warnings, ElementsAre(HasSubstr("have no usable id")));
}

// ---- One bad entry does not hide the next. ----

TEST(UnlistedImages, TakeTheirAnnotationsWithThem) {
  const std::string malformed = R"({"id": 9, "image_id": 4, "category_id": 3, "bbox": "none"})";
  for (const std::string& more : {std::string(), ", " + malformed}) {
    const GroundTruth truth = users_truth(
        file_of(R"({"id": 1}, {"id": 2})", object("1", "4") + "," + object("2", "1") + "," +
                                               object("3", "5") + "," + object("4", "2") + more));
    ASSERT_EQ(truth.annotations.size(), 2U);
    EXPECT_EQ(truth.annotations[1].id, 4);
    EXPECT_THAT(truth.warnings,
                ElementsAre(HasSubstr(fmt::format(
                    "{} of {} annotations are of images that the file does not list (the first: "
                    "annotations[0]: 'image_id' 4",
                    more.empty() ? 2 : 3, more.empty() ? 4 : 5))));
  }
}

TEST(UnlistedCategories, TakeTheirAnnotationsWithThem) {
  const GroundTruth truth =
      users_truth(file_of(R"({"id": 1})", object("1", "1", "8") + "," + object("2", "1")));
  EXPECT_EQ(truth.annotations.size(), 1U);
  EXPECT_THAT(truth.warnings, ElementsAre(HasSubstr("are of categories that the file does not")));
}

TEST(Sizes, ThatAreNullZeroOrNonsenseDoNotMatter) {
  const GroundTruth truth = users_truth(file_of(
      R"({"id": 1, "width": null, "height": 0, "file_name": null}, {"id": 2, "width": "640"},
         {"id": 3, "width": -1, "height": 2.5}, {"id": 4, "width": 64.0, "height": 48})",
      ""));
  EXPECT_EQ(truth.images.size(), 4U);
  EXPECT_EQ(truth.images[0].file_name, "");
  EXPECT_EQ(truth.images[2].width, 0);
  EXPECT_EQ(truth.images[3].width, 64);
  EXPECT_THAT(truth.warnings, IsEmpty());
}

TEST(RepeatedEntries, AreNotes) {
  const GroundTruth truth = users_truth(
      file_of(R"({"id": 1, "file_name": "a.jpg"}, {"id": 1, "file_name": "a.jpg"}, {"id": 2})",
              object("1", "1"), R"({"id": 3, "name": "nut"}, {"id": 3, "name": "nut"})"));
  EXPECT_EQ(truth.images.size(), 2U);
  EXPECT_EQ(truth.categories.size(), 1U);
  EXPECT_EQ(truth.warnings.size(), 2U);
}

TEST(RefusedEntries, AreCountedAndTheFirstIsNamed) {
  const std::string box = R"({"id": 9, "image_id": 1, "category_id": 3})";
  const auto truth = parse_coco_annotations(
      file_of(R"({"id": 1})", object("1", "1") + "," + box + "," + box), "gt.json");
  EXPECT_EQ(truth.error().message,
            "gt.json: annotations[1]: 'bbox' is missing (2 entries like this; `qyolo doctor` lists "
            "all problems)");
}

TEST(SyntaxErrors, NameTheirLine) {
  EXPECT_THAT(
      parse_coco_annotations("{\"images\": [],\n\"annotations\": [\n{\"id\": 1},\n]}", "x")
          .error()
          .message,
      AllOf(HasSubstr("annotations["), HasSubstr("is not valid JSON"), HasSubstr("near line 4")));
  EXPECT_THAT(parse_coco_detections("[\n{\"image_id\" 1}\n]", "x").error().message,
              HasSubstr("near line 2"));
}

TEST(OtherFiles, AreCalledWhatTheyAre) {
  const std::pair<std::string, std::string> files[] = {
      {std::string("PK\x03\x04", 4) + "rest", "x is a ZIP archive, expected JSON: unpack it"},
      {"\x1F\x8B\x08", "x is a gzip archive"},
      {std::string("\xFF\xFE{\0", 4), "x is text in UTF-16"},
      {std::string("{\0\"\0", 4), "x is text in UTF-16"},
      {" <!DOCTYPE html><html>", "x is an HTML page"},
      {"version https://git-lfs.github.com/spec/v1\n", "x is a Git LFS pointer"}};
  for (const auto& [content, sentence] : files) {
    EXPECT_THAT(parse_coco_annotations(content, "x").error().message, HasSubstr(sentence));
    EXPECT_THAT(parse_coco_detections(content, "x").error().message, HasSubstr(sentence));
  }
}

// ---- The doctor sees what evaluation sees, and what it refuses. ----

TEST(DoctorOfUserData, ReportsOneOfEveryFindingWithItsCount) {
  const testing::TemporaryFolder folder;
  const fs::path images = folder.path() / "images";
  ASSERT_TRUE(create_folder(images).ok());
  const auto put = [&](const std::string& name, int shade, int type, const char* format) {
    ASSERT_TRUE(write_file(images / name,
                           testing::encoded(cv::Mat(48, 64, type, cv::Scalar::all(shade)), format))
                    .ok());
  };
  put("a.png", 10, CV_8UC3, ".png");
  put("b.PNG", 20, CV_8UC4, ".png");
  put("c.png", 30, CV_16UC3, ".png");
  put("d.jpg", 40, CV_8UC3, ".jpg");
  const std::string jpeg = *read_file(images / "d.jpg");
  ASSERT_TRUE(write_file(images / "d.jpg", jpeg.substr(0, jpeg.size() - 2)).ok());
  ASSERT_TRUE(write_file(images / "e.jpg", "GIF89a....").ok());
  ASSERT_TRUE(write_file(images / "._a.png", "AppleDouble").ok());
  const fs::path file = folder.path() / "gt.json";
  ASSERT_TRUE(
      write_file(
          file,
          file_of(
              R"({"id": 1, "file_name": "a.png", "width": 9, "height": 9}, {"id": 2, "file_name": "b.png"},
         {"id": 3, "file_name": "c.png"}, {"id": 4, "file_name": "d.jpg", "width": "x"},
         {"id": 5, "file_name": "e.jpg"}, {"id": 6}, {"id": 7, "file_name": "../x.jpg"},
         {"id": 8, "file_name": "none.jpg"}, {"file_name": "f.jpg"}, 17,
         {"id": 1, "file_name": "a.png"})",
              object("0", "1") + "," + object("0", "1") + "," + object("2", "99") + "," +
                  object("3", "1", "98") + "," +
                  R"({"id": 4, "image_id": 1, "category_id": 3, "bbox": [1, 2]},
             {"id": 5, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "area": "x"},
             {"id": 6, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "iscrowd": 7},
             {"image_id": 1, "category_id": 3, "bbox": [30, 2, 3, 4]})",
              R"({"id": 3, "name": "nut"}, {"id": 3, "name": "nut"}, {"id": 4, "name": "root"},
         {"name": "x"})"))
          .ok());
  DoctorOptions options;
  options.min_objects = 0;
  options.model_classes = {"nut", "bolt"};
  options.examine_image = &examine_image;
  const auto report = examine_dataset(images, file, options);
  ASSERT_TRUE(report.ok()) << report.error().message;
  const std::pair<Check, int> expected[] = {
      {Check::kEntryUnreadable, 3}, {Check::kImageUnnamed, 1},    {Check::kImageMissing, 1},
      {Check::kImageOutside, 1},    {Check::kImageIdTwice, 1},    {Check::kImageUnsupported, 1},
      {Check::kSizeDiffers, 1},     {Check::kImageUnended, 1},    {Check::kImageRenamed, 1},
      {Check::kImageConverted, 2},  {Check::kSizeUnknown, 1},     {Check::kObjectOfNoImage, 1},
      {Check::kObjectOfNoClass, 1}, {Check::kBoxMalformed, 1},    {Check::kAreaMalformed, 2},
      {Check::kIdMissing, 1},       {Check::kCategoryIdTwice, 1}, {Check::kClassMissing, 1},
      {Check::kCategoryUnused, 1},  {Check::kObjectTwice, 1}};
  for (const auto& [check, count] : expected)
    EXPECT_EQ(report->count(check), count) << text_of(check).name;
  EXPECT_EQ(report->count(Check::kFileNotListed), 0);
  // The same file is refused by evaluation, with the first problem that matters.
  EXPECT_THAT(read_coco_annotations(file).error().message, HasSubstr("images[8]: 'id' is missing"));
}

}  // namespace
}  // namespace qyolo::datasets
