#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "common/file.h"
#include "common/limits.h"
#include "common/spelling.h"
#include "common/version.h"
#include "harness/cli/command.h"
#include "harness/cli/command_words.h"

namespace qyolo::cli {

void print_json(const OrderedJson& document) {
  print("{}\n", document.dump(2, ' ', false, OrderedJson::error_handler_t::replace));
}

namespace {

constexpr int kBadInput = 2;
constexpr int kMostThreads = 1024;

// What no number of any option may be, whatever its own check says of ranges: not a number passes
// every comparison with a bound.
void guard_numbers(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (type.starts_with("FLOAT")) {
      option->check(CLI::Validator(
          [](const std::string& text) {
            double value = 0;
            return CLI::detail::lexical_cast(text, value) && !std::isfinite(value)
                       ? fmt::format("{} is not a finite number", text)
                       : std::string();
          },
          "", "finite"));
    }
    if (option->check_lname("threads"))
      option->check(CLI::Validator(
          [](const std::string& text) {
            std::int64_t value = 0;
            return CLI::detail::lexical_cast(text, value) && (value < 0 || value > kMostThreads)
                       ? fmt::format("{} threads; expected 0 (all) to {}", text, kMostThreads)
                       : std::string();
          },
          "", "threads"));
  }
  for (CLI::App* command : app.get_subcommands(nullptr)) guard_numbers(*command);
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

// A sentence about the first word of the command line that is no command or no option of it, where
// that is the nearest to what was probably meant; else nothing: the parser has its own.
std::string misspelling(const CLI::App& app, const std::vector<std::string>& words) {
  if (words.front().starts_with("-")) return {};
  const CLI::App* command = nullptr;
  std::vector<std::string> commands;
  for (const CLI::App* one : app.get_subcommands(nullptr)) {
    if (one->check_name(words.front())) command = one;
    commands.push_back(one->get_name());
  }
  if (command == nullptr) {
    return fmt::format("unknown command '{}'{}", words.front(),
                       qyolo::did_you_mean(words.front(), commands));
  }
  const std::vector<std::string> names = option_names(*command);
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string name = words[i].substr(0, words[i].find('='));
    if (name == "--") break;
    if (!name.starts_with("--") || std::ranges::find(names, name) != names.end()) continue;
    return fmt::format("{} has no option {}{}", words.front(), name,
                       qyolo::did_you_mean(name, names));
  }
  return {};
}

// Nothing is done where an output of the chosen command is one of its inputs.
Result<int> run_safely(const CLI::App& app, const Action& action) {
  QYOLO_CHECK_OK(check_limits());
  for (const CLI::App* command : app.get_subcommands()) {
    const GivenFiles given = files_given(*command);
    QYOLO_CHECK_OK(check_outputs(given.inputs, given.outputs));
    protect_inputs(given.inputs);
  }
  return action();
}

int run_command(int argc, char** argv) {
  CLI::App app(
      "qyolo: what quantizing a YOLOv7 saves, what it costs in accuracy, and how fast it is on "
      "this host.\n"
      "Exit codes: 0 ok, 1 some cells failed or (compare) lost AP, 2 bad usage or input.");
  app.name("qyolo");
  app.set_version_flag("--version", fmt::format("qyolo {} ({})", kVersion, kGitCommit));
  app.require_subcommand(1);
  Action action;
  add_run(app, action);
  add_merge(app, action);
  add_eval(app, action);
  add_bench(app, action);
  add_quantize(app, action);
  add_export(app, action);
  add_poc(app, action);
  add_tables(app, action);
  add_compare(app, action);
  add_diff(app, action);
  add_plot(app, action);
  add_inspect(app, action);
  add_score(app, action);
  add_inputs(app, action);
  add_detect(app, action);
  add_diagnose(app, action);
  add_doctor(app, action);
  add_convert(app, action);
  add_fetch(app, action);
  add_recommend(app, action);
  add_sensitivity(app, action);
  add_completion(app, action);
  add_manual(app, action);
  guard_numbers(app);
  if (argc == 1) {
    print_text(app.help());
    return flush_output() ? 0 : kBadInput;
  }
  if (const std::string misspelt = misspelling(app, {argv + 1, argv + argc}); !misspelt.empty()) {
    say("qyolo: {}\n", misspelt);
    return kBadInput;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    std::ostringstream out, complaint;
    const bool asked = app.exit(failure, out, complaint) == 0;  // --help, --version
    print_text(out.str());
    say_text(complaint.str());
    if (!asked) return kBadInput;
    if (flush_output()) return 0;
    say("qyolo: the output could not be written\n");
    return kBadInput;
  }
  remember_command({argv, argv + argc});
  const Result<int> outcome = run_safely(app, action);
  if (!outcome.ok()) {
    say("qyolo: {}\n", outcome.error().message);
    return kBadInput;
  }
  if (!flush_output()) {
    say("qyolo: the output could not be written\n");
    return kBadInput;
  }
  return *outcome;
}

}  // namespace
}  // namespace qyolo::cli

int main(int argc, char** argv) {
  qyolo::cli::secure_standard_streams();
  qyolo::end_where_mapped_files_are_cut();
  // How OpenMP threads wait, decided before the backend brings the OpenMP runtime, which reads it
  // once. By default a thread that waits at the end of a parallel loop spins; as soon as anything
  // else wants a core, spinning threads take it from the ones that still work (measured: ten times
  // the CPU time on two busy cores). A short spin, some tens of microseconds, bridges the gap from
  // one layer to the next (measured: 4 % of a forward). What the user has set stays.
  setenv("OMP_WAIT_POLICY", "PASSIVE", 0);
  setenv("GOMP_SPINCOUNT", "20000", 0);
  // Weights and maps go back to the system when they are freed; by default the allocator keeps ever
  // larger blocks for itself.
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  try {
    return qyolo::cli::run_command(argc, argv);
  } catch (const std::bad_alloc&) {
    qyolo::cli::say("qyolo: not enough memory\n");
  } catch (const std::system_error& failure) {
    qyolo::cli::say("qyolo: the system grants no more memory or threads: {}\n", failure.what());
  } catch (const std::exception& failure) {
    qyolo::cli::say("qyolo: internal error: {}\n", failure.what());
  }
  return qyolo::cli::kBadInput;
}
