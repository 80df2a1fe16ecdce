// Faults on purpose: a command one of whose calls fails (tests/support/fault_preload.cpp), and what
// a run folder holds afterwards.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {

struct Fault {
  const char* call;
  int code;
};
inline void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.call << " fails with " << fault.code;
}
inline std::string fault_name(const ::testing::TestParamInfo<Fault>& test) {
  return std::string(test.param.call) + std::to_string(test.param.code);
}

// The command with the `at`-th of those calls failing (0: none); its result, and how many calls
// there were, which is left in the file `count`.
inline std::pair<ProcessResult, long> with_fault(const Fault& fault, long at,
                                                 const std::vector<std::string>& command,
                                                 const std::filesystem::path& count) {
  const std::string variables =
      fmt::format("FAULT_CALL={} FAULT_AT={} FAULT_ERRNO={} FAULT_COUNT='{}' LD_PRELOAD='{}'",
                  fault.call, at, fault.code, count.string(), QYOLO_FAULT_PRELOAD);
  ProcessResult result =
      run_process({"/bin/sh", "-c", variables + " exec " + command_line(command)});
  return {std::move(result), std::atol(content_of(count).c_str())};
}

// Which of so many calls fail: every one, or `most` spread over all. The environment variable
// QYOLO_FAULTS says another number.
inline std::vector<long> failing_calls(long calls, long most) {
  if (const char* wanted = std::getenv("QYOLO_FAULTS"); wanted != nullptr)
    most = std::max(1L, std::atol(wanted));
  std::vector<long> failing;
  for (long i = 0; i < std::min(calls, most); ++i)
    failing.push_back(1 + i * std::max(calls, most) / most);
  return failing;
}

// The numbers of an accuracy record, by its key, from the lines that are whole.
inline std::map<std::string, std::string> metrics_in(const std::filesystem::path& folder) {
  std::map<std::string, std::string> found;
  std::ifstream file(folder / "records.jsonl");
  for (std::string line; std::getline(file, line);) {
    const auto record = parse_json(line, "record");
    if (!record.ok() || member(*record, "kind") != Json("accuracy")) continue;
    if (member(*record, "status") != Json("ok")) continue;
    found[record->at("key").get<std::string>()] = record->at("metrics").dump();
  }
  return found;
}

// Names that begin with a dot are those of files that were being written.
inline void expect_nothing_unfinished(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder)) return;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << entry.path();
}

}  // namespace qyolo::testing
