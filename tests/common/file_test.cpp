#include "common/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "common/file_stamps.h"
#include "tests/support/paths.h"

namespace qyolo {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Files : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path in_folder(std::string_view name) const { return folder_.path() / name; }

 private:
  testing::TemporaryFolder folder_;
};

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST_F(Files, ReadsBackEveryByteWritten) {
  std::string content;
  for (int i = 0; i < 1024; ++i) content += static_cast<char>(i % 256);
  ASSERT_TRUE(write_file(in_folder("a"), content).ok());
  EXPECT_EQ(*read_file(in_folder("a")), content);
}

TEST_F(Files, WritingReplacesTheOldContentAndLeavesNothingBeside) {
  ASSERT_TRUE(write_file(in_folder("a"), "a long first content").ok());
  ASSERT_TRUE(write_file(in_folder("a"), "short").ok());
  EXPECT_EQ(*read_file(in_folder("a")), "short");
  EXPECT_EQ(std::distance(fs::directory_iterator(in_folder("")), fs::directory_iterator()), 1);
}

TEST_F(Files, ReadingNamesWhatIsMissingOrAFolder) {
  const auto missing = read_file(in_folder("missing"));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message,
            in_folder("missing").string() + " cannot be opened: No such file or directory");
  const auto folder = read_file(in_folder(""));
  ASSERT_FALSE(folder.ok());
  EXPECT_THAT(folder.error().message, HasSubstr("is a folder, expected a file"));
}

TEST_F(Files, ReadingTakesRegularFilesOnlyAndWaitsForNoPipe) {
  ASSERT_EQ(::mkfifo(in_folder("pipe").c_str(), 0600), 0);
  for (const std::string& name :
       {in_folder("pipe").string(), std::string("/dev/zero"), std::string("/dev/null")}) {
    const auto content = read_file(name);
    ASSERT_FALSE(content.ok());
    EXPECT_EQ(content.error().message, name + " is not a regular file");
  }
  EXPECT_THAT(*read_file("/proc/self/status"), HasSubstr("VmRSS"));  // of no size until it is read
}

TEST_F(Files, WritingIntoAMissingFolderFails) {
  const auto status = write_file(in_folder("no/such/file"), "x");
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("no/such/file cannot be written"));
}

TEST_F(Files, CreatesFoldersWithTheirParentsOnce) {
  ASSERT_TRUE(create_folder(in_folder("a/b/c")).ok());
  EXPECT_TRUE(fs::is_directory(in_folder("a/b/c")));
  EXPECT_TRUE(create_folder(in_folder("a/b/c")).ok());
}

TEST_F(Files, RefusesAFolderWhereAFileIsInTheWay) {
  ASSERT_TRUE(write_file(in_folder("a"), "").ok());
  for (const char* name : {"a", "a/b"}) {
    const auto status = create_folder(in_folder(name));
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_THAT(status.error().message,
                HasSubstr("the folder " + in_folder(name).string() + " cannot be created: "));
  }
}

TEST_F(Files, AMapShowsTheContentAndCanBeMoved) {
  ASSERT_TRUE(write_file(in_folder("a"), "mapped").ok());
  auto opened = MappedFile::open(in_folder("a"));
  ASSERT_TRUE(opened.ok());
  MappedFile file = std::move(opened).value();
  EXPECT_EQ(text_of(file), "mapped");
  MappedFile other = std::move(file);
  EXPECT_EQ(text_of(other), "mapped");
}

TEST_F(Files, AnEmptyFileMapsToNoBytes) {
  ASSERT_TRUE(write_file(in_folder("empty"), "").ok());
  const auto file = MappedFile::open(in_folder("empty"));
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file->bytes().empty());
}

TEST_F(Files, MapsOnlyRegularFilesAndWaitsForNoPipe) {
  ASSERT_EQ(::mkfifo(in_folder("pipe").c_str(), 0600), 0);
  for (const char* name : {"", "pipe"}) {
    const auto file = MappedFile::open(in_folder(name));
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.error().message, in_folder(name).string() + " is not a regular file");
  }
  EXPECT_THAT(MappedFile::open(in_folder("missing")).error().message,
              HasSubstr("missing cannot be opened: No such file or directory"));
}

TEST(PathInside, JoinsRelativeNames) {
  EXPECT_EQ(*path_inside("/data", "a.jpg"), fs::path("/data/a.jpg"));
  EXPECT_EQ(*path_inside("/data", "val/a.jpg"), fs::path("/data/val/a.jpg"));
  EXPECT_EQ(*path_inside("/data", "..a/b..jpg"), fs::path("/data/..a/b..jpg"));
}

TEST(PathInside, RefusesNamesThatLeadOut) {
  for (const char* name : {"..", "../a", "a/../../b", "a/..", "./../a"}) {
    const auto path = path_inside("/data", name);
    ASSERT_FALSE(path.ok()) << name;
    EXPECT_EQ(path.error().message,
              "the file name '" + std::string(name) + "' leads out of the folder /data");
  }
}

TEST(MappedFile, WhatIsReadStaysWhenTheFileIsCut) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "small";
  ASSERT_TRUE(write_file(path, std::string(100000, 'x')).ok());
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE(file->mapped());
  std::filesystem::resize_file(path, 0);
  EXPECT_EQ(text_of(*file), std::string(100000, 'x'));
}

TEST(MappedFileDeathTest, CuttingALargeOneEndsTheProgramWithASentence) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "large";
  ASSERT_TRUE(write_file(path, std::string(std::size_t{8} << 20, 'x')).ok());
  EXPECT_EXIT(
      {
        end_where_mapped_files_are_cut();
        const auto file = MappedFile::open(path);
        if (!file.ok() || !file->mapped()) std::_Exit(7);
        std::filesystem::resize_file(path, 5);
        std::_Exit(text_of(*file).size() == 0 ? 8 : 9);
      },
      ::testing::ExitedWithCode(2), "qyolo: .*large was cut while it was read");
}

TEST(FileStamps, AreThoseOfTheFirstLook) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path one = folder.path() / "one", other = folder.path() / "other";
  ASSERT_TRUE(write_file(one, "a").ok());
  FileStamps stamps;
  stamps.add(one);
  stamps.add(other);  // does not exist
  EXPECT_TRUE(stamps.check().ok());
  ASSERT_TRUE(write_file(one, "a").ok());  // the same content in another file
  ASSERT_FALSE(stamps.check().ok());
  EXPECT_EQ(stamps.check().error().message,
            one.string() + " was changed while it was read: start again");
  FileStamps later;
  later.add(one);
  later.add(other);
  ASSERT_TRUE(write_file(other, "b").ok());
  EXPECT_FALSE(later.check().ok());
}

TEST(PathInside, RefusesEmptyAbsoluteAndZeroByteNames) {
  for (const std::string& name :
       {std::string(), std::string("/etc/passwd"), std::string("a\0b", 3)}) {
    const auto path = path_inside("/data", name);
    ASSERT_FALSE(path.ok()) << name;
    EXPECT_EQ(path.error().message,
              "the file name '" + name + "' is not a relative path below /data");
  }
}

}  // namespace
}  // namespace qyolo
