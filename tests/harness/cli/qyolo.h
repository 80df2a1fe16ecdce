// The qyolo binary under test, and the embedded default's paths.
#pragma once

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

inline std::vector<std::string> parts_eval(std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"eval",
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

}  // namespace qyolo::testing
