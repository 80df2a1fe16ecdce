// The tree that `cmake --install` makes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Installed : public ::testing::Test {
 protected:
  void SetUp() override {
    const ProcessResult installed =
        run_process({QYOLO_CMAKE, "--install", fs::path(kQyolo).parent_path().string(), "--prefix",
                     prefix().string(), "--component", "runtime"});
    ASSERT_EQ(installed.exit_code, 0) << installed.err;
  }

  [[nodiscard]] const fs::path& folder() const { return folder_.path(); }
  [[nodiscard]] fs::path prefix() const { return folder_.path() / "prefix"; }

 private:
  TemporaryFolder folder_;
};

std::vector<std::string> short_eval(const fs::path& binary) {
  std::vector<std::string> arguments = parts_eval({"--limit", "first:1"});
  arguments.insert(arguments.begin(), binary.string());
  return arguments;
}

TEST_F(Installed, HasItsFilesInPlace) {
  for (const char* file :
       {"bin/qyolo", "lib/qyolo/libqyolo_engine.so", "lib/qyolo/libqyolo_images.so",
        "share/bash-completion/completions/qyolo", "share/doc/qyolo/LICENSE",
        "share/doc/qyolo/copyright", "share/qyolo/experiments/demo.json"})
    EXPECT_TRUE(fs::exists(prefix() / file)) << file;
  EXPECT_TRUE(fs::exists(prefix() / "share/man/man1/qyolo.1.gz") ||
              fs::exists(prefix() / "share/man/man1/qyolo.1"));
}

TEST_F(Installed, LeavesOutWhatNeedsLibTorchAndTheDataset) {
  EXPECT_FALSE(fs::exists(prefix() / "lib/qyolo/libqyolo_torch.so"));
  EXPECT_FALSE(fs::exists(prefix() / "share/qyolo/datasets"));
}

TEST_F(Installed, RunsThroughALinkAndAfterItIsMoved) {
  const fs::path link = folder() / "q";
  fs::create_symlink("prefix/bin/qyolo", link);
  EXPECT_EQ(run_process(short_eval(link)).exit_code, 0);
  fs::rename(prefix(), folder() / "elsewhere");
  const ProcessResult moved = run_process(short_eval(folder() / "elsewhere/bin/qyolo"));
  EXPECT_EQ(moved.exit_code, 0) << moved.err;
}

TEST_F(Installed, SaysWhichLibraryOfTheSystemIsMissing) {
  // An OpenCV that is not there: the name of one of its libraries, changed where it is asked for.
  const fs::path library = prefix() / "lib/qyolo/libqyolo_images.so";
  std::string bytes = content_of(library);
  const std::string name = "libopencv_imgcodecs.so", other = "libopencv_not_there.so";
  const std::size_t place = bytes.find(name);
  ASSERT_NE(place, std::string::npos);
  bytes.replace(place, name.size(), other);
  std::ofstream(library, std::ios::binary) << bytes;

  const ProcessResult result = run_process(short_eval(prefix() / "bin/qyolo"));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("libqyolo_images.so cannot be loaded, which reads and draws "
                                    "images: libopencv_not_there.so"));
  EXPECT_THAT(result.err, HasSubstr(". Install the system's package of that library\n"));
}

}  // namespace
}  // namespace qyolo::testing
