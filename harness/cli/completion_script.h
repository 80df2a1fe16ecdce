// Completion scripts of a command line, for bash (4.4 or newer; without bash-completion, too) and
// zsh. Offered are commands, options, the values of an option that has choices (also one by one in
// a list with commas), folders where a folder is expected, nothing where a number is, else files.
#pragma once

#include <string>

#include "harness/cli/command_usage.h"

namespace qyolo::cli {

[[nodiscard]] std::string bash_completion(const CommandUsage& program);
[[nodiscard]] std::string zsh_completion(const CommandUsage& program);

}  // namespace qyolo::cli
