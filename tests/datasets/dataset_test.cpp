#include "datasets/dataset.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/file.h"
#include "tests/support/paths.h"

namespace qyolo::datasets {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A folder images/ with the files asked for, and annotations.json with one box in each image.
class Datasets : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(create_folder(images())); }

  void put(const std::string& name, const std::string& content) {
    ASSERT_TRUE(create_folder((images() / name).parent_path()));
    ASSERT_TRUE(write_file(images() / name, content));
  }

  // Image ids count from 10, annotation ids from 1.
  void annotate(const std::vector<std::string>& names) {
    std::string image_list;
    std::string boxes;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const char* comma = i == 0 ? "" : ", ";
      image_list += fmt::format(R"({}{{"id": {}, "file_name": "{}", "width": 8, "height": 6}})",
                                comma, 10 + i, names[i]);
      boxes += fmt::format(
          R"({}{{"id": {}, "image_id": {}, "category_id": 1, "bbox": [0, 0, 2, 3], "area": 6,
              "iscrowd": 0}})",
          comma, 1 + i, 10 + i);
    }
    ASSERT_TRUE(write_file(annotations(), fmt::format(R"({{"images": [{}], "annotations": [{}],
        "categories": [{{"id": 1, "name": "nut"}}]}})",
                                                      image_list, boxes)));
  }

  [[nodiscard]] Result<Dataset> open(int limit = 0) const {
    return open_dataset(images(), annotations(), {.images = limit, .first = true});
  }
  [[nodiscard]] std::string failure(int limit = 0) const {
    const auto dataset = open(limit);
    EXPECT_FALSE(dataset.ok());
    return dataset.ok() ? "" : dataset.error().message;
  }
  [[nodiscard]] fs::path folder() const { return fs::canonical(folder_.path()); }
  [[nodiscard]] fs::path images() const { return folder() / "images"; }
  [[nodiscard]] fs::path annotations() const { return folder() / "annotations.json"; }

 private:
  testing::TemporaryFolder folder_;
};

std::vector<std::string> paths_of(const Dataset& dataset) {
  std::vector<std::string> names;
  for (const ImageInfo& image : dataset.truth.images) names.push_back(image.file_name);
  return names;
}

TEST_F(Datasets, ListImagesInPathOrderWithTheirPaths) {
  for (const char* name : {"b.jpg", "a.jpg", "sub/c.jpg"}) put(name, name);
  annotate({"sub/c.jpg", "b.jpg", "a.jpg"});
  const auto dataset = open();
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_THAT(paths_of(*dataset), ElementsAre("a.jpg", "b.jpg", "sub/c.jpg"));
  EXPECT_THAT(dataset->image_paths,
              ElementsAre(images() / "a.jpg", images() / "b.jpg", images() / "sub/c.jpg"));
  EXPECT_EQ(dataset->truth.images[0].id, 12);
  EXPECT_EQ(dataset->truth.annotations.size(), 3U);
  EXPECT_EQ(dataset->images_folder, images());
  EXPECT_EQ(dataset->annotations_file, annotations());
}

TEST_F(Datasets, ALimitKeepsTheFirstImagesByPathAndOnlyTheirAnnotations) {
  for (const char* name : {"a.jpg", "b.jpg"}) put(name, name);
  annotate({"c.jpg", "b.jpg", "a.jpg"});  // c.jpg does not exist, and is not needed
  const auto dataset = open(2);
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_THAT(paths_of(*dataset), ElementsAre("a.jpg", "b.jpg"));
  ASSERT_EQ(dataset->truth.annotations.size(), 2U);
  EXPECT_EQ(dataset->truth.annotations[0].image_id, 11);
  EXPECT_EQ(dataset->truth.annotations[1].image_id, 12);
  EXPECT_EQ(dataset->truth.categories.size(), 1U);
}

TEST_F(Datasets, ALimitBeyondTheImagesKeepsAll) {
  put("a.jpg", "a");
  annotate({"a.jpg"});
  const auto dataset = open(99);
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_EQ(dataset->truth.images.size(), 1U);
}

TEST_F(Datasets, MissingImagesAreCountedAndTheFirstIsNamed) {
  put("b.jpg", "b");
  annotate({"c.jpg", "b.jpg", "a.jpg"});
  EXPECT_EQ(failure(),
            "2 of 3 image files cannot be found, the first is " + (images() / "a.jpg").string());
}

