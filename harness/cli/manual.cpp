#include "common/file.h"
#include "common/version.h"
#include "harness/cli/command.h"
#include "harness/cli/manual_page.h"

namespace qyolo::cli {
namespace {

struct ManualArguments {
  std::string command;
  std::string out;
  bool definitions = false;
};

// PROGRAM.1 and PROGRAM-COMMAND.1 for each command.
Status write_pages(const CommandUsage& program, const ManualEdition& edition,
                   const std::filesystem::path& folder) {
  QYOLO_CHECK_OK(create_folder(folder));
  QYOLO_CHECK_OK(write_file(folder / (program.name + ".1"), program_page(program, edition)));
  for (const CommandUsage& command : program.commands) {
    QYOLO_CHECK_OK(write_file(folder / fmt::format("{}-{}.1", program.name, command.name),
                              command_page(program, command, edition)));
  }
  return {};
}

// The commands as they are defined, for programs (and for the tests).
OrderedJson definitions(const CommandUsage& program) {
  OrderedJson commands = OrderedJson::array();
  for (const CommandUsage& command : program.commands) {
    OrderedJson options = OrderedJson::array();
    for (const OptionUsage& option : command.options) {
      const bool file = option.value == OptionUsage::Value::kFile;
      const bool folder = option.value == OptionUsage::Value::kFolder;
      options.push_back({{"name", option.positional() ? "" : option.names.back()},
                         {"type", file     ? kFileType
                                  : folder ? kFolderType
                                           : "TEXT"},
                         {"written", option.output},
                         {"required", option.required},
                         {"number", option.value == OptionUsage::Value::kNumber}});
    }
    commands.push_back({{"name", command.name}, {"options", std::move(options)}});
  }
  return commands;
}

Result<int> manual(const ManualArguments& arguments, const CommandUsage& program) {
  if (arguments.definitions) {
    print_json(definitions(program));
    return 0;
  }
  const ManualEdition edition{.version = kVersion, .date = kReleaseDate};
  if (!arguments.out.empty()) {
    if (!arguments.command.empty())
      return error("--out takes the pages of all commands, not that of {} alone",
                   arguments.command);
    QYOLO_CHECK_OK(write_pages(program, edition, arguments.out));
    return 0;
  }
  if (arguments.command.empty()) {
    print("{}", program_page(program, edition));
    return 0;
  }
  const CommandUsage* command = program.find(arguments.command);
  if (command == nullptr) return error("there is no command '{}'", arguments.command);
  print("{}", command_page(program, *command, edition));
  return 0;
}

}  // namespace

void add_manual(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ManualArguments>();
  CLI::App* command = app.add_subcommand("manual", "Print a manual page, for man");
  std::vector<std::string> names;
  for (const CommandUsage& each : usage_of(app).commands) names.push_back(each.name);
  command->add_option("command", arguments->command, "Of this command; of qyolo itself without one")
      ->check(offered(names));
  command->add_option("--out", arguments->out, "Folder to write the pages of all commands to")
      ->type_name(kFolderType)
      ->check(written());
  command
      ->add_flag("--definitions", arguments->definitions,
                 "Print the commands and their options as JSON")
      ->group("");
  command->footer("Example: qyolo manual bench | man -l -");
  command->callback([arguments, &action, &app] {
    action = [arguments, &app] { return manual(*arguments, usage_of(app)); };
  });
}

}  // namespace qyolo::cli
