#include "datasets/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/file.h"
#include "tests/datasets/test_images.h"
#include "tests/support/paths.h"

namespace qyolo::datasets {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DatasetDoctor : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(create_folder(images()));
    ASSERT_TRUE(create_folder(calibration()));
  }

  // Different content for every shade.
  void put(const fs::path& path, int shade, int width = 64, int height = 48) {
    const cv::Mat image(height, width, CV_8UC3, cv::Scalar(shade, 20, 30));
    ASSERT_TRUE(write_file(path, testing::encoded(image, ".png")));
  }
  void list(int id, const std::string& name, int width = 64, int height = 48) {
    image_list_ += fmt::format(R"({}{{"id": {}, "file_name": "{}", "width": {}, "height": {}}})",
                               image_list_.empty() ? "" : ", ", id, name, width, height);
  }
  void box(int id, int image, const std::string& bbox, int category = 1, int crowd = 0) {
    boxes_ += fmt::format(
        R"({}{{"id": {}, "image_id": {}, "category_id": {}, "bbox": {}, "area": 1, "iscrowd": {}}})",
        boxes_.empty() ? "" : ", ", id, image, category, bbox, crowd);
  }

  DoctorReport examine(const DoctorOptions& options = options_with(1)) {
    const fs::path annotations = folder_.path() / "annotations.json";
    EXPECT_TRUE(write_file(
        annotations, fmt::format(R"({{"images": [{}], "annotations": [{}], "categories": [{}]}})",
                                 image_list_, boxes_, categories_)));
    auto report = examine_dataset(images(), annotations, options);
    EXPECT_TRUE(report.ok()) << report.error().message;
    return report.ok() ? *report : DoctorReport{};
  }
  static DoctorOptions options_with(std::int64_t min_objects) {
    DoctorOptions options;
    options.min_objects = min_objects;
    options.threads = 2;
    return options;
  }

  [[nodiscard]] fs::path images() const { return folder_.path() / "images"; }
  [[nodiscard]] fs::path calibration() const { return folder_.path() / "calib"; }

  std::string categories_ = R"({"id": 1, "name": "nut"}, {"id": 2, "name": "bolt"})";

 private:
  testing::TemporaryFolder folder_;
  std::string image_list_, boxes_;
};

const Finding& only(const DoctorReport& report) {
  EXPECT_EQ(report.findings.size(), 1U);
  static const Finding kNone{};
  return report.findings.empty() ? kNone : report.findings[0];
}

TEST_F(DatasetDoctor, FindsNothingInASoundDataset) {
  put(images() / "a.png", 1);
  list(1, "a.png");
  box(1, 1, "[0, 0, 64, 48]");
  box(2, 1, "[10, 10, 20, 20]", 2);
  box(3, 1, "[10, 10, 20, 20]", 1, 1);  // a crowd may lie where an object does
  const DoctorReport report = examine();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.images, 1);
  EXPECT_EQ(report.objects, 2);
  EXPECT_EQ(report.crowds, 1);
  ASSERT_EQ(report.classes.size(), 2U);
  EXPECT_EQ(report.classes[0].objects, 1);
  EXPECT_EQ(report.classes[1].images, 1);
}

TEST_F(DatasetDoctor, CountsBoxesByWhatIsWrongWithThem) {
  put(images() / "a.png", 1);
  list(1, "a.png");
  box(1, 1, "[64, 0, 5, 5]");       // begins at the right edge: wholly outside
  box(2, 1, "[-9, 0, 9, 5]");       // ends at the left edge
  box(3, 1, "[60, 40, 6, 5]");      // two pixels beyond the right edge
  box(4, 1, "[60, 40, 4.9, 8.9]");  // less than a pixel beyond
  box(5, 1, "[5, 5, 0, 5]");
  box(6, 1, "[9, 5, 5, 0]");
  box(7, 1, "[20, 5, 0.5, 5]");
  box(8, 1, "[30, 5, 10, 10]", 2);
  const DoctorReport report = examine();
  EXPECT_EQ(report.count(Check::kBoxOutside), 2);
  EXPECT_EQ(report.count(Check::kBoxBeyondEdge), 1);
  EXPECT_EQ(report.count(Check::kBoxEmpty), 2);
  EXPECT_EQ(report.count(Check::kBoxTiny), 1);
  EXPECT_EQ(report.findings.size(), 4U);
  EXPECT_EQ(report.count(Severity::kError), 2U);
  const Finding& empty = report.findings[0];
  EXPECT_EQ(empty.check, Check::kBoxEmpty);
  EXPECT_EQ(empty.examples[0].image, "a.png");
  EXPECT_EQ(empty.examples[0].annotation_id, 5);
  EXPECT_EQ(empty.examples[0].detail, "bbox [5, 5, 0, 5]");
}

