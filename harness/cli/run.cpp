#include <optional>

#include "datasets/dataset.h"
#include "datasets/yolo.h"
#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/command_words.h"
#include "harness/cli/evaluation_arguments.h"
#include "harness/cli/merge_messages.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/cli/share_arguments.h"
#include "harness/run/merge.h"
#include "harness/run/runner.h"
#include "harness/run/shard.h"
#include "harness/search/race_record.h"
#include "results/label.h"
#include "results/record.h"
#include "results/tables.h"

namespace qyolo::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kAsInExperiment = -1;

struct RunArguments {
  std::string experiment;
  std::vector<std::string> sets;
  // In place of the experiment's, as far as they are given.
  std::string model, dataset;
  DataArguments data;
  CalibrationArguments calibration;
  ImageLimit limit;
  bool limited = false;  // by the command line
  int image_size = kAsInExperiment;
  bool ignore_class_names = false;
  std::string out;
  Output output{results::table_format_names()};
  int threads = 0;
  bool quiet = false;
  bool race = false;
  std::string shard;
  int task_images = harness::kTaskImages;
  ExecutorArguments executor;
};

Result<int> race(const harness::Experiment& experiment, const RunArguments& arguments) {
  if (arguments.output.format() == "tex") return error("--race has no tex; expected md, csv, json");
  if (experiment.uncertainty.resamples == 0)
    return error("--race compares intervals; expected uncertainty.resamples above 0");
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.executor.factory());
  QYOLO_TRY(
      const auto evaluator,
      harness::Evaluator::open(harness::evaluator_config(experiment, arguments.threads), factory));
  for (const std::string& warning : evaluator->truth().warnings) say("warning: {}\n", warning);
  const std::string precision = evaluator->precision();
  QYOLO_TRY(const harness::RaceResult result,
            harness::race(*evaluator, experiment.uncertainty, experiment.cells,
                          [&](const harness::RaceEntry& entry, const harness::Cell& cell) {
                            if (arguments.quiet) return;
                            say("{}: {}\n",
                                results::shown_label(Json(cell.named_json()), precision),
                                harness::outcome_of(entry));
                          }));
  const results::RaceRecord record = harness::race_record(result, experiment, precision);
  arguments.output.print(results::renderers_of(record));
  return result.winner ? 0 : 1;
}

Result<std::vector<harness::Override>> overrides_of(const RunArguments& arguments) {
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
  const DataArguments& data = arguments.data;
  path("data", data.data);
  if (!data.data.empty()) overrides.push_back({"split", {data.split}});
  path("images", data.images);
  path("annotations", data.annotations);
  path("calibration", arguments.calibration.set.images.string());
  const auto number = [&](const char* key, int value) {
    if (value > 0) overrides.push_back({key, {std::to_string(value)}});
  };
  number("calibration_limit", arguments.calibration.set.limit);
  number("img", arguments.image_size);
  if (arguments.limited) overrides.push_back({"limit", {arguments.limit.text()}});
  if (arguments.ignore_class_names) overrides.push_back({"ignore_class_names", {"true"}});
  return overrides;
}

// The last one makes the records.
Result<int> run_as_shard(const RunArguments& arguments, const harness::Experiment& experiment,
                         const fs::path& out, const harness::ShardName& shard,
                         const harness::ExecutorFactory& factory, ProgressPrinter& progress) {
  const harness::ShardOptions options{out, arguments.threads, shard, arguments.task_images,
                                      command_without("--shard")};
  QYOLO_TRY(const harness::ShardSummary done,
            harness::run_shard(experiment, options, factory, progress));
  if (done.missing > 0) {
    if (!arguments.quiet) {
      say("shard {}: {} of all {} tasks are still to be done\n", shard.text(), done.missing,
          done.of_all);
    }
    return done.failed > 0 ? 1 : 0;
  }
  auto merged = harness::merge_run(out, {arguments.threads, false}, progress);
  if (!merged.ok()) {
    if (results::RecordStore::is_open_elsewhere(out)) {
      if (!arguments.quiet) say("shard {}: another process makes the records\n", shard.text());
      return done.failed > 0 ? 1 : 0;
    }
    // Another process may just have finished making them.
    merged = harness::merge_run(out, {arguments.threads, false}, progress);
    if (!merged.ok()) return merged.error();
  }
  QYOLO_TRY(const results::Run finished, results::read_run(out));
  arguments.output.print(
      results::renderers_of(finished, results::TablePart::kAll, {}, arguments.output.view()));
  say_missing(*merged);
  if (!arguments.quiet) say("records: {}\n", (out / "records.jsonl").string());
  return merged->failed > 0 || !merged->waiting.empty() ? 1 : 0;
}

