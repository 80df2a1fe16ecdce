#include "harness/inspect.h"

#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"

namespace qyolo::cli {
namespace {

struct Arguments {
  std::string model;
  CellArguments cell;
  std::string output = "text";
};

Result<int> inspect(const Arguments& arguments) {
  QYOLO_TRY(const harness::Cell cell, arguments.cell.cell());
  QYOLO_TRY(harness::SourceNetwork source, harness::SourceNetwork::open(arguments.model));
  QYOLO_TRY(const OrderedJson inspection, harness::inspect_json(source, cell));
  if (arguments.output == "json") {
    print_json(inspection);
  } else {
    fmt::print("{}", harness::inspect_text(inspection));
  }
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("inspect", "Layers, shapes, groups and bytes of a checkpoint");
  command->add_option("checkpoint", arguments->model, "Checkpoint")->required();
  arguments->cell.add_to(*command);
  command->add_option("-o,--output", arguments->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->footer(
      "Example: qyolo inspect datasets/parts/parts-yolov7-w025.pt --scheme pwlq --granularity "
      "fshape");
  command->callback([arguments, &action] { action = [arguments] { return inspect(*arguments); }; });
}

}  // namespace qyolo::cli
