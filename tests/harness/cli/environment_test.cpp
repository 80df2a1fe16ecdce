// What surrounds the process: how many threads it is granted, standard streams that are closed or
// full, names that would move the cursor.
#include <fstream>

#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

using ::testing::HasSubstr;

// By a shell, with what it is to set or redirect.
ProcessResult in_shell(const std::string& before, const std::vector<std::string>& arguments,
                       const std::string& after = "") {
  std::vector<std::string> command = {kQyolo};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_process({"/bin/sh", "-c", before + " " + command_line(command) + " " + after});
}

std::vector<std::string> int8_eval() {
  return parts_eval({"--scheme", "symmetric", "--bits", "8", "--granularity", "filter",
                     "--activation-bits", "8", "--keep", "head", "--calibration",
                     parts("calib/images"), "--precision", "int8", "--limit", "first:12"});
}

class GrantedThreads : public ::testing::TestWithParam<const char*> {};

// oneDNN leaves out the work of threads that it asked for and did not get.
TEST_P(GrantedThreads, ChangeNoNumber) {
  static const Json usual = [] {
    const ProcessResult result = qyolo(int8_eval());
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Json::parse(result.out);
  }();
  const ProcessResult result = in_shell(GetParam(), int8_eval());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_GT(json["AP"].get<double>(), 0.5);
  for (const char* key : {"AP", "AP50", "AP75", "AR100"})
    EXPECT_EQ(json[key].get<double>(), usual[key].get<double>()) << key;
}

// The layers that calibration runs one by one ask for what is granted, too.
TEST(GrantedThreadsOfCalibration, ChangeNoNumber) {
  const std::vector<std::string> arguments = parts_eval(
      {"--scheme", "affine", "--bits", "4", "--granularity", "filter", "--rounding", "gptq",
       "--calibration", parts("calib/images"), "--calibration-limit", "2", "--limit", "first:8"});
  const ProcessResult usual = qyolo(arguments), limited = in_shell("OMP_THREAD_LIMIT=1", arguments);
  ASSERT_EQ(usual.exit_code, 0) << usual.err;
  ASSERT_EQ(limited.exit_code, 0) << limited.err;
  const Json expected = Json::parse(usual.out), found = Json::parse(limited.out);
  EXPECT_GT(expected["AP"].get<double>(), 0.2);
  EXPECT_EQ(found["AP"].get<double>(), expected["AP"].get<double>());
}

INSTANTIATE_TEST_SUITE_P(Environments, GrantedThreads,
                         ::testing::Values("OMP_DYNAMIC=true", "OMP_THREAD_LIMIT=1",
                                           "OMP_MAX_ACTIVE_LEVELS=0", "OMP_NUM_THREADS=7"));

TEST(Threads, MoreThanAnyHostHasAreRefused) {
  for (const char* threads : {"1000000", "-1", "2147483647"})
    EXPECT_THAT(qyolo({"score", "a.json", "b.json", "--threads", threads}).err,
                HasSubstr("expected 0 (all) to 1024"));
}

TEST(Numbers, WhatIsNoNumberIsOutOfEveryRange) {
  for (const char* number : {"nan", "-nan", "inf"}) {
    const ProcessResult result = qyolo(parts_eval({"--conf", number}));
    EXPECT_EQ(result.exit_code, 2) << number;
    EXPECT_EQ(result.out, "") << number;
    EXPECT_EQ(qyolo({"recommend", parts_model(), "--bits-per-weight", number}).exit_code, 2);
  }
}

TEST(StandardError, MayBeFullOrClosedOrGone) {
  const std::string usual = qyolo(parts_eval({"--limit", "first:2"})).out;
  for (const char* after : {"2>/dev/full", "2>&-", "2>&1 >&3 3>&- | true"}) {
    const TemporaryFolder folder;
    const std::string out = (folder.path() / "out.json").string();
    const ProcessResult result =
        in_shell("exec 3>" + out + ";", parts_eval({"--limit", "first:2"}),
                 std::string(after).starts_with("2>&1") ? after : std::string(after) + " >&3");
    EXPECT_EQ(result.exit_code, 0) << after;
    EXPECT_EQ(Json::parse(content_of(out))["AP"], Json::parse(usual)["AP"]) << after;
  }
}