Result<int> run(const RunArguments& arguments) {
  std::optional<harness::ShardName> shard;
  if (!arguments.shard.empty()) {
    QYOLO_TRY(shard, shard_name(arguments.shard));
    if (arguments.race) return error("--race needs all images at hand; expected no --shard");
  }
  QYOLO_TRY(const std::vector<harness::Override> overrides, overrides_of(arguments));
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
  if (arguments.out.empty()) {
    // A file's words are no path: only a plain name becomes a folder.
    const fs::path name(experiment.name);
    if (name.empty() || name != name.filename() || name == "." || name == ".." ||
        experiment.name.size() > 200 || experiment.name.find('\0') != std::string::npos) {
      return error("{}: the name '{}' is no folder's, expected one without slashes, or --out",
                   arguments.experiment, experiment.name);
    }
    options.out = fs::path("runs") / name;
  } else {
    options.out = arguments.out;
  }
  options.threads = arguments.threads;
  say_when_interrupted(
      fmt::format("finished cells are kept in {}, and the same command goes on behind them",
                  options.out.string()));
  ProgressPrinter progress(arguments.quiet);
  progress.set_precision(arguments.executor.precision);
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.executor.factory());
  if (shard) return run_as_shard(arguments, experiment, options.out, *shard, factory, progress);
  QYOLO_TRY(const harness::RunSummary summary,
            harness::run_experiment(experiment, options, factory, progress));
  QYOLO_TRY(const results::Run finished, results::read_run(options.out));
  arguments.output.print(
      results::renderers_of(finished, results::TablePart::kAll, {}, arguments.output.view()));
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
  add_model(*command, arguments->model, "Checkpoint to use instead of the experiment's");
  command
      ->add_option("--dataset", arguments->dataset,
                   "Dataset folder to use instead of the experiment's: images/ and "
                   "annotations.json, or COCO's val2017/ and annotations/")
      ->type_name(kFolderType);
  arguments->data.add_to(*command);
  command->get_option("--images")->description("Image folder to use instead of the experiment's");
  command->get_option("--annotations")
      ->description("COCO annotations to use instead of the experiment's");
  arguments->calibration.add_to(*command);
  command->get_option("--calibration")
      ->description("Folder of calibration images to use instead of the experiment's");
  add_image_size(*command, arguments->image_size)->default_str("");
  add_limit(*command, arguments->limit);
  add_ignore_class_names(*command, arguments->ignore_class_names);
  arguments->executor.add_to(*command);
  arguments->executor.add_device_to(*command);
  add_threads(*command, arguments->threads);
  arguments->output.add_to(*command);
  arguments->output.add_columns_to(*command);
  command->add_flag("--race", arguments->race,
                    "Only find the smallest cell that is certain to stay within the tolerance: "
                    "cells that cannot are stopped early; leaves no records (md, csv or json)");
  command
      ->add_option("--shard", arguments->shard,
                   "One of several processes that share the accuracy pass in one run folder: I/N "
                   "(I from 0), auto (a Slurm array or an indexed Kubernetes Job) or auto/N; the "
                   "last one makes the records, or `qyolo merge` does")
      ->type_name("I/N");
  command
      ->add_option("--task-images", arguments->task_images,
                   "With --shard: images of one task, the same for all shards")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_flag("-q,--quiet", arguments->quiet, "No progress");
  command->footer(
      "Example: qyolo run experiments/demo.json --set bits=4,8 --out runs/demo\n"
      "         qyolo run experiments/demo.json --out runs/demo --shard 3/8\n"
      "         qyolo run experiments/paper.json --model datasets/parts/parts-yolov7-w025.pt "
      "--dataset datasets/parts/val --set img=320");
  command->callback([arguments, command, &action] {
    arguments->limited = command->count("--limit") > 0;
    action = [arguments] { return run(*arguments); };
  });
}

}  // namespace qyolo::cli
