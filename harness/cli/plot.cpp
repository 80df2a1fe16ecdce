#include "common/file.h"
#include "harness/cli/command.h"
#include "plots/charts.h"
#include "results/record.h"

namespace qyolo::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string folder;
  std::string out;
};

Result<int> plot(const Arguments& arguments) {
  QYOLO_TRY(const results::Run run, results::read_run(arguments.folder));
  for (const std::string& warning : run.warnings) fmt::print(stderr, "warning: {}\n", warning);
  const fs::path out = arguments.out.empty() ? fs::path(arguments.folder) : fs::path(arguments.out);
  QYOLO_CHECK_OK(create_folder(out));
  const std::pair<const char*, std::string> charts[] = {
      {"accuracy-bytes.svg", plots::accuracy_against_bytes(run)},
      {"accuracy-bits.svg", plots::accuracy_against_bits(run)},
  };
  for (const auto& [name, svg] : charts) {
    QYOLO_CHECK_OK(write_file(out / name, svg));
    fmt::print("{}\n", (out / name).string());
  }
  return 0;
}

}  // namespace

void add_plot(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("plot", "The charts of a run, as SVG; prints their paths");
  command->add_option("run", arguments->folder, "Run folder")->required();
  command->add_option("--out", arguments->out, "Folder for the charts (default: the run folder)");
  command->footer("Example: qyolo plot runs/demo");
  command->callback([arguments, &action] { action = [arguments] { return plot(*arguments); }; });
}

}  // namespace qyolo::cli