TEST_F(DatasetDoctor, CountsEachRepetitionOfAnObjectOnce) {
  put(images() / "a.png", 1);
  put(images() / "b.png", 2);
  list(1, "a.png");
  list(2, "b.png");
  box(1, 1, "[10, 10, 20, 20]");
  box(2, 1, "[10.2, 10, 20, 20]");   // IoU 0.98
  box(3, 1, "[10, 10, 20, 20]");     // repeats both, and counts once
  box(4, 1, "[11, 11, 20, 20]");     // IoU 0.82 with the first
  box(5, 1, "[10, 10, 20, 20]", 2);  // of two classes
  box(6, 2, "[10, 10, 20, 20]");     // another image
  box(6, 2, "[40, 10, 20, 20]");     // an id again
  const DoctorReport report = examine();
  EXPECT_EQ(report.count(Check::kObjectTwice), 2);
  EXPECT_EQ(report.count(Check::kBoxOfTwoClasses), 1);
  EXPECT_EQ(report.count(Check::kIdTwice), 1);
  EXPECT_EQ(report.findings.size(), 3U);
  EXPECT_EQ(report.findings[0].examples[1].annotation_id, 3);
  EXPECT_EQ(report.findings[0].examples[1].detail, "as annotation 1");
}

TEST_F(DatasetDoctor, ComparesImagesWithTheirFiles) {
  put(images() / "a.png", 1);
  put(images() / "b.png", 2, 60, 40);
  put(images() / "copy.png", 1);
  put(images() / "spare.png", 9);
  const std::string whole = testing::encoded(64, 48, ".png");
  ASSERT_TRUE(write_file(images() / "cut.png", whole.substr(0, whole.size() - 8)));
  list(1, "a.png");
  list(2, "b.png");
  list(3, "copy.png");
  list(4, "gone.png");
  list(5, "../a.png");
  list(6, "./a.png");
  list(7, "cut.png");
  for (int i = 1; i <= 7; ++i) box(i, i, "[10, 10, 20, 20]", 1 + i % 2);
  const DoctorReport report = examine();
  EXPECT_EQ(report.count(Check::kSizeDiffers), 1);
  EXPECT_EQ(report.count(Check::kImageTwice), 1);
  EXPECT_EQ(report.count(Check::kImageMissing), 1);
  EXPECT_EQ(report.count(Check::kImageOutside), 1);
  EXPECT_EQ(report.count(Check::kImageListedTwice), 1);
  EXPECT_EQ(report.count(Check::kImageUnreadable), 1);
  EXPECT_EQ(report.count(Check::kFileNotListed), 1);
  EXPECT_EQ(report.findings.size(), 7U);
}

TEST_F(DatasetDoctor, ComparesBoxesWithTheFileNotWithTheStatedSize) {
  put(images() / "a.png", 1, 64, 48);
  list(1, "a.png", 640, 480);
  box(1, 1, "[100, 10, 20, 20]");
  box(2, 1, "[10, 10, 20, 20]", 2);
  const DoctorReport report = examine();
  EXPECT_EQ(report.count(Check::kBoxOutside), 1);
  EXPECT_EQ(report.count(Check::kSizeDiffers), 1);
}

