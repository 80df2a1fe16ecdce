#include "datasets/image_folder.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/support/paths.h"

namespace qyolo::datasets {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void write(const fs::path& path, const std::string& content) { std::ofstream(path) << content; }

std::vector<std::string> names_in(const fs::path& folder, int limit = 0) {
  const auto found = open_image_folder(folder, limit);
  EXPECT_TRUE(found.ok());
  std::vector<std::string> names;
  for (const fs::path& image : found->images) names.push_back(image.filename().string());
  return names;
}

TEST(ImageFolder, ListsImagesByNameAndNothingElse) {
  const testing::TemporaryFolder folder;
  for (const char* name : {"b.jpg", "a.PNG", "c.jpeg", "notes.txt", "jpg", ".hidden"})
    write(folder.path() / name, "x");
  fs::create_directory(folder.path() / "folder.png");
  write(folder.path() / "folder.png" / "below.png", "x");
  EXPECT_THAT(names_in(folder.path()), ElementsAre("a.PNG", "b.jpg", "c.jpeg"));
  EXPECT_THAT(names_in(folder.path(), 2), ElementsAre("a.PNG", "b.jpg"));
  EXPECT_THAT(names_in(folder.path(), 9), ElementsAre("a.PNG", "b.jpg", "c.jpeg"));
}

TEST(ImageFolder, AbsentAndEmptyFoldersAreErrors) {
  const testing::TemporaryFolder folder;
  EXPECT_THAT(open_image_folder(folder.path()).error().message, HasSubstr("has no images"));
  EXPECT_THAT(open_image_folder(folder.path() / "absent").error().message,
              HasSubstr("No such file or directory"));
}

TEST(ImageFolder, HashFollowsNamesAndContentsAlone) {
  const testing::TemporaryFolder folder;
  const auto hash = [&](const char* name, const std::string& content, const char* second) {
    fs::create_directories(folder.path() / "set");
    write(folder.path() / "set" / name, content);
    write(folder.path() / "set" / second, "second");
    const auto images = open_image_folder(folder.path() / "set");
    const auto sha256 = image_folder_sha256(*images, 2);
    EXPECT_TRUE(sha256.ok());
    fs::remove_all(folder.path() / "set");
    return *sha256;
  };
  const std::string reference = hash("a.png", "content", "b.png");
  EXPECT_EQ(hash("a.png", "content", "b.png"), reference);
  EXPECT_NE(hash("a.png", "Content", "b.png"), reference);
  EXPECT_NE(hash("c.png", "content", "b.png"), reference);
  EXPECT_NE(hash("a.png", "content", "c.png"), reference);
}

}  // namespace
}  // namespace qyolo::datasets
