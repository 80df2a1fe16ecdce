#include "datasets/dataset.h"
#include "datasets/yolo.h"
#include "harness/cli/command.h"
#include "harness/cli/data_arguments.h"
#include "harness/cli/executor_arguments.h"
#include "harness/cli/progress.h"
#include "harness/run/runner.h"
#include "harness/search/race_report.h"
#include "results/tables.h"

namespace qyolo::cli {
namespace {

namespace fs = std::filesystem;

struct RunArguments {
  std::string experiment;
  std::vector<std::string> sets;
  std::string model, dataset, images, annotations, calibration;
  DataArguments data;  // its class map
  std::string out;
  std::string output = "md";
  int limit = -1;
  int threads = 0;
  bool quiet = false;
  bool race = false;
  ExecutorArguments executor;
};

Result<int> race(const harness::Experiment& experiment, const RunArguments& arguments) {
  if (experiment.uncertainty.resamples == 0)
    return error("--race compares intervals; expected uncertainty.resamples above 0");
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.executor.factory());
  QYOLO_TRY(
      const auto evaluator,
      harness::Evaluator::open(harness::evaluator_config(experiment, arguments.threads), factory));
  for (const std::string& warning : evaluator->truth().warnings) say("warning: {}\n", warning);
  QYOLO_TRY(const harness::RaceResult result,
            harness::race(*evaluator, experiment.uncertainty, experiment.cells,
                          [&](const harness::RaceEntry& entry, const harness::Cell& cell) {
                            if (arguments.quiet) return;
                            say("{}: {}\n", cell.label(), harness::outcome_of(entry));
                          }));
  if (arguments.output == "json") {
    print_json(harness::race_json(result, experiment));
  } else {
    print("{}", harness::race_text(result, experiment));
  }
  return result.winner ? 0 : 1;
}

Result<int> run(const RunArguments& arguments) {
  QYOLO_TRY(const results::TableFormat format, results::parse_table_format(arguments.output));
  std::vector<harness::Override> overrides;
  for (const std::string& text : arguments.sets) {
    QYOLO_TRY(harness::Override change, harness::parse_override(text));
    overrides.push_back(std::move(change));
  }
  const auto path = [&](const char* key, const std::string& value) {
    if (!value.empty()) overrides.push_back({key, {fs::absolute(value).string()}});
  };
  path("model", arguments.model);
  if (!arguments.dataset.empty()) {
    QYOLO_TRY(const datasets::DatasetFiles files, datasets::find_dataset_files(arguments.dataset));
    path("images", files.images.string());
    path("annotations", files.annotations.string());
  }
  path("data", arguments.data.data);
  if (!arguments.data.data.empty()) overrides.push_back({"split", {arguments.data.split}});
  path("images", arguments.images);
  path("annotations", arguments.annotations);
  path("calibration", arguments.calibration);
  if (arguments.limit >= 0) overrides.push_back({"limit", {std::to_string(arguments.limit)}});
  QYOLO_TRY(harness::Experiment experiment,
            harness::load_experiment(arguments.experiment, overrides));
  QYOLO_CHECK_OK(arguments.data.read_class_map(experiment.evaluation.class_map));
  protect_inputs(std::vector<NamedPath>{{"model", experiment.model},
                                        {"images", experiment.images},
                                        {"annotations", experiment.annotations}});
  for (const fs::path& below : datasets::yolo_inputs(experiment.annotations))
    protect_inputs(std::vector<NamedPath>{{"the dataset", below}});
  if (experiment.calibration)
    protect_inputs(std::vector<NamedPath>{{"calibration", experiment.calibration->images}});
  if (arguments.race) return race(experiment, arguments);

  harness::RunOptions options;
  options.out =
      arguments.out.empty() ? fs::path("runs") / experiment.name : fs::path(arguments.out);
  options.threads = arguments.threads;
  ProgressPrinter progress(arguments.quiet);
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.executor.factory());
  QYOLO_TRY(const harness::RunSummary summary,
            harness::run_experiment(experiment, options, factory, progress));
  QYOLO_TRY(const results::Run finished, results::read_run(options.out));
  print("{}", results::emit_table(finished, format));
  if (!arguments.quiet) say("records: {}\n", (options.out / "records.jsonl").string());
  return summary.failed > 0 ? 1 : 0;
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command = app.add_subcommand(
      "run", "Run an experiment: quantize, evaluate and time every cell of its matrix");
  command->add_option("experiment", arguments->experiment, "Experiment file (JSON)")
      ->type_name(kFileType)
      ->required();
  command
      ->add_option("--out", arguments->out,
                   "Run folder; an unfinished run there is resumed (default: runs/NAME)")
      ->type_name(kFolderType)
      ->check(written());
  command
      ->add_option("--set", arguments->sets,
                   "Replace a value: key=v1,v2 (e.g. bits=4,8 or img=640); repeatable")
      ->take_all();
  command->add_option("--model", arguments->model, "Checkpoint to use instead of the experiment's")
      ->type_name(kFileType);
  command
      ->add_option("--dataset", arguments->dataset,
                   "Dataset folder to use instead of the experiment's: images/ and "
                   "annotations.json, or COCO's val2017/ and annotations/")
      ->type_name(kFolderType);
  command
      ->add_option("--images", arguments->images, "Image folder to use instead of the experiment's")
      ->type_name(kFolderType);
  command
      ->add_option("--annotations", arguments->annotations,
                   "COCO annotations to use instead of the experiment's")
      ->type_name(kFileType);
  command
      ->add_option("--calibration", arguments->calibration,
                   "Folder of calibration images to use instead of the experiment's")
      ->type_name(kFolderType);
  arguments->data.add_yaml_to(*command);
  arguments->data.add_class_map_to(*command);
  command->add_option("--limit", arguments->limit, "Only the first N images by file name")
      ->check(CLI::NonNegativeNumber);
  arguments->executor.add_to(*command);
  command->add_option("--threads", arguments->threads, "Threads (default: all)");
  command->add_option("-o,--output", arguments->output, "Table on stdout: md, csv, tex, json")
      ->check(offered(results::table_format_names()))
      ->capture_default_str();
  command->add_flag("--race", arguments->race,
                    "Only find the smallest cell that is certain to stay within the tolerance: "
                    "cells that cannot are stopped early; leaves no records (md or json)");
  command->add_flag("-q,--quiet", arguments->quiet, "No progress");
  command->footer(
      "Example: qyolo run experiments/demo.json --set bits=4,8 --out runs/demo\n"
      "         qyolo run experiments/paper.json --model datasets/parts/parts-yolov7-w025.pt "
      "--dataset datasets/parts/val --set img=320");
  command->callback([arguments, &action] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace qyolo::cli
