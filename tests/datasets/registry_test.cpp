#include "datasets/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "common/file.h"
#include "tests/support/paths.h"

namespace qyolo::datasets {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Fails loudly where a path cannot be absolute.
fs::path here() { return fs::current_path(); }

TEST(Registry, EveryFileHasAnAddressASizeAndASha256) {
  std::set<std::string> names;
  for (const RegistryItem& item : registry()) {
    EXPECT_TRUE(names.insert(item.name).second) << item.name;
    for (const RemoteFile& file : item.files) {
      EXPECT_THAT(file.url, MatchesRegex("https?://[a-z./]+/.*")) << file.name;
      EXPECT_TRUE(file.url.ends_with("/" + file.name)) << file.url;
      EXPECT_GT(file.bytes.value_or(0), 0U) << file.name;
      EXPECT_THAT(file.sha256, MatchesRegex("[0-9a-f]{64}")) << file.name;
    }
  }
  EXPECT_EQ(names, (std::set<std::string>{"coco-val2017", "yolov7", "yolov7-tiny"}));
}

TEST(Registry, AnUnknownNameListsTheKnownOnes) {
  const auto item = find_item("yolov8");
  ASSERT_FALSE(item.ok());
  EXPECT_EQ(item.error().message,
            "'yolov8' is nothing that can be fetched, expected yolov7, yolov7-tiny, coco-val2017");
}

TEST(Registry, AStarStandsForOneNameAndNeverForAFolder) {
  const ArchiveContents images{"val2017/*.jpg", 5000, 0, ""};
  EXPECT_TRUE(images.matches("val2017/000000000139.jpg"));
  EXPECT_FALSE(images.matches("val2017/.jpg"));
  EXPECT_FALSE(images.matches("val2017/a/b.jpg"));
  EXPECT_FALSE(images.matches("val2017/../../x.jpg"));
  EXPECT_FALSE(images.matches("/val2017/a.jpg"));
  EXPECT_FALSE(images.matches("xval2017/a.jpg"));
  EXPECT_FALSE(images.matches("val2017/a.jpg/"));
  EXPECT_EQ(images.target(), "val2017");
  const ArchiveContents one{"annotations/instances_val2017.json", 1, 0, ""};
  EXPECT_TRUE(one.matches("annotations/instances_val2017.json"));
  EXPECT_FALSE(one.matches("annotations/instances_train2017.json"));
  EXPECT_EQ(one.target(), "annotations/instances_val2017.json");
}

TEST(HowToGet, NamesTheCommandTheSizeAndTheAddress) {
  EXPECT_EQ(how_to_get("downloads/yolov7.pt"),
            "run `qyolo fetch yolov7` (75,587,165 bytes from "
            "https://github.com/WongKinYiu/yolov7/releases/download/v0.1/yolov7.pt)");
  EXPECT_EQ(how_to_get("downloads/coco/val2017/"),
            "run `qyolo fetch coco-val2017` (1,068,492,871 bytes from "
            "http://images.cocodataset.org/zips/val2017.zip and "
            "http://images.cocodataset.org/annotations/annotations_trainval2017.zip)");
}

TEST(HowToGet, NamesTheFolderThatMakesTheFileAppearWhereItIsMissed) {
  EXPECT_THAT(*how_to_get("yolov7-tiny.pt"),
              HasSubstr("`qyolo fetch yolov7-tiny --to " + here().string() + "`"));
  EXPECT_THAT(*how_to_get("/data/experiments/../downloads/yolov7.pt"),
              HasSubstr("`qyolo fetch yolov7 --to /data/downloads`"));
  EXPECT_THAT(*how_to_get("/my data/coco/annotations/instances_val2017.json"),
              HasSubstr("`qyolo fetch coco-val2017 --to '/my data'`"));
  // No --to would put it there.
  EXPECT_THAT(*how_to_get("/data/val2017"), HasSubstr("`qyolo fetch coco-val2017`"));
}

TEST(HowToGet, IsSilentAboutFilesThatExistOrAreUnknown) {
  const testing::TemporaryFolder folder;
  const fs::path path = folder.path() / "yolov7.pt";
  EXPECT_TRUE(how_to_get(path).has_value());
  ASSERT_TRUE(write_file(path, "x").ok());
  EXPECT_EQ(how_to_get(path), std::nullopt);
  EXPECT_EQ(how_to_get(folder.path() / "my-model.pt"), std::nullopt);
}

TEST(Grouped, SetsACommaBeforeEveryThreeDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(815585330), "815,585,330");
}

}  // namespace
}  // namespace qyolo::datasets
