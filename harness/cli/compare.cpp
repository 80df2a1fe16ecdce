#include "results/compare.h"

#include <cmath>
#include <optional>

#include "harness/cli/command.h"
#include "harness/cli/output.h"

namespace qyolo::cli {
namespace {

struct CompareArguments {
  std::string a, b;
  Output output{results::table_format_names()};
  std::string sort = "run";
  std::optional<double> fail_above;
};

Result<int> compare(const CompareArguments& arguments) {
  QYOLO_TRY(const results::CompareOrder order, results::parse_compare_order(arguments.sort));
  if (arguments.fail_above && (!std::isfinite(*arguments.fail_above) || *arguments.fail_above < 0))
    return error("--fail-above is {}, expected points of AP from 0", *arguments.fail_above);
  QYOLO_TRY(const results::Run a, results::read_run(arguments.a));
  QYOLO_TRY(const results::Run b, results::read_run(arguments.b));
  for (const results::Run* run : {&a, &b}) {
    for (const std::string& warning : run->warnings)
      say("warning: {}: {}\n", run->folder.string(), warning);
  }
  QYOLO_TRY(results::Comparison comparison, results::compare_runs(a, b));
  results::sort_cells(comparison, order);
  arguments.output.print(results::renderers_of(comparison));
  if (!arguments.fail_above) return 0;
  int lost = 0;
  for (const results::CellPair& cell : comparison.cells) {
    if (!cell.lost_more_than(*arguments.fail_above)) continue;
    ++lost;
    if (cell.delta_ap) {
      say("{} lost {:.2f} points of AP\n", cell.a->label, *cell.delta_ap * -100);
    } else {
      say("{} has no AP in {}\n", cell.a->label, arguments.b);
    }
  }
  return lost > 0 ? 1 : 0;
}

}  // namespace

void add_compare(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<CompareArguments>();
  CLI::App* command = app.add_subcommand(
      "compare", "Two runs, cell by cell: differences of AP, sizes, ratios of latency");
  command->add_option("A", arguments->a, "Run folder")->type_name(kFolderType)->required();
  command->add_option("B", arguments->b, "Run folder to compare with it")
      ->type_name(kFolderType)
      ->required();
  arguments->output.add_to(*command);
  command->add_option("--sort", arguments->sort, "run (A's order) or ap (largest difference first)")
      ->check(offered({"run", "ap"}))
      ->capture_default_str();
  command->add_option("--fail-above", arguments->fail_above,
                      "Exit with 1 if a matched cell lost more than this many points of AP, or has "
                      "no AP any more");
  command->footer("Example: qyolo compare runs/before runs/after --fail-above 0.1");
  command->callback([arguments, &action] { action = [arguments] { return compare(*arguments); }; });
}

}  // namespace qyolo::cli
