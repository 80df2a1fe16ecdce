// `--judge`: what a command recommends, exported and run in other runtimes by scripts/judge.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/cli/evaluation_arguments.h"
#include "results/judged_record.h"

namespace qyolo::cli {

struct JudgeArguments {
  std::vector<std::string> runtimes;

  // --judge.
  void add_to(CLI::App& command);
  // Fails where the data is not what the judge takes.
  [[nodiscard]] Status check(const DataArguments& data) const;
  // One per runtime that is installed; the others are said, and so is what went wrong.
  [[nodiscard]] std::vector<results::JudgedRecord> judge(const EvaluationArguments& evaluation,
                                                         const harness::CalibrationSet& calibration,
                                                         const harness::Cell& cell) const;
};

}  // namespace qyolo::cli
