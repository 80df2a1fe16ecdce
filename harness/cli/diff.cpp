#include "harness/detections/diff.h"

#include <cmath>

#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/evaluation_arguments.h"
#include "harness/cli/other_program.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/pictures/contact_sheet.h"
#include "harness/run/diff_network.h"

namespace qyolo::cli {
namespace {

struct DiffArguments {
  std::vector<std::string> files;
  EvaluationArguments evaluation;  // of --model
  CellArguments cell;
  CalibrationArguments calibration;
  harness::DiffOptions diff;
  std::size_t worst = 12;
  std::string sheets;
  OtherProgramArguments other;  // that wrote the second results file
  Output output{{"text", "csv", "json"}};
};

Status check(const DiffArguments& arguments) {
  const auto& [model, data, options, threads, executor] = arguments.evaluation;
  if (model.empty() && arguments.files.size() != 3) {
    return error(
        "diff needs an annotation file and two results files, or --model, --images and "
        "--annotations");
  }
  if (!model.empty() && !arguments.files.empty())
    return error("diff takes either files or --model; {} is a file", arguments.files.front());
  const bool yaml = !data.data.empty();
  if (!model.empty() && !yaml && (data.images.empty() || data.annotations.empty()))
    return error("--model needs --images and --annotations, or --data");
  if (yaml && (model.empty() || !data.images.empty()))
    return error("--data goes with --model, and without --images and --annotations");
  if (model.empty() && !data.annotations.empty())
    return error("--annotations goes with --model; here the first file is the annotations");
  if (!model.empty() && !arguments.other.network.empty())
    return error("--network is of a results file; --model runs networks here");
  QYOLO_CHECK_OK(arguments.other.check(data.images));
  if (!arguments.sheets.empty() && data.images.empty() && !yaml)
    return error("--sheets needs --images, the folder of the images to draw");
  if (arguments.diff.confidence && !std::isfinite(*arguments.diff.confidence))
    return error("--conf is {}, expected a confidence", *arguments.diff.confidence);
  return {};
}

Result<harness::Diff> run_networks(const DiffArguments& arguments) {
  QYOLO_TRY(const harness::Cell cell, arguments.cell.cell());
  QYOLO_TRY(harness::EvaluatorConfig config, arguments.evaluation.config());
  QYOLO_TRY(config.calibration, arguments.calibration.for_cell(cell));
  say_when_interrupted("nothing was written");
  ProgressPrinter progress;
  progress.set_precision(arguments.evaluation.executor.precision);
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.evaluation.executor.factory());
  return harness::diff_network(config, factory, cell, arguments.diff, progress);
}

// The contact sheets that may be drawn replace no input.
Status check_sheets(const DiffArguments& arguments) {
  if (arguments.sheets.empty()) return {};
  for (std::size_t i = 1; i <= arguments.worst; ++i)
    QYOLO_CHECK_OK(check_not_input(harness::contact_sheet_path(arguments.sheets, i)));
  return {};
}

Result<int> diff(const DiffArguments& arguments) {
  QYOLO_CHECK_OK(check(arguments));
  QYOLO_CHECK_OK(check_sheets(arguments));
  const auto compare = [&] {
    if (!arguments.evaluation.model.empty()) return run_networks(arguments);
    return harness::diff_files(arguments.files[0], arguments.files[1], arguments.files[2],
                               arguments.evaluation.options.limit, arguments.diff);
  };
  QYOLO_TRY(harness::Diff result, compare());
  if (const std::string& images = arguments.evaluation.data.images; !images.empty())
    result.images = images;
  for (const std::string& warning : result.warnings) say("warning: {}\n", warning);
  if (arguments.evaluation.model.empty()) {
    const auto& [model, data, options, threads, executor] = arguments.evaluation;
    QYOLO_CHECK_OK(arguments.other.examine(
        {data.images, arguments.files[0], arguments.files[2], options.image_size, threads}));
  }
  results::DiffRecord record = harness::diff_record(result, arguments.worst);
  if (!arguments.sheets.empty()) {
    QYOLO_TRY(const auto paths, harness::draw_contact_sheets(result, arguments.worst, result.images,
                                                             arguments.sheets));
    for (const auto& path : paths) record.sheets.push_back(path.string());
  }
  arguments.output.print(results::renderers_of(record));
  return 0;
}

}  // namespace

void add_diff(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<DiffArguments>();
  CLI::App* command = app.add_subcommand(
      "diff",
      "What changed in the detections, not only how much: missed, found, false, other class");
  command
      ->add_option("files", arguments->files,
                   "COCO annotations, and the results files of the baseline (A) and of the other "
                   "network (B), as `qyolo eval --save-detections` writes them")
      ->type_name(kFileType)
      ->expected(0, 3);
  arguments->evaluation.add_to(*command, true);
  arguments->evaluation.executor.add_device_to(*command);
  command->get_option("--model")->required(false)->description(
      "Instead of files: checkpoint to run as it is (A) and as the cell below (B)");
  command->get_option("--images")->description("Image folder, for --model, --sheets and --network");
  command->get_option("--annotations")->description("COCO annotation file, for --model");
  command
      ->add_option("--conf", arguments->diff.confidence,
                   "Operating confidence (default: that of A's best mean F1 over the classes)")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--iou", arguments->diff.iou, "IoU at which a detection finds an object")
      ->check(CLI::Range(0.01, 1.0))
      ->capture_default_str();
  command->add_option("--worst", arguments->worst, "Images to list and draw")
      ->check(CLI::Range(0, 10000))
      ->capture_default_str();
  command
      ->add_option("--sheets", arguments->sheets,
                   "Folder for contact sheets (JPEG) of these images, A beside B")
      ->type_name(kFolderType)
      ->check(written());
  arguments->other.add_to(*command);
  arguments->output.add_to(*command);
  arguments->cell.add_to(*command);
  arguments->calibration.add_to(*command);
  command->footer(
      "Example: qyolo diff --model datasets/parts/parts-yolov7-w025.pt --images "
      "datasets/parts/val/images --annotations datasets/parts/val/annotations.json --img 320 "
      "--scheme affine --bits 4 --granularity filter --sheets sheets\n"
      "Example: qyolo diff annotations.json fp32.json int4.json");
  command->callback([arguments, &action] { action = [arguments] { return diff(*arguments); }; });
}

}  // namespace qyolo::cli
