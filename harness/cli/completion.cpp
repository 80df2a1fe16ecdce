#include "harness/cli/completion_script.h"

#include "harness/cli/command.h"

namespace qyolo::cli {
namespace {

struct CompletionArguments {
  std::string shell;
};

}  // namespace

void add_completion(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<CompletionArguments>();
  CLI::App* command = app.add_subcommand(
      "completion", "Print the script by which a shell completes this command line");
  command->add_option("shell", arguments->shell, "Shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  command->footer(
      "An installed package has both in place already.\n"
      "Example: source <(qyolo completion bash)\n"
      "         qyolo completion zsh > ~/.zfunc/_qyolo");
  command->callback([arguments, &action, &app] {
    action = [arguments, &app]() -> Result<int> {
      const CommandUsage usage = usage_of(app);
      print("{}", arguments->shell == "bash" ? bash_completion(usage) : zsh_completion(usage));
      return 0;
    };
  });
}

}  // namespace qyolo::cli