TEST(StandardError, WhenClosedIsNoFileOfTheUsers) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "run").string();
  const std::string experiment = (folder.path() / "experiment.json").string();
  const Json matrix = {{"scheme", {"affine"}}, {"granularity", {"filter"}}, {"bits", {4}}};
  std::ofstream(experiment) << Json{
      {"name", "two cells"},
      {"model", parts_model()},
      {"dataset",
       {{"images", parts("val/images")}, {"annotations", parts("val/annotations.json")}}},
      {"evaluation", {{"img", 320}, {"limit", "first:2"}}},
      {"latency", {{"rounds", 1}}},
      {"matrix", Json::array({matrix})}};
  const ProcessResult result = in_shell("", {"run", experiment, "--out", out},
                                        "2>&- | head -c 0; test -s '" + out + "/records.jsonl'");
  EXPECT_EQ(result.exit_code, 0);
  std::ifstream records(out + "/records.jsonl");
  std::string line;
  int lines = 0;
  while (std::getline(records, line)) {
    EXPECT_EQ(line.rfind("{\"schema\"", 0), 0U) << line.substr(0, 80);
    ++lines;
  }
  EXPECT_GT(lines, 0);
}

TEST(StandardOutput, ThatTakesNothingIsAnError) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                    {"eval", "--help"},
                                                    {"--version"},
                                                    {"inspect", parts_model()},
                                                    {"completion", "bash"}}) {
    const ProcessResult result = in_shell("", arguments, ">/dev/full");
    EXPECT_EQ(result.exit_code, 2) << arguments.front();
    EXPECT_THAT(result.err, HasSubstr("could not be written")) << arguments.front();
  }
}

TEST(StandardOutput, OfJsonStaysJsonWhateverNamesAre) {
  const TemporaryFolder folder;
  const std::string truth = (folder.path() / "gt.json").string();
  const std::string found = (folder.path() / "dt.json").string();
  const std::string name = "\x1b\x7f\xc2\x85 \xe5\x90\x8d";
  const Json box = {1, 1, 5, 5};
  std::ofstream(truth) << Json{
      {"images", {{{"id", 1}, {"file_name", "a.jpg"}, {"width", 9}, {"height", 9}}}},
      {"annotations",
       {{{"id", 1}, {"image_id", 1}, {"category_id", 1}, {"bbox", box}, {"area", 25}}}},
      {"categories", {{{"id", 1}, {"name", name}}}}};
  std::ofstream(found) << Json::array(
      {{{"image_id", 1}, {"category_id", 1}, {"bbox", box}, {"score", 0.5}}});
  const ProcessResult result = qyolo({"score", truth, found, "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["per_class"][0]["name"].get<std::string>(), name);
  EXPECT_EQ(result.out.find('\x7f'), std::string::npos);
}

TEST(Terminal, NamesCannotMoveTheCursor) {
  const ProcessResult result = qyolo({"inspect", "no\x1b[2Jfile\xc2\x9bH.pt"});
  EXPECT_EQ(result.exit_code, 2);
  const std::string said = result.err.substr(0, result.err.find("\nrepeat with"));
  EXPECT_EQ(said.find('\x1b'), std::string::npos);
  EXPECT_THAT(said, HasSubstr("no\\x1b[2Jfile\\x9bH.pt"));
}

ProcessResult with_limit(const std::string& setting) {
  std::vector<std::string> command = {"/usr/bin/env", setting, kQyolo};
  for (const std::string& argument : parts_eval({"--limit", "first:1"}))
    command.push_back(argument);
  return run_process(command);
}

TEST(Limits, AreHeldAgainstWhatFilesAskFor) {
  expect_one_sentence(with_limit("QYOLO_MAX_FILE_GIGABYTES=0.001"),
                      "(QYOLO_MAX_FILE_GIGABYTES raises that)");
  const ProcessResult maps = with_limit("QYOLO_MAX_MAP_GIGABYTES=0.0001");
  EXPECT_EQ(maps.exit_code, 2);
  EXPECT_THAT(maps.err, HasSubstr("at most 0.0001 GB are given to them (QYOLO_MAX_MAP_GIGABYTES)"));
  EXPECT_EQ(with_limit("QYOLO_MAX_MAP_GIGABYTES=1").exit_code, 0);
}

TEST(Limits, ThatAreNonsenseAreNotTakenForStandard) {
  expect_one_sentence(with_limit("QYOLO_MAX_MEGAPIXELS=many"),
                      "QYOLO_MAX_MEGAPIXELS=many: expected millions of pixels from 1 to 2147");
  expect_one_sentence(with_limit("QYOLO_MAX_MAP_GIGABYTES=-1"), "expected GB from");
  expect_one_sentence(with_limit("QYOLO_MAX_FILE_GIGABYTES=1e99"), "expected GB from");
  EXPECT_EQ(with_limit("QYOLO_MAX_FILE_GIGABYTES=").exit_code, 0);
}

}  // namespace
}  // namespace qyolo::testing
