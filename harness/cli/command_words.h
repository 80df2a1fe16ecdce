// The command line as it was given, for messages that say how to go on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qyolo::cli {

// Once, by main().
void remember_command(std::vector<std::string> words);

// What the program was called by: "build/qyolo".
[[nodiscard]] std::string program_word();
// Quoted for a shell, without the option of that name and its value; "": all of it.
[[nodiscard]] std::string command_without(std::string_view option);

}  // namespace qyolo::cli
