#include <fmt/ranges.h>

#include <algorithm>

#include "common/file.h"
#include "harness/cli/command.h"
#include "harness/cli/look_arguments.h"
#include "harness/search/sensitivity.h"
#include "plots/charts.h"
#include "results/record.h"

namespace qyolo::cli {
namespace {

namespace fs = std::filesystem;

struct PlotArguments {
  std::string folder;
  std::string out;
  plots::LayerSelection layers;
  LookArguments look;
};

using NamedCharts = std::vector<std::pair<std::string, std::string>>;

// Whether the run has cells of the scheme and bits asked for.
Status check_selection(const results::Run& run, const plots::LayerSelection& selection) {
  std::vector<std::string> pairs;
  for (const results::Row& row : run.rows) {
    if (row.baseline || row.bits == 0) continue;
    if ((!selection.scheme || *selection.scheme == row.scheme) &&
        (!selection.bits || *selection.bits == row.bits)) {
      return {};
    }
    std::string pair = fmt::format("{} {}", row.scheme, row.bits);
    if (std::find(pairs.begin(), pairs.end(), pair) == pairs.end())
      pairs.push_back(std::move(pair));
  }
  if (!selection.scheme && !selection.bits) return {};
  return error(
      "{} has no cell with {}{}{}, expected a scheme and bits out of: {}", run.folder.string(),
      selection.scheme ? fmt::format("the scheme '{}'", *selection.scheme) : "",
      selection.scheme && selection.bits ? " and " : "",
      selection.bits ? fmt::format("{} bits", *selection.bits) : "", fmt::join(pairs, ", "));
}

Result<NamedCharts> charts_of_run(const PlotArguments& arguments) {
  QYOLO_TRY(const results::Run run, results::read_run(arguments.folder));
  for (const std::string& warning : run.warnings) say("warning: {}\n", warning);
  QYOLO_CHECK_OK(check_selection(run, arguments.layers));
  const plots::Look look = arguments.look.look();
  return NamedCharts{
      {"accuracy-bytes.svg", plots::accuracy_against_bytes(run, look)},
      {"accuracy-bits.svg", plots::accuracy_against_bits(run, look)},
      {"heat-map.svg", plots::heat_map(run, look)},
      {"layer-sqnr.svg", plots::layer_sqnr(run, arguments.layers, look)},
  };
}

Result<NamedCharts> charts_of_sensitivity(const PlotArguments& arguments) {
  QYOLO_TRY(const Json document, read_json(arguments.folder));
  QYOLO_TRY(const results::SensitivityRecord record,
            results::read_sensitivity(document, arguments.folder));
  return harness::sensitivity_charts(record, arguments.look.look());
}

Result<int> plot(const PlotArguments& arguments) {
  std::error_code code;
  const bool file = fs::is_regular_file(arguments.folder, code);
  QYOLO_TRY(const NamedCharts charts,
            file ? charts_of_sensitivity(arguments) : charts_of_run(arguments));
  const fs::path given = arguments.folder;
  const fs::path beside = file ? given.parent_path() : given;
  const fs::path out = arguments.out.empty() ? beside : fs::path(arguments.out);
  if (!out.empty()) QYOLO_CHECK_OK(create_folder(out));
  for (const auto& [name, svg] : charts) {
    QYOLO_CHECK_OK(write_file(out / name, svg));
    print("{}\n", (out / name).string());
  }
  return 0;
}

}  // namespace

void add_plot(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<PlotArguments>();
  CLI::App* command = app.add_subcommand("plot", "The charts of a run, as SVG; prints their paths");
  command->add_option("run", arguments->folder, "Run folder, or the JSON file of `sensitivity`")
      ->type_name(kFolderType)
      ->required();
  command->add_option("--out", arguments->out, "Folder for the charts (default: the run folder)")
      ->type_name(kFolderType)
      ->check(written());
  command->add_option("--scheme", arguments->layers.scheme,
                      "Scheme of layer-sqnr.svg (default: the one with most granularities)");
  command->add_option("--bits", arguments->layers.bits,
                      "Bits of layer-sqnr.svg (default: those with most granularities, then the "
                      "fewest)");
  arguments->look.add_to(*command);
  command->footer(
      "Writes accuracy-bytes.svg, accuracy-bits.svg, heat-map.svg, layer-sqnr.svg.\n"
      "Example: qyolo plot runs/demo --scheme pwlq --bits 4");
  command->callback([arguments, &action] { action = [arguments] { return plot(*arguments); }; });
}

}  // namespace qyolo::cli
