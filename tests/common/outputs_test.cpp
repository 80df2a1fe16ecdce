#include "common/outputs.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>
#include <vector>

#include "common/file.h"
#include "tests/support/paths.h"

namespace qyolo {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Outputs : public ::testing::Test {
 protected:
  fs::path file(const std::string& name, const std::string& content = "input") {
    const fs::path path = folder_.path() / name;
    fs::create_directories(path.parent_path());
    EXPECT_TRUE(write_file(path, content).ok());
    return path;
  }
  [[nodiscard]] const fs::path& folder() const { return folder_.path(); }

  static std::string refusal(const fs::path& input, const fs::path& output) {
    const std::vector<NamedPath> inputs = {{"annotation file", input}};
    const std::vector<NamedPath> outputs = {{"--out", output}};
    const Status status = check_outputs(inputs, outputs);
    return status.ok() ? "" : status.error().message;
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(Outputs, AnInputUnderAnotherSpellingIsRefused) {
  const fs::path input = file("data/gt.json");
  for (const fs::path& output : {input, folder() / "data/../data/./gt.json"}) {
    EXPECT_THAT(refusal(input, output), HasSubstr("is the input " + input.string()));
    EXPECT_THAT(refusal(input, output), HasSubstr("(annotation file)"));
  }
}

TEST_F(Outputs, AnInputBehindALinkOrAHardLinkIsRefused) {
  const fs::path input = file("gt.json");
  fs::create_symlink(input, folder() / "soft.json");
  fs::create_hard_link(input, folder() / "hard.json");
  EXPECT_NE(refusal(input, folder() / "soft.json"), "");
  EXPECT_NE(refusal(input, folder() / "hard.json"), "");
  EXPECT_NE(refusal(folder() / "soft.json", input), "");
}

TEST_F(Outputs, AnImageOfAnInputFolderIsRefusedButNotAnOldResultInIt) {
  const fs::path image = file("images/deep/a.JPG");
  const fs::path result = file("images/detections.json");
  EXPECT_THAT(refusal(folder() / "images", image), HasSubstr("a file of the input"));
  EXPECT_EQ(refusal(folder() / "images", result), "");
  EXPECT_EQ(refusal(folder() / "images", folder() / "images/new.jpg"), "");
}

TEST_F(Outputs, TwoOutputsInOneFileAreRefused) {
  const auto check = [](const fs::path& a, const fs::path& b) {
    const std::vector<NamedPath> outputs = {{"--out", a}, {"--json", b}};
    return check_outputs({}, outputs);
  };
  const fs::path old = file("old.json");
  fs::create_hard_link(old, folder() / "other.json");
  EXPECT_FALSE(check(old, folder() / "other.json").ok());
  EXPECT_FALSE(check(folder() / "new.json", folder() / "x/../new.json").ok());
  EXPECT_TRUE(check(folder() / "new.json", folder() / "newer.json").ok());
  EXPECT_TRUE(check("/dev/null", "/dev/null").ok());
}

TEST_F(Outputs, AProtectedInputIsNeverReplaced) {
  const fs::path input = file("protected.json");
  fs::create_symlink(input, folder() / "link.json");
  protect_inputs(std::vector<NamedPath>{{"annotation file", input}});
  EXPECT_THAT(write_file(folder() / "link.json", "output").error().message,
              HasSubstr("write to another file"));
  EXPECT_EQ(*read_file(input), "input");
}

TEST_F(Outputs, ALinkStaysALinkToTheNewContent) {
  const fs::path target = file("real/old.json");
  fs::create_symlink("real/old.json", folder() / "link.json");
  fs::create_symlink("real/new.json", folder() / "dangling.json");
  ASSERT_TRUE(write_file(folder() / "link.json", "new").ok());
  ASSERT_TRUE(write_file(folder() / "dangling.json", "new").ok());
  EXPECT_TRUE(fs::is_symlink(folder() / "link.json"));
  EXPECT_EQ(*read_file(target), "new");
  EXPECT_EQ(*read_file(folder() / "real/new.json"), "new");
}

TEST_F(Outputs, ADeviceStaysADevice) {
  ASSERT_TRUE(write_file("/dev/null", "content").ok());
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  const fs::path pipe = folder() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { std::getline(std::ifstream(pipe), got); });
  EXPECT_TRUE(write_file(pipe, "through").ok());
  reader.join();
  EXPECT_EQ(got, "through");
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST_F(Outputs, TheNameBesideIsNoOnesFile) {
  file("a.json.tmp", "the user's");
  file("a.json", "old");
  fs::permissions(folder() / "a.json", fs::perms::owner_all);
  ASSERT_TRUE(write_file(folder() / "a.json", "new").ok());
  EXPECT_EQ(*read_file(folder() / "a.json.tmp"), "the user's");
  EXPECT_EQ(fs::status(folder() / "a.json").permissions(), fs::perms::owner_all);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder()), fs::directory_iterator()), 2);
}

}  // namespace
}  // namespace qyolo
