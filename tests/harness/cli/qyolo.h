// The qyolo binary under test, and the embedded default's paths.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/json.h"
#include "tests/support/process.h"

namespace qyolo::testing {

inline const std::string kQyolo = QYOLO_BINARY;

inline std::string parts(const std::string& name) {
  return (source_dir() / "datasets/parts" / name).string();
}
inline std::string parts_model() { return parts("parts-yolov7-w025.pt"); }

inline ProcessResult qyolo(std::vector<std::string> arguments,
                           const std::function<bool()>& kill_when = {}) {
  arguments.insert(arguments.begin(), kQyolo);
  ProcessResult result = run_process(arguments, kill_when);
  if (result.exit_code != 0) result.err += "\nrepeat with: " + command_line(arguments);
  return result;
}

// Bad input: exit code 2, nothing on stdout, one sentence with this piece on stderr.
inline void expect_one_sentence(const ProcessResult& result, const std::string& piece) {
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_EQ(result.out, "");
  const std::string said = result.err.substr(0, result.err.find("\nrepeat with"));
  EXPECT_THAT(said, ::testing::HasSubstr(piece));
  EXPECT_EQ(said.rfind("qyolo: ", 0), 0U) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

// A command that takes a network and a dataset, on the embedded ones, with its answer as JSON.
inline std::vector<std::string> on_parts(const std::string& command,
                                         const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {command,
                                        "--model",
                                        parts_model(),
                                        "--images",
                                        parts("val/images"),
                                        "--annotations",
                                        parts("val/annotations.json"),
                                        "--img",
                                        "320",
                                        "-o",
                                        "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}
inline std::vector<std::string> parts_eval(const std::vector<std::string>& more = {}) {
  return on_parts("eval", more);
}

inline bool has_reference_executor() {
  return std::filesystem::exists(std::filesystem::path(kQyolo).parent_path() / "libqyolo_torch.so");
}

}  // namespace qyolo::testing

#define QYOLO_NEEDS_REFERENCE_EXECUTOR() \
  if (!::qyolo::testing::has_reference_executor()) GTEST_SKIP() << "built without LibTorch"
