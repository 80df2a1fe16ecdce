#include "harness/search/sensitivity.h"

#include <filesystem>

#include "common/file.h"
#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/data_arguments.h"
#include "harness/cli/executor_arguments.h"
#include "harness/cli/progress.h"

namespace qyolo::cli {
namespace {

struct SensitivityArguments {
  std::string model;
  DataArguments data;
  harness::EvaluationOptions evaluation;
  CellArguments cell;
  CalibrationArguments calibration;
  std::string by = "both";
  bool alone_only = false;
  std::string out;
  std::string output = "md";
  int threads = 0;
  bool quiet = false;
  ExecutorArguments executor;
};

Result<int> sensitivity(const SensitivityArguments& arguments) {
  QYOLO_TRY(const harness::Cell cell, arguments.cell.cell());
  harness::SensitivityOptions options;
  options.by_ap = arguments.by != "proxy";
  options.all_but_each = !arguments.alone_only;
  if (arguments.by != "ap") {
    if (arguments.calibration.set.images.empty()) {
      return error("--by {} needs --calibration FOLDER, images to compare outputs on",
                   arguments.by);
    }
    options.calibration = arguments.calibration.set;
  }
  if (!arguments.out.empty())
    QYOLO_CHECK_OK(check_not_input(std::filesystem::path(arguments.out) / "sensitivity.json"));
  harness::EvaluatorConfig config;
  config.model = arguments.model;
  config.options = arguments.evaluation;
  QYOLO_CHECK_OK(arguments.data.apply(config));
  config.threads = arguments.threads;
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.executor.factory());
  QYOLO_TRY(const auto evaluator, harness::Evaluator::open(config, factory));
  ProgressPrinter printer(arguments.quiet);
  std::string stage;
  const auto progress = [&](const std::string& name, std::size_t done, std::size_t total) {
    if (name != stage) {
      stage = name;
      printer.on_pass(name, 1, 0);
    }
    printer.on_progress(done, total);
  };
  for (const std::string& warning : evaluator->truth().warnings) printer.on_warning(warning);
  QYOLO_TRY(
      const harness::Sensitivity measured,
      harness::measure_sensitivity(*evaluator, evaluator->options(), cell, options, progress));
  if (!arguments.out.empty()) {
    const std::filesystem::path folder = arguments.out;
    QYOLO_CHECK_OK(create_folder(folder));
    QYOLO_CHECK_OK(write_file(folder / "sensitivity.json",
                              harness::sensitivity_json(measured).dump(2) + "\n"));
    for (const auto& [name, svg] : harness::sensitivity_charts(measured))
      QYOLO_CHECK_OK(write_file(folder / name, svg));
  }
  if (arguments.output == "json") {
    print_json(harness::sensitivity_json(measured));
  } else if (arguments.output == "csv") {
    print("{}", harness::sensitivity_csv(measured));
  } else {
    print("{}", harness::sensitivity_text(measured));
  }
  return 0;
}

}  // namespace

void add_sensitivity(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<SensitivityArguments>();
  CLI::App* command = app.add_subcommand(
      "sensitivity", "Which layers can be quantized: each one alone, and all but each");
  command->add_option("--model", arguments->model, "Checkpoint")->type_name(kFileType)->required();
  arguments->data.add_to(*command);
  arguments->cell.add_to(*command);
  arguments->calibration.add_to(*command);
  command
      ->add_option("--by", arguments->by,
                   "ap, proxy (outputs on calibration images against the original's) or both")
      ->check(CLI::IsMember({"ap", "proxy", "both"}))
      ->capture_default_str();
  command->add_flag("--alone-only", arguments->alone_only, "Leave out all but each layer");
  harness::EvaluationOptions& options = arguments->evaluation;
  command->add_option("--img", options.image_size, "Long side of the network input, pixels")
      ->check(CLI::Range(32, 8192))
      ->capture_default_str();
  command->add_option("--limit", options.limit, "Only the first N images by file name (0: all)")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--out", arguments->out, "Folder for sensitivity.json and charts (SVG)")
      ->type_name(kFolderType)
      ->check(written());
  arguments->executor.add_to(*command, false);
  command->add_option("--threads", arguments->threads, "Threads (default: all)");
  command->add_option("-o,--output", arguments->output, "Table on stdout: md, csv, json")
      ->check(CLI::IsMember({"md", "csv", "json"}))
      ->capture_default_str();
  command->add_flag("-q,--quiet", arguments->quiet, "No progress");
  command->footer(
      "Example: qyolo sensitivity --model datasets/parts/parts-yolov7-w025.pt --images "
      "datasets/parts/val/images --annotations datasets/parts/val/annotations.json --img 320 "
      "--calibration datasets/parts/calib/images --scheme affine --bits 4 --granularity filter "
      "--out runs/sensitivity");
  command->callback(
      [arguments, &action] { action = [arguments] { return sensitivity(*arguments); }; });
}

}  // namespace qyolo::cli
