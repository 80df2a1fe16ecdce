#include "results/tables.h"

#include "harness/cli/command.h"
#include "harness/cli/output.h"
#include "results/documents.h"
#include "results/record.h"

namespace qyolo::cli {
namespace {

struct TablesArguments {
  std::string run;
  Output output{results::table_format_names()};
  std::string table = "all";
  std::vector<std::filesystem::path> devices;
};

// What another command left as JSON.
Result<int> show_document(const TablesArguments& arguments) {
  if (arguments.table != "all" || !arguments.devices.empty())
    return error("--table and --device are for run folders; {} is a file", arguments.run);
  QYOLO_TRY(const results::Document document, results::read_document_file(arguments.run));
  const std::string& format = arguments.output.format();
  if ((format == "tex" && !document.renderers.latex) ||
      (format == "csv" && !document.renderers.csv))
    return error("{} cannot be shown as {}; expected -o md or json", arguments.run, format);
  arguments.output.print(document.renderers);
  return 0;
}

Result<int> tables(const TablesArguments& arguments) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(arguments.run, ignored)) return show_document(arguments);
  QYOLO_TRY(const results::TableRequest request,
            results::parse_table_request(arguments.output.format(), arguments.table,
                                         !arguments.devices.empty()));
  QYOLO_TRY(const results::Run run, results::read_run(arguments.run));
  QYOLO_TRY(std::vector<results::Device> devices, results::read_devices(arguments.devices));
  QYOLO_TRY(const results::DeviceTable table, results::device_table(run, std::move(devices)));
  for (const std::string& warning : run.warnings) say("warning: {}\n", warning);
  arguments.output.print(results::renderers_of(run, request.part, table, arguments.output.view()));
  return 0;
}

}  // namespace

void add_tables(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<TablesArguments>();
  CLI::App* command =
      app.add_subcommand("tables", "The tables of a run, or what another command left as JSON");
  command
      ->add_option("run", arguments->run,
                   "Run folder; or a file that `sensitivity --out`, `recommend --json`, `bench "
                   "--save` or `-o json` of others wrote")
      ->type_name(kFolderType)
      ->required();
  arguments->output.add_to(*command);
  arguments->output.add_columns_to(*command);
  command
      ->add_option(
          "--table", arguments->table,
          "In md and tex: all, main, verdicts, study, published, parts, certainty, devices (in "
          "csv, too)")
      ->check(offered(results::table_part_names()))
      ->capture_default_str();
  command
      ->add_option("--device", arguments->devices,
                   "What `bench -o json` wrote on a device for this checkpoint or an artifact made "
                   "from it; repeatable: devices stand side by side")
      ->type_name(kFileType)
      ->take_all();
  command->footer(
      "Example: qyolo tables runs/demo -o csv > demo.csv\n"
      "         qyolo tables runs/sensitivity/sensitivity.json -o csv");
  command->callback([arguments, &action] { action = [arguments] { return tables(*arguments); }; });
}

}  // namespace qyolo::cli
