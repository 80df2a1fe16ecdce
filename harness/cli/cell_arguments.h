// --scheme, --bits, --granularity, --keep, --rule and the cell options, for subcommands that take
// one cell.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "common/result.h"
#include "harness/cell/cell_flags.h"
#include "harness/cell/experiment.h"

namespace qyolo::cli {

struct CellArguments : harness::CellFlags {
  void add_to(CLI::App& command);
};

// --calibration and --calibration-limit, for subcommands that evaluate one cell.
struct CalibrationArguments {
  harness::CalibrationSet set;

  void add_to(CLI::App& command);
  // Nothing where no folder is given; fails where the cell needs one.
  [[nodiscard]] Result<std::optional<harness::CalibrationSet>> for_cell(
      const harness::Cell& cell) const;
};

}  // namespace qyolo::cli
