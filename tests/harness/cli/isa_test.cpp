// The binary on CPUs older than this one: oneDNN, and our own kernels with it, go no further than
// ONEDNN_MAX_CPU_ISA (DNNL_MAX_CPU_ISA before oneDNN 3) says.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

using ::testing::HasSubstr;

// "": as it is.
ProcessResult qyolo_on(const std::string& isa, const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"/usr/bin/env"};
  for (const char* variable : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"}) {
    if (isa.empty()) {
      command.insert(command.end(), {"-u", variable});
    } else {
      command.push_back(variable + ("=" + isa));
    }
  }
  command.push_back(kQyolo);
  command.insert(command.end(), arguments.begin(), arguments.end());
  ProcessResult result = run_process(command);
  if (result.exit_code != 0) result.err += "\nrepeat with: " + command_line(command);
  return result;
}

Json eval_on(const std::string& isa, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = parts_eval();
  arguments.insert(arguments.end(), more.begin(), more.end());
  const ProcessResult result = qyolo_on(isa, arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.exit_code == 0 ? Json::parse(result.out) : Json();
}

const std::vector<std::string> kInt8 = {
    "--precision",       "int8", "--scheme", "symmetric", "--bits",        "8",
    "--activation-bits", "8",    "--keep",   "head",      "--calibration", parts("calib/images")};

bool host_has([[maybe_unused]] const std::string& isa) {
#if defined(__x86_64__)
  if (isa == "SSE41") return __builtin_cpu_supports("sse4.1") != 0;
  if (isa == "AVX2") return __builtin_cpu_supports("avx2") != 0;
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0;
#else
  return false;
#endif
}

class OldX86 : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!host_has(GetParam())) GTEST_SKIP() << "this CPU has no " << GetParam();
    if (std::getenv("ONEDNN_MAX_CPU_ISA") != nullptr || std::getenv("DNNL_MAX_CPU_ISA") != nullptr)
      GTEST_SKIP() << "the environment limits the instruction set already";
  }
};

TEST_P(OldX86, FP32ScoresTheSameToFourDigits) {
  static const std::vector<std::string> kLimit = {"--limit", "first:60"};
  static const Json here = eval_on("", kLimit);
  const Json old = eval_on(GetParam(), kLimit);
  EXPECT_NEAR(old["AP"], here["AP"], 0.00005);
}

// What saturates in 16 bits on these CPUs is computed by our own kernels, and said. On all images:
// a value in the middle between two codes falls to either side, which moves the AP of few by as
// much.
TEST_P(OldX86, INT8ScoresTheSameWithinTwoTenthsOfAPoint) {
  static const Json here = eval_on("", kInt8);
  const Json old = eval_on(GetParam(), kInt8);
  EXPECT_NEAR(old["AP"], here["AP"], 0.002);
  EXPECT_THAT(std::string(old["executor"]), HasSubstr("saturate in 16 bits"));
}

TEST_P(OldX86, BF16IsRefused) {
  expect_one_sentence(
      qyolo_on(GetParam(), parts_eval({"--precision", "bf16", "--limit", "first:1"})), "bfloat16");
}

TEST_P(OldX86, BenchSaysWhatRuns) {
  const ProcessResult result = qyolo_on(GetParam(), {"bench", parts_model(), "--img", "64",
                                                     "--rounds", "1", "--no-memory", "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  ASSERT_EQ(json["rows"].size(), 2U);
  EXPECT_FALSE(json["rows"][0].contains("note")) << json["rows"][0];
  EXPECT_THAT(json["rows"][1].value("note", ""), HasSubstr("saturate in 16 bits"));
  EXPECT_THAT(json["unsupported"].dump(), HasSubstr("bf16"));
}

INSTANTIATE_TEST_SUITE_P(Limits, OldX86, ::testing::Values("SSE41", "AVX2", "AVX512_CORE"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace qyolo::testing
