// The numbers do not depend on how many threads there are, or on what OpenMP grants of them.
#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

struct Arithmetic {
  const char* name;
  std::vector<std::string> arguments;
};

class Numbers : public ::testing::TestWithParam<Arithmetic> {
 protected:
  // The detections as they were written, or what went wrong.
  [[nodiscard]] std::string detections(const std::string& before, int threads) const {
    const std::string file = (folder_.path() / "detections.json").string();
    std::vector<std::string> command = {kQyolo};
    for (std::string& word : parts_eval({"--limit", "first:6", "--threads", std::to_string(threads),
                                         "--save-detections", file}))
      command.push_back(std::move(word));
    command.insert(command.end(), GetParam().arguments.begin(), GetParam().arguments.end());
    const ProcessResult result =
        run_process({"/bin/sh", "-c", before + " exec " + command_line(command)});
    if (result.exit_code != 0) return "failed: " + result.err;
    return content_of(file);
  }

 private:
  TemporaryFolder folder_;
};

TEST_P(Numbers, AreTheSameAtAnyNumberOfThreads) {
  const std::string expected = detections("", 1);
  if (expected.find("no bfloat16 arithmetic") != std::string::npos) GTEST_SKIP() << expected;
  ASSERT_EQ(expected.rfind("[{", 0), 0U) << expected.substr(0, 300);
  for (const char* variables :
       {"", "OMP_DYNAMIC=true", "OMP_THREAD_LIMIT=3", "OMP_MAX_ACTIVE_LEVELS=0"}) {
    for (const int threads : {2, 4, 7}) {
      EXPECT_EQ(detections(variables, threads), expected) << variables << ", " << threads;
      if (HasFailure()) return;
    }
  }
}

const std::vector<std::string> kCalibration = {"--calibration", parts("calib/images"),
                                               "--calibration-limit", "2"};
std::vector<std::string> calibrated(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), kCalibration.begin(), kCalibration.end());
  return arguments;
}

INSTANTIATE_TEST_SUITE_P(
    Arithmetics, Numbers,
    ::testing::Values(Arithmetic{"fp32", {}}, Arithmetic{"bf16", {"--precision", "bf16"}},
                      Arithmetic{"int8", calibrated({"--precision", "int8", "--scheme", "symmetric",
                                                     "--bits", "8", "--granularity", "filter",
                                                     "--activation-bits", "8", "--keep", "head"})},
                      Arithmetic{"gptq",
                                 calibrated({"--scheme", "affine", "--bits", "4", "--granularity",
                                             "filter", "--rounding", "gptq"})}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace qyolo::testing
