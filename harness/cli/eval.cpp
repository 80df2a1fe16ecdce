#include "common/words.h"
#include "datasets/coco_json.h"
#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/evaluation_arguments.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/detections/score.h"
#include "harness/evaluate/cell_arithmetic.h"
#include "harness/evaluate/evaluation.h"
#include "harness/evaluate/network_inputs.h"
#include "harness/evaluate/preprocessing.h"
#include "harness/run/cell_record.h"
#include "results/label.h"
#include "results/text.h"

namespace qyolo::cli {
namespace {

struct EvalArguments {
  EvaluationArguments evaluation;
  bool square = false;
  CellArguments cell;
  CalibrationArguments calibration;
  std::string save_detections, outputs;
  Output output{{"text", "json"}};
};

std::string result_text(const results::AccuracyRecord& record, const harness::CellResult& result,
                        const GroundTruth& truth) {
  std::string text = results::score_text(results::score_record(
      result.evaluation, results::class_names(result.evaluation, truth.categories),
      truth.category_ids));
  const metrics::MemoryReport& memory = result.memory;
  text += fmt::format(
      "\n{}: AP {}, {}, {} bytes ({:.3f} bits per weight, {})",
      results::shown_label(Json(record.identity.cell), record.identity.execution.precision,
                           memory.bits_per_weight()),
      record.ap() ? results::fixed(100 * *record.ap(), 2) : std::string(results::kAbsent),
      counted(result.detections.size(), "detection"), memory.true_bytes(), memory.bits_per_weight(),
      size_ratio_text(memory.ratio_fp16_true(), "FP16"));
  if (!result.layers.empty())
    text += fmt::format(", weight SQNR {:.2f} dB", result.weight_error.sqnr_db());
  const results::Execution& execution = record.identity.execution;
  text += fmt::format("; {} by {}\n", execution.text(), execution.engine);
  if (const auto limit = parse_image_limit(record.limit); limit.ok()) {
    text += fmt::format("On {} of the dataset's images, {} (--limit {}).\n", record.images,
                        limit->first ? "the first by file name"
                                     : fmt::format("a random sample by seed {}", limit->seed),
                        record.limit);
  }
  return text;
}

Result<std::unique_ptr<harness::Evaluator>> open_evaluator(
    const EvalArguments& arguments, const EvaluationArguments& evaluation,
    const std::optional<harness::CalibrationSet>& calibration) {
  if (arguments.outputs.empty()) return evaluation.open(calibration);
  QYOLO_TRY(const harness::EvaluatorConfig config, evaluation.config());
  return harness::Evaluator::open(config, harness::recorded_outputs(arguments.outputs));
}

Result<int> eval(const EvalArguments& arguments) {
  QYOLO_TRY(harness::Cell cell, arguments.cell.cell());
  EvaluationArguments evaluation = arguments.evaluation;
  evaluation.options.rect = !arguments.square;
  QYOLO_TRY(const auto calibration, arguments.calibration.for_cell(cell));
  QYOLO_TRY(const auto evaluator, open_evaluator(arguments, evaluation, calibration));
  cell = evaluator->resolve(cell);
  QYOLO_CHECK_OK(harness::check_arithmetic(*evaluator, cell));
  say_when_interrupted("nothing was written");
  ProgressPrinter progress;
  progress.set_precision(evaluator->precision());
  for (const std::string& warning : evaluator->truth().warnings) progress.on_warning(warning);
  progress.on_pass(progress.label_of(cell), 1, 0);
  QYOLO_TRY(const harness::CellResult result,
            evaluator->evaluate(cell, [&](std::size_t done, std::size_t total) {
              progress.on_progress(done, total);
            }));
  progress.on_cell_done(0, cell, true,
                        fmt::format("AP {:.2f}", 100 * result.evaluation.stats()[0]));
  if (!arguments.save_detections.empty()) {
    QYOLO_CHECK_OK(datasets::write_coco_detections(arguments.save_detections, result.detections,
                                                   datasets::names_of(evaluator->truth())));
  }
  if (!arguments.outputs.empty()) {
    QYOLO_TRY(const harness::ExecutorFactory factory, evaluation.executor.factory());
    const auto check = harness::check_outputs(*evaluator, cell, factory, result.detections);
    if (check.ok() && (!check->mistake.empty() || !check->found))
      progress.on_warning(check->sentence("outputs"));
  }
  const results::AccuracyRecord record = harness::accuracy_record("", cell, *evaluator, result);
  arguments.output.print({[&] { return result_text(record, result, evaluator->truth()); },
                          {},
                          [&] {
                            return results::document_text(results::evaluation_json(
                                record, evaluator->executor_description()));
                          }});
  return 0;
}

}  // namespace

void add_eval(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<EvalArguments>();
  CLI::App* command = app.add_subcommand("eval", "Evaluate one cell without an experiment file");
  arguments->evaluation.add_to(*command, true);
  arguments->evaluation.executor.add_device_to(*command);
  arguments->cell.add_to(*command);
  arguments->calibration.add_to(*command);
  harness::EvaluationOptions& options = arguments->evaluation.options;
  add_confidence(*command, options.confidence);
  add_nms_iou(*command, options.iou);
  command->add_option("--batch", options.batch, "Rect batch (fixes the padded shapes)")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_flag("--square", arguments->square,
                    "One square input for all images instead of rect batches");
  command->add_option("--save-detections", arguments->save_detections, "Write a COCO results file")
      ->type_name(kFileType)
      ->check(written());
  command
      ->add_option("--outputs", arguments->outputs,
                   "Instead of running the network: folder with what another program made of the "
                   "inputs that `qyolo inputs` wrote")
      ->type_name(kFolderType)
      ->check(CLI::ExistingDirectory);
  arguments->output.add_to(*command);
  command->footer(
      "Example: qyolo eval --model datasets/parts/parts-yolov7-w025.pt --images "
      "datasets/parts/val/images "
      "--annotations datasets/parts/val/annotations.json --img 320 --scheme affine --bits 4 "
      "--granularity filter -o json");
  command->callback([arguments, &action] { action = [arguments] { return eval(*arguments); }; });
}

}  // namespace qyolo::cli
