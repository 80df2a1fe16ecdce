// What needs LibTorch, OpenCV and oneDNN is in libraries that are loaded on demand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class WithoutBackend : public ::testing::Test {
 protected:
  WithoutBackend() : binary_(folder_.path() / "qyolo") { fs::copy_file(kQyolo, binary_); }

  [[nodiscard]] ProcessResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), binary_.string());
    return run_process(arguments);
  }
  [[nodiscard]] const fs::path& binary() const { return binary_; }
  [[nodiscard]] fs::path backend() const { return folder_.path() / "libqyolo_images.so"; }

 private:
  TemporaryFolder folder_;
  fs::path binary_;
};

TEST_F(WithoutBackend, CommandsWithoutANetworkWork) {
  EXPECT_EQ(run({"--help"}).exit_code, 0);
  EXPECT_EQ(run({"inspect", parts_model()}).exit_code, 0);
  const fs::path reference = source_dir() / "results/reference/demo";
  EXPECT_EQ(run({"tables", reference.string()}).exit_code, 0);
}

TEST_F(WithoutBackend, CommandsWithANetworkSayWhatIsMissing) {
  const ProcessResult missing = run(parts_eval());
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, StartsWith("qyolo: " + backend().string() + " cannot be loaded"));
  EXPECT_THAT(
      missing.err,
      HasSubstr("It is built together with qyolo and belongs beside it, or in ../lib/qyolo\n"));

  std::ofstream(backend()) << "not a library";
  const ProcessResult damaged = run(parts_eval());
  EXPECT_EQ(damaged.exit_code, 2);
  EXPECT_THAT(damaged.err, HasSubstr("reads and draws images: file too short. It is built"));
}

TEST_F(WithoutBackend, TheReferenceExecutorSaysHowToGetIt) {
  fs::copy_file(fs::path(kQyolo).parent_path() / "libqyolo_images.so", backend());
  const ProcessResult missing = run(parts_eval({"--engine", "torch", "--limit", "first:1"}));
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err,
              HasSubstr("libqyolo_torch.so cannot be loaded, which runs the reference"));
  EXPECT_THAT(missing.err, HasSubstr("run scripts/setup --torch"));
}

TEST_F(WithoutBackend, VideosSayWhatTheyNeed) {
  fs::copy_file(fs::path(kQyolo).parent_path() / "libqyolo_images.so", backend());
  const ProcessResult missing = run({"detect", "a.mp4", "--model", parts_model()});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("libqyolo_video.so cannot be loaded, which reads videos"));
  EXPECT_THAT(missing.err, HasSubstr("where OpenCV's videoio is found"));
}

TEST_F(WithoutBackend, LibrariesAreFoundWhereTheyAreInstalled) {
  const fs::path prefix = binary().parent_path(), lib = prefix / "lib" / "qyolo";
  fs::create_directories(prefix / "bin");
  fs::create_directories(lib);
  fs::rename(binary(), prefix / "bin" / "qyolo");
  for (const char* name : {"libqyolo_images.so", "libqyolo_engine.so"})
    fs::copy_file(fs::path(kQyolo).parent_path() / name, lib / name);
  std::vector<std::string> command = {(prefix / "bin" / "qyolo").string()};
  for (const std::string& argument : parts_eval({"--limit", "first:1"}))
    command.push_back(argument);
  EXPECT_EQ(run_process(command).exit_code, 0);
}

// Spinning threads take the cores from those that work (main.cpp).
TEST(Backend, OpenMpThreadsSpinBrieflyWhileTheyWaitUnlessTheUserSaysOtherwise) {
  const auto settings = [](const std::string& variable) {
    std::vector<std::string> arguments = {"/usr/bin/env", "OMP_DISPLAY_ENV=verbose", variable,
                                          kQyolo};
    for (const std::string& argument : parts_eval({"--limit", "first:1"}))
      arguments.push_back(argument);
    return run_process(arguments).err;
  };
  const std::string passive = settings("QYOLO_UNUSED=1");
  if (passive.find("GOMP_SPINCOUNT") == std::string::npos)
    GTEST_SKIP() << "oneDNN uses another OpenMP runtime than libgomp";
  EXPECT_THAT(passive, HasSubstr("GOMP_SPINCOUNT = '20000'"));
  EXPECT_THAT(settings("GOMP_SPINCOUNT=7"), HasSubstr("GOMP_SPINCOUNT = '7'"));
}

}  // namespace
}  // namespace qyolo::testing
