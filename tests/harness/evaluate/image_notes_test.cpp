// What evaluation says of its images before it runs on them, and that the doctor counts the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file.h"
#include "datasets/dataset.h"
#include "datasets/doctor.h"
#include "harness/evaluate/image_chunks.h"
#include "tests/datasets/test_images.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

namespace fs = std::filesystem;
using datasets::Check;
using ::testing::ElementsAre;
using testing::encoded;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ImageNotes : public ::testing::Test {
 protected:
  // Of `width` x `height` in the annotations; 0 x 0: not said there.
  void put(const std::string& name, const std::string& bytes, int width, int height) {
    ASSERT_TRUE(create_folder(folder_.path() / "images").ok());
    ASSERT_TRUE(write_file(folder_.path() / "images" / name, bytes).ok());
    ++count_;
    images_ += fmt::format(R"({}{{"id": {}, "file_name": "{}", "width": {}, "height": {}}})",
                           images_.empty() ? "" : ", ", count_, name, width, height);
    boxes_ += fmt::format(
        R"({0}{{"id": {1}, "image_id": {1}, "category_id": 1, "bbox": [1, 1, 5, 5], "area": 25}})",
        boxes_.empty() ? "" : ", ", count_);
  }
  fs::path annotate() {
    const fs::path file = folder_.path() / "gt.json";
    EXPECT_TRUE(write_file(file, fmt::format(R"({{"images": [{}], "annotations": [{}],
        "categories": [{{"id": 1, "name": "nut"}}]}})",
                                             images_, boxes_))
                    .ok());
    return file;
  }
  std::vector<std::string> notes() {
    const auto dataset = datasets::open_dataset(folder_.path() / "images", annotate());
    EXPECT_TRUE(dataset.ok()) << dataset.error().message;
    const auto images = examine_images(*dataset, 2);
    EXPECT_TRUE(images.ok()) << images.error().message;
    return images.ok() ? images->warnings : std::vector<std::string>{};
  }
  datasets::DoctorReport doctor() {
    datasets::DoctorOptions options;
    options.min_objects = 0;
    options.examine_image = &datasets::examine_image;
    const auto report = datasets::examine_dataset(folder_.path() / "images", annotate(), options);
    EXPECT_TRUE(report.ok()) << report.error().message;
    return report.ok() ? *report : datasets::DoctorReport{};
  }

 private:
  testing::TemporaryFolder folder_;
  std::string images_, boxes_;
  int count_ = 0;
};

std::string picture(int type, const std::string& extension, int shade = 10) {
  return encoded(cv::Mat(48, 64, type, cv::Scalar::all(shade)), extension);
}

TEST_F(ImageNotes, NothingIsSaidOfOrdinaryImages) {
  put("a.png", picture(CV_8UC3, ".png", 1), 64, 48);
  put("b.jpg", picture(CV_8UC1, ".jpg", 2), 64, 48);
  put("c.bmp", picture(CV_8UC3, ".bmp", 3), 0, 0);
  put("d.webp", picture(CV_8UC3, ".webp", 4), 64, 48);
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(ImageNotes, OneImageOfAnotherSizeAmongMany) {
  put("a.png", picture(CV_8UC3, ".png", 1), 64, 48);
  put("b.png", picture(CV_8UC3, ".png", 2), 64, 47);
  put("c.png", picture(CV_8UC3, ".png", 3), 0, 0);
  EXPECT_THAT(notes(),
              ElementsAre(AllOf(HasSubstr("1 of 3 images have another size in the annotations"),
                                HasSubstr("b.png: 64 x 47 in the annotations, 64 x 48"))));
  EXPECT_EQ(doctor().count(Check::kSizeDiffers), 1);
}

TEST_F(ImageNotes, AnImageThatWasTurnedAfterLabelling) {
  put("a.jpg", testing::jpeg_with(picture(CV_8UC3, ".jpg"), testing::exif_segment(6)), 64, 48);
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("64 x 48 in the annotations, 48 x 64 in the file")));
  EXPECT_EQ(doctor().count(Check::kSizeDiffers), 1);
}

TEST_F(ImageNotes, SixteenBitImagesOfEveryFormat) {
  put("a.png", picture(CV_16UC3, ".png", 300), 64, 48);
  put("b.tif", picture(CV_16UC1, ".tif", 400), 64, 48);
  put("c.png", picture(CV_16UC1, ".png", 500), 64, 48);
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("3 of 3 images have more than 8 bits per channel")));
  EXPECT_EQ(doctor().count(Check::kImageConverted), 3);
}

TEST_F(ImageNotes, TransparentImagesOfEveryFormat) {
  put("a.png", picture(CV_8UC4, ".png", 1), 64, 48);
  put("b.webp", picture(CV_8UC4, ".webp", 2), 64, 48);
  put("c.png", picture(CV_16UC4, ".png", 3), 64, 48);
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("1 of 3 images have more than 8 bits"),
                                   HasSubstr("of 3 images have an alpha channel")));
}

TEST_F(ImageNotes, DamagedImagesOfEveryKind) {
  cv::Mat noise(48, 64, CV_8UC3);
  cv::randu(noise, 0, 256);
  const std::string jpeg = encoded(noise, ".jpg");
  std::string zeros = jpeg;
  std::fill(zeros.begin() + static_cast<std::ptrdiff_t>(zeros.size() / 2), zeros.end() - 2, '\0');
  std::string extra = jpeg;
  extra.insert(extra.size() - 2, "0123456789");
  std::string text = picture(CV_8UC3, ".png");
  text.insert(33, testing::big_endian(4, 4) + "tEXtwordCRC?");
  put("a.jpg", zeros, 64, 48);
  put("b.jpg", extra, 64, 48);
  put("c.png", text, 64, 48);
  put("d.jpg", jpeg.substr(0, jpeg.size() - 2), 64, 48);
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("3 of 4 images are damaged and decoded all the same"),
                                   HasSubstr("1 of 4 images lack the JPEG's end marker")));
  const datasets::DoctorReport report = doctor();
  EXPECT_EQ(report.count(Check::kImageDamaged), 3);
  EXPECT_EQ(report.count(Check::kImageUnended), 1);
}

}  // namespace
}  // namespace qyolo::harness
