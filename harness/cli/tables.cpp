#include "results/tables.h"

#include "harness/cli/command.h"
#include "results/record.h"

namespace qyolo::cli {
namespace {

struct TablesArguments {
  std::string folder;
  std::string output = "md";
  std::string table = "all";
};

Result<int> tables(const TablesArguments& arguments) {
  QYOLO_TRY(const results::TableFormat format, results::parse_table_format(arguments.output));
  QYOLO_TRY(const results::TablePart part, results::parse_table_part(arguments.table));
  const bool for_reading =
      format == results::TableFormat::kMarkdown || format == results::TableFormat::kLatex;
  if (part != results::TablePart::kAll && !for_reading)
    return error("--table {} is for md and tex; {} holds every cell", arguments.table,
                 arguments.output);
  QYOLO_TRY(const results::Run run, results::read_run(arguments.folder));
  for (const std::string& warning : run.warnings) fmt::print(stderr, "warning: {}\n", warning);
  fmt::print("{}", results::emit_table(run, format, part));
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
      ->add_option("--table", arguments->table,
                   "In md and tex: all, main, verdicts, study, published, parts")
      ->check(offered(results::table_part_names()))
      ->capture_default_str();
  command->footer("Example: qyolo tables runs/demo -o csv > demo.csv");
  command->callback([arguments, &action] { action = [arguments] { return tables(*arguments); }; });
}

}  // namespace qyolo::cli
