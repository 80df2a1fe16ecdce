// --scheme, --bits, --granularity, --keep, --rule and the cell options, for subcommands that take
// one cell.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/cell/experiment.h"

namespace qyolo::cli {

struct CellArguments {
  std::string scheme = "fp32";
  std::string granularity = "filter";
  int bits = 4;
  std::string keep;
  std::vector<std::string> rules;
  std::map<std::string, std::string> options;  // by name, those given

  void add_to(CLI::App& command);
  // The baseline for "fp32".
  [[nodiscard]] Result<harness::Cell> cell() const;
  // The same options for a shell.
  [[nodiscard]] std::string command_line() const;
};

// A word for a shell.
[[nodiscard]] std::string shell_quoted(std::string_view text);

// --calibration and --calibration-limit, for subcommands that evaluate one cell.
struct CalibrationArguments {
  harness::CalibrationSet set;

  void add_to(CLI::App& command);
  // Nothing where no folder is given; fails where the cell needs one.
  [[nodiscard]] Result<std::optional<harness::CalibrationSet>> for_cell(
      const harness::Cell& cell) const;
};

}  // namespace qyolo::cli
