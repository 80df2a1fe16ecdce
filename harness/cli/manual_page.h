// Manual pages of a command line, in man(7)'s language.
#pragma once

#include <string>
#include <string_view>

#include "harness/cli/command_usage.h"

namespace qyolo::cli {

// What stands at the foot of every page.
struct ManualEdition {
  std::string version;
  std::string date;  // of the release, YYYY-MM-DD
};

// PROGRAM(1): what there is.
[[nodiscard]] std::string program_page(const CommandUsage& program, const ManualEdition& edition);
// PROGRAM-COMMAND(1)
[[nodiscard]] std::string command_page(const CommandUsage& program, const CommandUsage& command,
                                       const ManualEdition& edition);

}  // namespace qyolo::cli
