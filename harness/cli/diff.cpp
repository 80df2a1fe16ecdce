#include "harness/detections/diff.h"

#include <cmath>

#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/data_arguments.h"
#include "harness/cli/executor_arguments.h"
#include "harness/cli/progress.h"
#include "harness/pictures/contact_sheet.h"
#include "harness/run/diff_network.h"

namespace qyolo::cli {
namespace {

struct DiffArguments {
  std::vector<std::string> files;
  std::string model, images, annotations;
  DataArguments data;  // its class map
  harness::EvaluationOptions evaluation;
  CellArguments cell;
  CalibrationArguments calibration;
  harness::DiffOptions diff;
  std::size_t worst = 12;
  std::string sheets;
  std::string output = "text";
  int threads = 0;
  ExecutorArguments executor;
};

Status check(const DiffArguments& arguments) {
  if (arguments.model.empty() && arguments.files.size() != 3) {
    return error(
        "diff needs an annotation file and two results files, or --model, --images and "
        "--annotations");
  }
  if (!arguments.model.empty() && !arguments.files.empty())
    return error("diff takes either files or --model; {} is a file", arguments.files.front());
  const bool yaml = !arguments.data.data.empty();
  if (!arguments.model.empty() && !yaml &&
      (arguments.images.empty() || arguments.annotations.empty()))
    return error("--model needs --images and --annotations, or --data");
  if (yaml && (arguments.model.empty() || !arguments.images.empty()))
    return error("--data goes with --model, and without --images and --annotations");
  if (arguments.model.empty() && !arguments.annotations.empty())
    return error("--annotations goes with --model; here the first file is the annotations");
  if (!arguments.sheets.empty() && arguments.images.empty() && !yaml)
    return error("--sheets needs --images, the folder of the images to draw");
  if (arguments.diff.confidence && !std::isfinite(*arguments.diff.confidence))
    return error("--conf is {}, expected a confidence", *arguments.diff.confidence);
  return {};
}

Result<harness::Diff> run_networks(const DiffArguments& arguments) {
  QYOLO_TRY(const harness::Cell cell, arguments.cell.cell());
  harness::EvaluatorConfig config;
  config.model = arguments.model;
  config.images = arguments.images;
  config.annotations = arguments.data.data.empty() ? arguments.annotations : arguments.data.data;
  config.split = arguments.data.split;
  config.options = arguments.evaluation;
  QYOLO_CHECK_OK(arguments.data.read_class_map(config.options.class_map));
  config.threads = arguments.threads;
  QYOLO_TRY(config.calibration, arguments.calibration.for_cell(cell));
  ProgressPrinter progress;
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.executor.factory());
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
    if (!arguments.model.empty()) return run_networks(arguments);
    return harness::diff_files(arguments.files[0], arguments.files[1], arguments.files[2],
                               arguments.evaluation.limit, arguments.diff);
  };
  QYOLO_TRY(harness::Diff result, compare());
  if (!arguments.images.empty()) result.images = arguments.images;
  for (const std::string& warning : result.warnings) say("warning: {}\n", warning);
  std::vector<std::string> sheets;
  if (!arguments.sheets.empty()) {
    QYOLO_TRY(const auto paths, harness::draw_contact_sheets(result, arguments.worst, result.images,
                                                             arguments.sheets));
    for (const auto& path : paths) sheets.push_back(path.string());
  }
  if (arguments.output == "json") {
    OrderedJson document = harness::diff_json(result, arguments.worst);
    document["sheets"] = sheets;
    print_json(document);
    return 0;
  }
  print("{}", harness::diff_text(result, arguments.worst));
  if (!sheets.empty()) print("\n");
  for (const std::string& sheet : sheets) print("drawn: {}\n", sheet);
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
  command
      ->add_option("--model", arguments->model,
                   "Instead of files: checkpoint to run as it is (A) and as the cell below (B)")
      ->type_name(kFileType);
  command->add_option("--images", arguments->images, "Image folder, for --model and --sheets")
      ->type_name(kFolderType);
  command->add_option("--annotations", arguments->annotations, "COCO annotation file, for --model")
      ->type_name(kFileType);
  command
      ->add_option("--conf", arguments->diff.confidence,
                   "Operating confidence (default: that of A's best mean F1 over the classes)")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--iou", arguments->diff.iou, "IoU at which a detection finds an object")
      ->check(CLI::Range(0.01, 1.0))
      ->capture_default_str();
  command
      ->add_option("--limit", arguments->evaluation.limit,
                   "Only the first N images by file name (0: all)")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--worst", arguments->worst, "Images to list and draw")
      ->check(CLI::Range(0, 10000))
      ->capture_default_str();
  command
      ->add_option("--sheets", arguments->sheets,
                   "Folder for contact sheets (JPEG) of these images, A beside B")
      ->type_name(kFolderType)
      ->check(written());
  command->add_option("-o,--output", arguments->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  arguments->cell.add_to(*command);
  arguments->calibration.add_to(*command);
  command
      ->add_option("--img", arguments->evaluation.image_size,
                   "Long side of the network input, pixels")
      ->check(CLI::Range(32, 8192))
      ->capture_default_str();
  command->add_flag("--ignore-class-names", arguments->evaluation.ignore_class_names,
                    "Map classes by order even where names differ");
  arguments->data.add_yaml_to(*command);
  arguments->data.add_class_map_to(*command);
  arguments->executor.add_to(*command);
  command->add_option("--threads", arguments->threads, "Threads (default: all)");
  command->footer(
      "Example: qyolo diff --model datasets/parts/parts-yolov7-w025.pt --images "
      "datasets/parts/val/images --annotations datasets/parts/val/annotations.json --img 320 "
      "--scheme affine --bits 4 --granularity filter --sheets sheets\n"
      "Example: qyolo diff annotations.json fp32.json int4.json");
  command->callback([arguments, &action] { action = [arguments] { return diff(*arguments); }; });
}

}  // namespace qyolo::cli
