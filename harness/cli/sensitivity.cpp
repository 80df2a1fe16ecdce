#include "harness/search/sensitivity.h"

#include <filesystem>

#include "common/file.h"
#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/evaluation_arguments.h"
#include "harness/cli/look_arguments.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/cli/share_arguments.h"
#include "results/dataset_name.h"

namespace qyolo::cli {
namespace {

struct SensitivityArguments {
  EvaluationArguments evaluation;
  CellArguments cell;
  CalibrationArguments calibration;
  std::string by = "both";
  bool alone_only = false;
  std::string out;
  ShareArguments share;
  LookArguments look;
  Output output{{"md", "csv", "json"}};
  bool quiet = false;
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
  QYOLO_TRY(options.share, arguments.share.options());
  if (!arguments.out.empty())
    QYOLO_CHECK_OK(check_not_input(std::filesystem::path(arguments.out) / "sensitivity.json"));
  QYOLO_TRY(const harness::EvaluatorConfig config, arguments.evaluation.config());
  QYOLO_TRY(const auto evaluator, arguments.evaluation.open());
  say_when_interrupted(arguments.share.when_interrupted());
  ProgressPrinter printer(arguments.quiet);
  for (const std::string& warning : evaluator->truth().warnings) printer.on_warning(warning);
  QYOLO_TRY(const harness::Sensitivity measured,
            harness::measure_sensitivity(
                *evaluator, evaluator->options(), cell, options,
                [&](const std::string& stage, std::size_t done, std::size_t total) {
                  printer.on_stage(stage, done, total);
                }));
  results::SensitivityRecord record = harness::sensitivity_record(measured);
  record.model = std::filesystem::path(arguments.evaluation.model).stem().string();
  record.dataset = results::dataset_name(config.annotations);
  const results::Renderers renderers = results::renderers_of(record);
  if (!arguments.out.empty()) {
    const std::filesystem::path folder = arguments.out;
    QYOLO_CHECK_OK(create_folder(folder));
    QYOLO_CHECK_OK(write_file(folder / "sensitivity.json", renderers.json()));
    for (const auto& [name, svg] : harness::sensitivity_charts(record, arguments.look.look()))
      QYOLO_CHECK_OK(write_file(folder / name, svg));
  }
  arguments.output.print(renderers);
  return 0;
}

}  // namespace

void add_sensitivity(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<SensitivityArguments>();
  CLI::App* command = app.add_subcommand(
      "sensitivity", "Which layers can be quantized: each one alone, and all but each");
  arguments->evaluation.add_to(*command, false);
  arguments->evaluation.executor.add_device_to(*command);
  arguments->cell.add_to(*command);
  arguments->calibration.add_to(*command);
  command
      ->add_option("--by", arguments->by,
                   "ap, proxy (outputs on calibration images against the original's) or both")
      ->check(CLI::IsMember({"ap", "proxy", "both"}))
      ->capture_default_str();
  command->add_flag("--alone-only", arguments->alone_only, "Leave out all but each layer");
  command->add_option("--out", arguments->out, "Folder for sensitivity.json and charts (SVG)")
      ->type_name(kFolderType)
      ->check(written());
  arguments->look.add_to(*command);
  arguments->share.add_to(*command);
  arguments->output.add_to(*command);
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
