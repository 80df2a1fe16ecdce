#include "results/tables.h"

#include "harness/cli/command.h"
#include "results/record.h"

namespace qyolo::cli {
namespace {

struct TablesArguments {
  std::string folder;
  std::string output = "md";
  std::string table = "all";
  std::vector<std::filesystem::path> devices;
};

Result<int> tables(const TablesArguments& arguments) {
  QYOLO_TRY(
      const results::TableRequest request,
      results::parse_table_request(arguments.output, arguments.table, !arguments.devices.empty()));
  QYOLO_TRY(const results::Run run, results::read_run(arguments.folder));
  QYOLO_TRY(std::vector<results::Device> devices, results::read_devices(arguments.devices));
  QYOLO_TRY(const results::DeviceTable table, results::device_table(run, std::move(devices)));
  for (const std::string& warning : run.warnings) say("warning: {}\n", warning);
  print("{}", results::emit_table(run, request.format, request.part, table));
  return 0;
}

}  // namespace

void add_tables(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<TablesArguments>();
  CLI::App* command = app.add_subcommand("tables", "The tables of a run");
  command->add_option("run", arguments->folder, "Run folder")->type_name(kFolderType)->required();
  command->add_option("-o,--output", arguments->output, "md, csv, tex, json")
      ->check(offered(results::table_format_names()))
      ->capture_default_str();
  command
      ->add_option(
          "--table", arguments->table,
          "In md and tex: all, main, verdicts, study, published, parts, devices (in csv, too)")
      ->check(offered(results::table_part_names()))
      ->capture_default_str();
  command
      ->add_option("--device", arguments->devices,
                   "What `bench -o json` wrote on a device for this checkpoint or an artifact made "
                   "from it; repeatable: devices stand side by side")
      ->type_name(kFileType)
      ->take_all();
  command->footer("Example: qyolo tables runs/demo -o csv > demo.csv");
  command->callback([arguments, &action] { action = [arguments] { return tables(*arguments); }; });
}

}  // namespace qyolo::cli
