// The YOLO layout and Pascal VOC.
#include "datasets/yolo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file.h"
#include "datasets/dataset.h"
#include "datasets/voc.h"
#include "tests/datasets/test_images.h"
#include "tests/support/paths.h"

namespace qyolo::datasets {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class YoloLayout : public ::testing::Test {
 protected:
  void SetUp() override {
    image("images/val/a.png");
    image("images/val/b.png");
    text("labels/val/a.txt", "0 0.5 0.5 0.25 0.5\n1 0.1 0.2 0.1 0.1\n");
    text("data.yaml", "val: images/val\nnc: 2\nnames: [nut, bolt]\n");
  }
  void image(const std::string& name, int width = 64, int height = 48) {
    text(name, testing::encoded(cv::Mat(height, width, CV_8UC3, cv::Scalar(1, 2, 3)), ".png"));
  }
  void text(const std::string& name, const std::string& content) {
    ASSERT_TRUE(create_folder((root() / name).parent_path()).ok());
    ASSERT_TRUE(write_file(root() / name, content).ok());
  }
  [[nodiscard]] fs::path root() const { return fs::canonical(folder_.path()); }
  [[nodiscard]] Result<Dataset> open(const std::string& split = "val") const {
    return open_dataset("", root() / "data.yaml", {}, split);
  }
  [[nodiscard]] std::string failure() const {
    const auto dataset = open();
    return dataset.ok() ? "no error" : dataset.error().message;
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(YoloLayout, LabelsBecomeBoxesInPixels) {
  const auto dataset = open();
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  const GroundTruth& truth = dataset->truth;
  ASSERT_EQ(truth.images.size(), 2U);
  EXPECT_EQ(truth.images[0].file_name, "a.png");
  EXPECT_EQ(truth.images[0].width, 64);
  ASSERT_EQ(truth.annotations.size(), 2U);
  EXPECT_EQ(truth.annotations[0].bbox, (BoxXywh{24, 12, 16, 24}));
  EXPECT_EQ(truth.annotations[0].area, 16 * 24);
  EXPECT_EQ(truth.annotations[1].category_id, 2);
  EXPECT_EQ(truth.categories[1].name, "bolt");
  EXPECT_THAT(truth.warnings, ElementsAre(HasSubstr("1 images have no label file")));
}

// Numbers must not be filed under the hash of labels that were not the ones read.
TEST_F(YoloLayout, FilesThatChangeAfterTheyWereReadAreNoticed) {
  for (const char* name :
       {"labels/val/a.txt", "labels/val/b.txt", "data.yaml", "images/val/b.png"}) {
    SCOPED_TRACE(name);
    const auto dataset = open();
    ASSERT_TRUE(dataset.ok()) << dataset.error().message;
    ASSERT_TRUE(dataset->stamps.check().ok());
    const auto before = read_file(root() / name);
    text(name, before.ok() ? *before + "\n" : "0 0.5 0.5 0.25 0.5\n");  // b has no labels
    const Status changed = dataset->stamps.check();
    ASSERT_FALSE(changed.ok());
    EXPECT_THAT(changed.error().message, HasSubstr(name));
  }
}

TEST_F(YoloLayout, PolygonsBecomeTheirBoxes) {
  text("labels/val/b.txt", "1 0.25 0.25 0.75 0.25 0.75 0.5 0.5 0.75\n");
  const auto dataset = open();
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_EQ(dataset->truth.annotations[2].bbox, (BoxXywh{16, 12, 32, 24}));
  EXPECT_THAT(dataset->truth.warnings, ElementsAre(HasSubstr("1 labels are polygons")));
}

TEST_F(YoloLayout, SourcesMayBeListsTextFilesAndPathsOfLabellingServices) {
  image("images/train/c.png");
  text("labels/train/c.txt", "");
  text("train.txt", "./images/train/c.png\r\n\nimages/val/b.png\n");
  text("labels/val/b.txt", "");
  text("data.yaml",
       "train: train.txt\nval: [images/val, ./images/train]\ntest: ../images/train\n"
       "names: {1: bolt, 0: 7}\n");
  EXPECT_EQ(open("train")->image_paths.size(), 2U);
  EXPECT_EQ(open("val")->image_paths.size(), 3U);
  EXPECT_EQ(open("test")->image_paths.size(), 1U);
  EXPECT_EQ(open("val")->truth.categories[0].name, "7");
  EXPECT_THAT(open("val")->truth.warnings, IsEmpty());
  text("elsewhere/data.yaml", "path: " + root().string() + "\nval: images/val\nnames: [a, b]\n");
  EXPECT_TRUE(open_dataset("", root() / "elsewhere/data.yaml").ok());
}

TEST_F(YoloLayout, WhatCannotBeReadSaysWhere) {
  for (const auto& [line, piece] : std::vector<std::pair<std::string, std::string>>{
           {"0 0.5 0.5 0.25", "line 2: 4 values"},
           {"2 0.5 0.5 0.25 0.5", "line 2: the class 2, expected 0 to 1"},
           {"0.5 0.5 0.5 0.25 0.5", "the class 0.5"},
           {"0 0.5 x 0.25 0.5", "'x' is no number"},
           {"0 0.5 0.5 -0.25 0.5", "negative width"},
           {"0 nan 0.5 0.25 0.5", "'nan' is no number"},
           {"0 0.5 0.5 0.25 0.5 0.9", "line 2: 6 values"}}) {
    text("labels/val/a.txt", "0 0.5 0.5 0.25 0.5\n" + line + "\n");
    EXPECT_THAT(failure(), HasSubstr(piece));
    EXPECT_THAT(failure(), HasSubstr("labels/val/a.txt"));
  }
}

TEST_F(YoloLayout, DataFilesThatAreWrongAreOneSentence) {
  const auto with = [this](const std::string& yaml) {
    text("data.yaml", yaml);
    return failure();
  };
  EXPECT_THAT(with("val: images/val\nnames: [a]\nnc: 2\n"), HasSubstr("'nc' is 2"));
  EXPECT_THAT(with("val: images/none\nnames: [a, b]\n"), HasSubstr("images/none cannot be found"));
  EXPECT_THAT(with("train: images/val\nnames: [a, b]\n"), HasSubstr("'val' is missing"));
  EXPECT_THAT(with("val: images/val\nnames: {0: a, 2: b}\n"), HasSubstr("has the key '2'"));
  EXPECT_THAT(with("val: images/val\n"), HasSubstr("'names' must be"));
  text("list.txt", "../../../etc/a.png\n");
  EXPECT_THAT(with("val: list.txt\nnames: [a, b]\n"),
              HasSubstr("leads out of the dataset's folder"));
}

TEST_F(YoloLayout, LabelsBeyondTheImageAreNoted) {
  text("labels/val/b.txt", "1 1.02 0.5 0.1 0.1\n");
  EXPECT_THAT(open()->truth.warnings,
              ElementsAre(HasSubstr("the official repository leaves their images out")));
}

// What the official repository would take otherwise is said, one note for each kind.
TEST_F(YoloLayout, WhatTheOfficialRepositoryTakesOtherwiseIsNoted) {
  const std::pair<const char*, const char*> labels[] = {
      {"1 0.5 0.5 0.1 0.1\n1 0.5 0.5 0.1 0.1\n", "have a label twice; both count"},
      {"1 0.1 0.1 0.2 0.1 0.2 0.2\n", "have polygons of three points only"},
      {"1 0.5 0.5 0.1 0.1\n0 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2\n", "boxes and polygons in one file"},
      {"1 0.5 -0.1 0.1 0.1\n", "not within 0 and 1"}};
  for (const auto& [content, piece] : labels) {
    text("labels/val/b.txt", content);
    EXPECT_THAT(open()->truth.warnings,
                ::testing::Contains(AllOf(HasSubstr(": 1 images "), HasSubstr(piece),
                                          HasSubstr("official"), HasSubstr("b.png"))));
  }
  text("labels/val/b.txt", "");
  image("images/val/b.png", 9, 48);
  EXPECT_THAT(open()->truth.warnings, ElementsAre(HasSubstr("less than 10 pixels")));
}

TEST_F(YoloLayout, LinesMayEndAnyWayAndHaveSpacesAnywhere) {
  text("labels/val/a.txt", "  0\t0.5 0.5   0.25 0.5 \r\n\r\n \t\n1 +0.1 2e-1 .1 0.1");
  const auto dataset = open();
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  ASSERT_EQ(dataset->truth.annotations.size(), 2U);
  EXPECT_EQ(dataset->truth.annotations[0].bbox, (BoxXywh{24, 12, 16, 24}));
}

TEST_F(YoloLayout, WrittenAndReadBackIsIdentical) {
  const fs::path parts = testing::source_dir() / "datasets/parts/val";
  const auto original =
      open_dataset(parts / "images", parts / "annotations.json", {.images = 20, .first = true});
  ASSERT_TRUE(original.ok()) << original.error().message;
  std::vector<std::string> notes;
  Dataset dataset = *original;
  for (const char* name : {"first", "second"}) {
    ASSERT_TRUE(write_yolo(dataset.truth, dataset.image_paths, root() / name, notes).ok());
    auto read = open_dataset("", root() / name / "data.yaml");
    ASSERT_TRUE(read.ok()) << read.error().message;
    dataset = std::move(read).value();
  }
  ASSERT_EQ(dataset.truth.annotations.size(), original->truth.annotations.size());
  for (const ImageInfo& image : original->truth.images) {
    const std::string label = fs::path(image.file_name).replace_extension(".txt").string();
    EXPECT_EQ(*read_file(root() / "first/labels" / label),
              *read_file(root() / "second/labels" / label));
  }
  EXPECT_THAT(notes, IsEmpty());
}

TEST_F(YoloLayout, VocIsReadAsWritten) {
  const auto dataset = open();
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  ASSERT_TRUE(write_voc(dataset->truth, root() / "voc").ok());
  const auto voc = read_voc(root() / "voc", root() / "images/val");
  ASSERT_TRUE(voc.ok()) << voc.error().message;
  ASSERT_EQ(voc->annotations.size(), 2U);
  EXPECT_EQ(voc->annotations[0].bbox, dataset->truth.annotations[0].bbox);
  EXPECT_EQ(voc->categories[0].name, "bolt");  // alphabetical
  EXPECT_EQ(voc->images[1].file_name, "b.png");
}

TEST_F(YoloLayout, VocThatIsWrongIsOneSentence) {
  const auto with = [this](const std::string& xml) {
    text("voc/a.xml", xml);
    return read_voc(root() / "voc", root() / "images/val").error().message;
  };
  const std::string box =
      "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>0</xmax><ymax>4</ymax></bndbox>";
  EXPECT_THAT(with("<annotation><object>"), HasSubstr("a.xml is not valid XML"));
  EXPECT_THAT(with("<other/>"), HasSubstr("expected <annotation>"));
  EXPECT_THAT(with("<annotation><object><name>nut</name>" + box + "</object></annotation>"),
              HasSubstr("bndbox ends before it begins"));
  EXPECT_THAT(with("<annotation><object><name>nut</name></object></annotation>"),
              HasSubstr("<bndbox> is missing"));
  fs::remove(root() / "voc/a.xml");
  EXPECT_THAT(read_voc(root() / "voc", root() / "images/val").error().message,
              HasSubstr("holds no .xml files"));
}

}  // namespace
}  // namespace qyolo::datasets
