#include "harness/inspect/inspect.h"

#include "common/file.h"
#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/look_arguments.h"
#include "harness/cli/output.h"
#include "harness/inspect/weight_histogram.h"

namespace qyolo::cli {
namespace {

struct InspectArguments {
  std::string model;
  CellArguments cell;
  Output output{{"text", "csv", "json"}};
  std::string layer, histogram;
  std::optional<std::int64_t> group;
  LookArguments look;
};

Result<int> draw_histogram(const InspectArguments& arguments, const harness::Cell& cell,
                           const model::Graph& graph) {
  QYOLO_TRY(const plots::WeightHistogram histogram,
            harness::weight_histogram(graph, cell, arguments.layer, arguments.group));
  QYOLO_CHECK_OK(
      write_file(arguments.histogram, plots::weight_histogram(histogram, arguments.look.look())));
  results::Renderers renderers = results::renderers_of(histogram);
  renderers.text = [&] { return arguments.histogram + "\n"; };
  arguments.output.print(renderers);
  return 0;
}

Result<int> inspect_model(const InspectArguments& arguments) {
  QYOLO_TRY(const harness::Cell asked, arguments.cell.cell());
  QYOLO_TRY(harness::SourceNetwork source, harness::SourceNetwork::open(arguments.model));
  const harness::Cell cell = source.resolve(asked);
  if (!arguments.histogram.empty()) return draw_histogram(arguments, cell, source.graph());
  QYOLO_TRY(const results::Inspection inspection, harness::inspect(source, cell));
  arguments.output.print(results::renderers_of(inspection));
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<InspectArguments>();
  CLI::App* command = app.add_subcommand(
      "inspect", "Layers, shapes, groups and bytes of a checkpoint or an artifact");
  command
      ->add_option("checkpoint", arguments->model, "Checkpoint, or an artifact of `qyolo quantize`")
      ->type_name(kFileType)
      ->required();
  arguments->cell.add_to(*command);
  arguments->output.add_to(*command);
  arguments->look.add_to(*command);
  CLI::Option* histogram = command
                               ->add_option("--histogram", arguments->histogram,
                                            "Draw the weights of --layer and the grid that the "
                                            "scheme lays over them, as SVG; prints the "
                                            "path, or with -o json the numbers")
                               ->type_name(kFileType)
                               ->check(written());
  CLI::Option* layer =
      command->add_option("--layer", arguments->layer, "Layer to draw, by name")->needs(histogram);
  histogram->needs(layer);
  command
      ->add_option("--group", arguments->group,
                   "Group to draw, from 0 (default: the first of the largest)")
      ->needs(histogram);
  command->footer(
      "Example: qyolo inspect datasets/parts/parts-yolov7-w025.pt --scheme pwlq --granularity "
      "fshape\n"
      "Example: qyolo inspect datasets/parts/parts-yolov7-w025.pt --scheme pwlq --bits 4 "
      "--granularity layer --layer model.0.conv --histogram weights.svg");
  command->callback(
      [arguments, &action] { action = [arguments] { return inspect_model(*arguments); }; });
}

}  // namespace qyolo::cli