TEST_F(DatasetDoctor, TellsLeakedImagesFromSharedNames) {
  put(images() / "a.png", 1);
  put(images() / "b.png", 2);
  put(images() / "c.png", 3);
  put(calibration() / "other-name.png", 1);
  put(calibration() / "b.png", 7);
  put(calibration() / "free.png", 8);
  for (int i = 1; i <= 3; ++i) {
    list(i, std::string(1, static_cast<char>('a' + i - 1)) + ".png");
    box(i, i, "[10, 10, 20, 20]", 1 + i % 2);
  }
  DoctorOptions options = options_with(1);
  options.calibration = calibration();
  const DoctorReport report = examine(options);
  EXPECT_EQ(report.calibration_images, 3);
  EXPECT_EQ(report.count(Check::kLeakedImage), 1);
  EXPECT_EQ(report.count(Check::kSharedName), 1);
  EXPECT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.findings[0].examples[0].image, "a.png");
  EXPECT_EQ(report.findings[0].examples[0].detail, "as other-name.png");
  EXPECT_EQ(report.findings[1].examples[0].image, "b.png");
}

TEST_F(DatasetDoctor, CountsClassesWithoutAndWithFewObjects) {
  put(images() / "a.png", 1);
  put(images() / "b.png", 2);
  list(1, "a.png");
  list(2, "b.png");
  box(1, 1, "[10, 10, 20, 20]");
  box(2, 1, "[40, 10, 20, 20]");
  box(3, 1, "[10, 40, 20, 8]", 2, 1);  // a crowd is no object
  const DoctorReport report = examine(options_with(3));
  EXPECT_EQ(report.count(Check::kClassEmpty), 1);
  EXPECT_EQ(report.count(Check::kClassRare), 1);
  EXPECT_EQ(report.count(Check::kImageWithoutBoxes), 1);
  EXPECT_EQ(report.findings.back().examples[0].detail, "nut: 2 of at least 3");
  EXPECT_EQ(examine(options_with(2)).count(Check::kClassRare), 0);
}

TEST_F(DatasetDoctor, ComparesClassesWithTheModels) {
  put(images() / "a.png", 1);
  list(1, "a.png");
  box(1, 1, "[10, 10, 20, 20]");
  box(2, 1, "[30, 10, 20, 20]", 2);
  DoctorOptions options = options_with(1);
  options.model_classes = {"nut", "bolt"};
  EXPECT_THAT(examine(options).findings, IsEmpty());
  options.model_classes = {"bolt", "nut"};
  EXPECT_THAT(examine(options).findings, IsEmpty());  // their order does not matter
  options.model_classes = {"nut", "gear", "ring"};
  const DoctorReport report = examine(options);
  EXPECT_EQ(report.count(Check::kClassMissing), 2);
  EXPECT_EQ(report.count(Check::kClassUnknown), 1);
  EXPECT_EQ(report.findings.size(), 2U);
}

TEST_F(DatasetDoctor, ShowsAsManyExamplesAsAskedForAndCountsAll) {
  put(images() / "a.png", 1);
  list(1, "a.png");
  for (int i = 0; i < 9; ++i) box(20 + i, 1, fmt::format("[{}, 5, 0, 5]", 2 * i));
  box(10, 1, "[30, 5, 5, 5]", 2);
  DoctorOptions options = options_with(1);
  options.examples = 2;
  const DoctorReport report = examine(options);
  EXPECT_EQ(only(report).count, 9);
  EXPECT_EQ(only(report).examples.size(), 2U);
}

TEST_F(DatasetDoctor, RefusesWhatCannotBeRead) {
  const auto report = examine_dataset(images(), images() / "none.json", {});
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("none.json"));
}

TEST(DoctorTexts, HaveDistinctNames) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kChecks; ++i) {
    const CheckText& text = text_of(static_cast<Check>(i));
    EXPECT_FALSE(text.text.empty());
    EXPECT_THAT(names, ::testing::Not(::testing::Contains(text.name)));
    names.push_back(text.name);
  }
  EXPECT_EQ(text_of(Check::kClassRare).name, "class_rare");
  EXPECT_EQ(text_of(Check::kBoxEmpty).name, "box_empty");
}

}  // namespace
}  // namespace qyolo::datasets