TEST_F(Datasets, NamesThatLeadOutOfTheFolderAreRefusedWithTheirEntry) {
  put("a.jpg", "a");
  annotate({"a.jpg", "../annotations.json"});
  EXPECT_EQ(failure(), annotations().string() +
                           ": images[1] (id 11): the file name '../annotations.json' leads out of "
                           "the folder " +
                           images().string());
  annotate({"/etc/passwd"});
  EXPECT_EQ(failure(), annotations().string() +
                           ": images[0] (id 10): the file name '/etc/passwd' is not a relative "
                           "path below " +
                           images().string());
}

TEST_F(Datasets, ANameThatLeadsOutIsRefusedAlsoBeyondTheLimit) {
  put("a.jpg", "a");
  annotate({"a.jpg", "z/../../x.jpg"});
  EXPECT_THAT(failure(1), HasSubstr("images[1] (id 11): the file name 'z/../../x.jpg' leads out"));
}

TEST_F(Datasets, LinksThatTheUserMadeInTheFolderAreFollowed) {
  ASSERT_TRUE(write_file(folder() / "elsewhere.jpg", "x"));
  fs::create_symlink(folder() / "elsewhere.jpg", images() / "a.jpg");
  ASSERT_TRUE(create_folder(folder() / "more"));
  ASSERT_TRUE(write_file(folder() / "more/b.jpg", "y"));
  fs::create_directory_symlink(folder() / "more", images() / "sub");
  annotate({"a.jpg", "sub/b.jpg"});
  EXPECT_TRUE(open().ok());
}

TEST_F(Datasets, ImagesWithoutAFileNameAreSaidToBeSo) {
  put("a.jpg", "a");
  annotate({"a.jpg", ""});
  EXPECT_EQ(failure(), annotations().string() + ": images[1]: 'file_name' is missing");
}

TEST_F(Datasets, TwoFilesWithOneIdAreRefused) {
  for (const char* name : {"a.jpg", "b.jpg"}) put(name, name);
  ASSERT_TRUE(write_file(annotations(), R"({"images": [{"id": 3, "file_name": "a.jpg"},
      {"id": 3, "file_name": "b.jpg"}], "annotations": [], "categories": []})"));
  EXPECT_EQ(failure(), annotations().string() +
                           ": images[1]: id 3 is that of images[0] already, another file");
}

TEST_F(Datasets, LinksInsideTheFolderAndALinkedFolderAreFine) {
  put("a.jpg", "a");
  fs::create_symlink("a.jpg", images() / "b.jpg");
  annotate({"a.jpg", "b.jpg"});
  fs::create_directory_symlink(images(), folder() / "linked");
  const auto dataset = open_dataset(folder() / "linked", annotations());
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_THAT(dataset->image_paths,
              ElementsAre(folder() / "linked/a.jpg", folder() / "linked/b.jpg"));
}

TEST_F(Datasets, TwoImagesWithOneFileNameAreAnError) {
  put("a.jpg", "a");
  annotate({"a.jpg", "./a.jpg"});
  EXPECT_EQ(failure(), annotations().string() +
                           ": the images with ids 10 and 11 have the same file name 'a.jpg'");
}

TEST_F(Datasets, AFolderIsNoImage) {
  ASSERT_TRUE(create_folder(images() / "a.jpg"));
  annotate({"a.jpg"});
  EXPECT_EQ(failure(), (images() / "a.jpg").string() + " is not a regular file, expected an image");
  annotate({"."});
  EXPECT_THAT(failure(), HasSubstr("is not a regular file, expected an image"));
}

TEST_F(Datasets, WithoutImagesOrFolderOrAnnotationsAreErrors) {
  annotate({});
  EXPECT_EQ(failure(), annotations().string() + " lists no images, expected at least one");
  EXPECT_EQ(open_dataset(folder() / "none", annotations()).error().message,
            "the images folder " + (folder() / "none").string() + ": No such file or directory");
  EXPECT_EQ(open_dataset(annotations(), annotations()).error().message,
            annotations().string() + " is not a folder, expected the folder of the images");
  EXPECT_THAT(open_dataset(images(), folder() / "none.json").error().message,
              HasSubstr((folder() / "none.json").string()));
}

