#include "common/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <utility>

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
