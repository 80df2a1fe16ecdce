// What a command line offers, read from its definitions: completion scripts and manual pages are
// made from it, so that they cannot drift from what the program accepts. Hidden commands and
// options (those in the group "") are left out.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/outputs.h"

namespace qyolo::cli {

// Type names of options, shown by --help, that say what completion may offer.
inline constexpr const char* kFileType = "FILE";
inline constexpr const char* kFolderType = "FOLDER";

// A check that accepts everything, and says that the command writes the file or folder that the
// option names. Every other option of the type FILE or FOLDER is an input: by these definitions
// main() refuses outputs that are inputs (common/outputs.h), so that a new command is covered by
// how it is defined.
[[nodiscard]] CLI::Validator written();
[[nodiscard]] bool is_output(const CLI::Option& option);

// The files and folders that a parsed command was given.
struct GivenFiles {
  std::vector<NamedPath> inputs, outputs;
};
[[nodiscard]] GivenFiles files_given(const CLI::App& command);

// A check that accepts everything: values to show in the help and to offer in completion, of an
// option that its reader checks (so that the complaint is the reader's, with its reason).
[[nodiscard]] CLI::Validator offered(const std::vector<std::string>& values);

struct OptionUsage {
  enum class Value { kNone, kText, kNumber, kFile, kFolder };

  std::vector<std::string> names;    // as typed: "-o", "--output"; empty: a positional argument
  std::string placeholder;           // of its value: "FILE"; of a positional argument its name
  Value value = Value::kText;        // kNone: a flag
  std::vector<std::string> choices;  // of kText; "percentile:P" is a family of values
  std::string limits;                // of kNumber, in words; may be empty
  std::string help;
  std::string default_value;
  char delimiter = '\0';  // between values in one word; '\0': none
  bool required = false;
  bool several = false;  // takes any number of words
  bool output = false;   // a file or folder that is written

  [[nodiscard]] bool positional() const { return names.empty(); }
};

struct CommandUsage {
  std::string name;
  std::string summary;                // what it does
  std::vector<std::string> examples;  // command lines
  std::string notes;                  // the rest of what follows the options
  std::vector<OptionUsage> options;   // with the positional arguments, in the order of --help
  std::vector<CommandUsage> commands;

  [[nodiscard]] std::vector<OptionUsage> positionals() const;
  [[nodiscard]] const CommandUsage* find(std::string_view command) const;  // nullptr: none
};

[[nodiscard]] CommandUsage usage_of(const CLI::App& app);

[[nodiscard]] std::string first_line(const std::string& text);

}  // namespace qyolo::cli