TEST_F(Datasets, HashTheSameAtAnyNumberOfThreads) {
  for (const char* name : {"a.jpg", "b.jpg", "c.jpg"}) put(name, name);
  annotate({"a.jpg", "b.jpg", "c.jpg"});
  const auto dataset = open();
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  const std::string hash = *dataset_sha256(*dataset, 1);
  EXPECT_EQ(hash.size(), 64U);
  EXPECT_EQ(*dataset_sha256(*dataset, 4), hash);
  EXPECT_EQ(*dataset_sha256(*dataset), hash);
}

TEST_F(Datasets, HashDifferentlyWhenContentNameOrAnnotationsChange) {
  for (const char* name : {"a.jpg", "b.jpg", "c.jpg"}) put(name, "same");
  annotate({"a.jpg", "b.jpg"});
  const std::string hash = *dataset_sha256(*open());
  EXPECT_NE(*dataset_sha256(*open(1)), hash);
  put("b.jpg", "other");
  EXPECT_NE(*dataset_sha256(*open()), hash);
  put("b.jpg", "same");
  EXPECT_EQ(*dataset_sha256(*open()), hash);
  Dataset renamed = *open();
  renamed.truth.images[1].file_name = "c.jpg";
  EXPECT_NE(*dataset_sha256(renamed), hash);
  annotate({"b.jpg", "a.jpg"});
  EXPECT_NE(*dataset_sha256(*open()), hash);
}

TEST_F(Datasets, HashingNamesTheFileThatIsGone) {
  for (const char* name : {"a.jpg", "b.jpg"}) put(name, name);
  annotate({"a.jpg", "b.jpg"});
  const auto dataset = open();
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  fs::remove(images() / "b.jpg");
  EXPECT_EQ(dataset_sha256(*dataset).error().message,
            (images() / "b.jpg").string() + " cannot be opened: No such file or directory");
}

TEST(PartsDataset, HasTheCountsOfItsCard) {
  const fs::path parts = testing::source_dir() / "datasets/parts";
  const std::vector<std::string> classes = {"washer", "nut",     "gear",    "bolt",
                                            "spring", "bearing", "bracket", "pin"};
  const std::vector<std::pair<std::size_t, std::size_t>> counts = {{240, 1676}, {32, 223}};
  std::size_t split = 0;
  for (const char* name : {"val", "calib"}) {
    const auto dataset = open_dataset(parts / name / "images", parts / name / "annotations.json");
    ASSERT_TRUE(dataset.ok()) << dataset.error().message;
    EXPECT_EQ(dataset->truth.images.size(), counts[split].first);
    EXPECT_EQ(dataset->truth.annotations.size(), counts[split].second);
    const auto ids = map_classes(classes, dataset->truth);
    ASSERT_TRUE(ids.ok()) << ids.error().message;
    EXPECT_THAT(ids->category_of_class, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
    ++split;
  }
}

TEST(CocoDataset, OpensInPathOrderWithTheCocoIds) {
  QYOLO_NEEDS_SHARED("data/coco80/annotations.json");
  const fs::path coco = testing::shared_dir() / "data/coco80";
  const auto dataset = open_dataset(coco / "images", coco / "annotations.json");
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_EQ(dataset->truth.images.size(), 80U);
  EXPECT_EQ(dataset->truth.annotations.size(), 815U);
  EXPECT_TRUE(std::is_sorted(dataset->image_paths.begin(), dataset->image_paths.end()));
  const auto ids = map_classes(std::vector<std::string>(80), dataset->truth, {true, {}});
  ASSERT_TRUE(ids.ok()) << ids.error().message;
  EXPECT_EQ(ids->category_of_class.at(11), 13);
  EXPECT_EQ(ids->category_of_class.back(), 90);
}

TEST(FindDatasetFiles, KnowsBothLayouts) {
  const testing::TemporaryFolder folder;
  const auto& root = folder.path();
  EXPECT_THAT(find_dataset_files(root).error().message, ::testing::HasSubstr("no dataset folder"));
  std::filesystem::create_directories(root / "val2017");
  std::filesystem::create_directories(root / "annotations");
  ASSERT_TRUE(write_file(root / "annotations" / "instances_val2017.json", "{}").ok());
  EXPECT_EQ(find_dataset_files(root)->images, root / "val2017");
  std::filesystem::create_directories(root / "images");
  EXPECT_EQ(find_dataset_files(root)->images, root / "val2017");
  ASSERT_TRUE(write_file(root / "annotations.json", "{}").ok());
  EXPECT_EQ(find_dataset_files(root)->annotations, root / "annotations.json");
}

}  // namespace
}  // namespace qyolo::datasets
