// One dataset with everything that the doctor finds: each check, with its count.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "common/file.h"
#include "datasets/coco_json.h"
#include "datasets/doctor.h"
#include "tests/datasets/test_images.h"
#include "tests/support/paths.h"

namespace qyolo::datasets {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class WholeDoctor : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(create_folder(images()).ok());
    ASSERT_TRUE(create_folder(calibration()).ok());
  }
  [[nodiscard]] fs::path images() const { return folder_.path() / "images"; }
  [[nodiscard]] fs::path calibration() const { return folder_.path() / "calib"; }
  [[nodiscard]] fs::path annotations() const { return folder_.path() / "gt.json"; }

  // 64 x 48.
  static std::string picture(int shade, int type = CV_8UC3, const char* format = ".png") {
    return testing::encoded(cv::Mat(48, 64, type, cv::Scalar::all(shade)), format);
  }
  static void put(const fs::path& path, const std::string& bytes) {
    ASSERT_TRUE(write_file(path, bytes).ok());
  }

 private:
  testing::TemporaryFolder folder_;
};

constexpr const char* kImages = R"(
  {"id": 1, "file_name": "a.png", "width": 64, "height": 48},
  {"id": 2, "file_name": "b.png"},
  {"id": 3, "file_name": "c.png", "width": "wide"},
  {"id": 4, "file_name": "d.jpg"},
  {"id": 5, "file_name": "e.jpg"},
  {"id": 6},
  {"id": 7, "file_name": "../x.jpg"},
  {"id": 8, "file_name": "none.jpg"},
  {"file_name": "without an id.jpg"},
  {"id": 1, "file_name": "a.png"},
  {"id": 9, "file_name": "./a.png"},
  {"id": 10, "file_name": "same as a.png"},
  {"id": 11, "file_name": "damaged.jpg"},
  {"id": 12, "file_name": "cut.png"},
  {"id": 13, "file_name": "other size.png", "width": 9, "height": 9},
  {"id": 14, "file_name": "leaked.png"},
  {"id": 15, "file_name": "named alike.png"})";

// On image 1, of category 3, unless they say otherwise.
constexpr const char* kObjects[] = {
    R"("id": 0, "bbox": [1, 1, 20, 20])",
    R"("id": 1, "bbox": [1, 1, 20, 20])",                    // twice
    R"("id": 2, "bbox": [1, 1, 20, 20], "category_id": 4)",  // of two classes
    R"("id": 3, "bbox": [30, 30, 5, 5])",
    R"("id": 3, "bbox": [40, 30, 5, 5])",  // its id twice
    R"("bbox": [50, 30, 5, 5])",           // no id
    R"("id": 4, "bbox": [1, 1, 2, 2], "image_id": 99)",
    R"("id": 5, "bbox": [1, 1, 2, 2], "category_id": 98)",
    R"("id": 6, "bbox": [1, 2])",
    R"("id": 7, "bbox": [20, 1, 3, 4], "area": "large")",
    R"("id": 8, "bbox": [24, 1, 3, 4], "iscrowd": 7)",
    R"("id": 9, "bbox": [28, 1, 0, 4])",                       // empty
    R"("id": 10, "bbox": [100, 1, 3, 4])",                     // outside
    R"("id": 11, "bbox": [60, 40, 9, 4])",                     // beyond the edge
    R"("id": 12, "bbox": [32, 1, 0.5, 4])",                    // tiny
    R"("id": 13, "bbox": [1, 30, 9, 9], "category_id": 5)",    // no class of the network
    R"("id": 14, "bbox": [12, 30, 9, 9], "category_id": 7)"};  // a second 'nut'

constexpr const char* kCategories = R"(
  {"id": 3, "name": "nut"}, {"id": 3, "name": "nut"}, {"id": 4, "name": "bolt"},
  {"id": 5, "name": "Zahnrad"}, {"id": 6, "name": "root"}, {"id": 7, "name": "nut"})";

TEST_F(WholeDoctor, FindsOneOfEverythingAndCountsIt) {
  put(images() / "a.png", picture(10));
  put(images() / "b.PNG", picture(20, CV_8UC4));
  put(images() / "c.png", picture(30, CV_16UC3));
  const std::string jpeg = picture(40, CV_8UC3, ".jpg");
  put(images() / "d.jpg", jpeg.substr(0, jpeg.size() - 2));
  put(images() / "e.jpg", "GIF89a....");
  put(images() / "same as a.png", picture(10));
  std::string damaged = picture(50, CV_8UC3, ".jpg");
  damaged.insert(damaged.size() - 2, "not of the scan");
  put(images() / "damaged.jpg", damaged);
  const std::string png = picture(60);
  put(images() / "cut.png", png.substr(0, png.size() - 12));
  put(images() / "other size.png", picture(70));
  put(images() / "leaked.png", picture(80));
  put(calibration() / "of another name.png", picture(80));
  put(images() / "named alike.png", picture(90));
  put(calibration() / "named alike.png", picture(91));
  put(images() / "spare.png", picture(100));
  put(images() / "._a.png", "AppleDouble");
  std::string objects;
  for (const char* object : kObjects) {
    std::string one = object;
    if (one.find("image_id") == std::string::npos) one += R"(, "image_id": 1)";
    if (one.find("category_id") == std::string::npos) one += R"(, "category_id": 3)";
    if (one.find("area") == std::string::npos) one += R"(, "area": 9)";
    objects += (objects.empty() ? "{" : ", {") + one + "}";
  }
  ASSERT_TRUE(
      write_file(annotations(),
                 fmt::format(R"({{"images": [{}], "annotations": [{}], "categories": [{}]}})",
                             kImages, objects, kCategories))
          .ok());
  DoctorOptions options;
  options.min_objects = 2;
  options.calibration = calibration();
  options.model_classes = {"nut", "bolt", "ring"};
  options.examine_image = &examine_image;
  const auto report = examine_dataset(images(), annotations(), options);
  ASSERT_TRUE(report.ok()) << report.error().message;
  // 14 images have usable entries and a first id; only the first has objects.
  const std::map<Check, int> several = {{Check::kImageConverted, 2},
                                        {Check::kAreaMalformed, 2},
                                        {Check::kImageWithoutBoxes, 14},
                                        {Check::kClassRare, 3}};
  for (std::size_t i = 0; i < kChecks; ++i) {
    const Check check = static_cast<Check>(i);
    const auto expected = several.find(check);
    EXPECT_EQ(report->count(check), expected == several.end() ? 1 : expected->second)
        << text_of(check).name;
  }
  // Evaluation refuses the file with the first problem that matters.
  EXPECT_THAT(read_coco_annotations(annotations()).error().message,
              HasSubstr("images[8]: 'id' is missing"));
}

}  // namespace
}  // namespace qyolo::datasets
