#include "harness/search/recommend.h"

#include <algorithm>
#include <filesystem>

#include "common/file.h"
#include "common/sha256.h"
#include "common/shell.h"
#include "common/words.h"
#include "harness/artifact/packed_artifact.h"
#include "harness/bench/arithmetic_times.h"
#include "harness/cell/cell_flags.h"
#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/evaluation_arguments.h"
#include "harness/cli/judging.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/cli/share_arguments.h"
#include "harness/search/hybrid_cell.h"

namespace qyolo::cli {
namespace {

namespace fs = std::filesystem;

struct RecommendArguments {
  EvaluationArguments evaluation;
  CalibrationArguments calibration;
  std::string tolerance, class_tolerance;
  std::optional<std::int64_t> max_bytes;
  std::optional<double> bits_per_weight, latency_ms;
  harness::RecommendOptions options;
  std::string regions = "raw", rounding = "coordinate";
  std::vector<std::string> schemes;
  bool no_uniform = false;
  double confirm = harness::kHeldOut;
  std::string out, experiment, json;
  ShareArguments share;
  JudgeArguments judge;
  Output output{{"md", "csv", "json"}};
  bool quiet = false;
};

constexpr int kLatencyRounds = 7;

Result<harness::LatencyBound> latency_bound(const RecommendArguments& arguments) {
  const EvaluationArguments& evaluation = arguments.evaluation;
  if (evaluation.executor.engine != "onednn") {
    return error("--latency-ms is of the engine onednn, not of {}", evaluation.executor.engine);
  }
  harness::BenchOptions bench;
  bench.model = evaluation.model;
  bench.convolution = kernel_choice(evaluation.executor.convolution);
  bench.rounds = kLatencyRounds;
  return harness::LatencyBound{*arguments.latency_ms, [bench](const harness::LatencyInput& input,
                                                              int threads, const auto& progress) {
                                 harness::BenchOptions options = bench;
                                 options.height = input.height;
                                 options.width = input.width;
                                 return harness::time_arithmetics(options, threads, progress);
                               }};
}

// Executors like the one that was asked for, in another arithmetic.
harness::ExecutorsIn executors_like(const ExecutorArguments& executor) {
  return [executor](engine::Precision precision) {
    ExecutorArguments other = executor;
    other.precision = engine::precision_name(precision);
    return other.factory();
  };
}

Result<harness::RecommendOptions> options_of(const RecommendArguments& arguments) {
  harness::RecommendOptions options = arguments.options;
  options.calibration = arguments.calibration.set;
  if (!arguments.tolerance.empty()) {
    QYOLO_TRY(options.tolerance, harness::parse_ap_amount(arguments.tolerance));
  }
  if (!arguments.class_tolerance.empty()) {
    QYOLO_TRY(options.class_tolerance, harness::parse_ap_amount(arguments.class_tolerance));
  }
  options.max_bytes = arguments.max_bytes;
  options.bits_per_weight = arguments.bits_per_weight;
  if ((options.tolerance ? 1 : 0) + (options.max_bytes ? 1 : 0) +
          (options.bits_per_weight ? 1 : 0) !=
      1) {
    return error("expected one of --tolerance, --max-bytes and --bits-per-weight");
  }
  if (options.class_tolerance && !options.tolerance)
    return error("--class-tolerance goes with --tolerance");
  QYOLO_TRY(options.rounding, quant::parse_rounding(arguments.rounding));
  for (const std::string& name : arguments.schemes) {
    QYOLO_TRY(const quant::Scheme* scheme, quant::find_scheme(name));
    if (std::ranges::find(options.schemes, scheme) == options.schemes.end())
      options.schemes.push_back(scheme);
  }
  if (arguments.latency_ms) {
    QYOLO_TRY(options.latency, latency_bound(arguments));
  }
  options.coded_regions = arguments.regions == "entropy";
  options.uniform = !arguments.no_uniform;
  QYOLO_TRY(options.share, arguments.share.options());
  return options;
}

// Of what is recommended; null where nothing is.
const harness::Cell* chosen_cell(const harness::Recommendation& found) {
  if (found.hybrid) return &found.hybrids[*found.hybrid].cell;
  return found.uniform ? &found.uniforms[*found.uniform].cell : nullptr;
}

Status write_outputs(const RecommendArguments& arguments, const harness::EvaluatorConfig& config,
                     const harness::Recommendation& found, harness::Evaluator& evaluator) {
  const harness::Cell* chosen = chosen_cell(found);
  if (chosen == nullptr) return {};
  if (!arguments.experiment.empty()) {
    const OrderedJson document =
        harness::experiment_file(harness::recommended_experiment(found, config),
                                 fs::path(arguments.experiment).parent_path());
    QYOLO_CHECK_OK(write_file(arguments.experiment, document.dump(2) + "\n"));
  }
  if (arguments.out.empty()) return {};
  // An artifact holds weights; how activations are quantized, an ONNX file says.
  harness::Cell cell = *chosen;
  cell.activations.reset();
  for (quant::Rule& rule : cell.rules) rule.weights_only = false;
  QYOLO_TRY(const auto network,
            harness::quantize_network(evaluator.source(), cell, arguments.evaluation.threads));
  QYOLO_TRY(std::string checkpoint, sha256_of_file(arguments.evaluation.model));
  QYOLO_TRY(const quant::RegionCoding regions, quant::parse_region_coding(arguments.regions));
  QYOLO_TRY([[maybe_unused]] const auto sizes,
            harness::write_artifact(arguments.out, {evaluator.graph(), cell, std::move(checkpoint)},
                                    network, regions, arguments.evaluation.threads));
  return {};
}

std::string next_steps(const RecommendArguments& arguments, const harness::Recommendation& found) {
  if (!found.hybrid) return "";
  const harness::Cell& cell = found.hybrids[*found.hybrid].cell;
  std::string calibration;
  if (cell.calibrated()) {
    const harness::CalibrationSet& set = arguments.calibration.set;
    calibration = fmt::format(" --calibration {}", shell_quoted(set.images.string()));
    if (set.limit > 0) calibration += fmt::format(" --calibration-limit {}", set.limit);
  }
  const std::string model = shell_quoted(arguments.evaluation.model);
  const std::string flags = harness::flags_of(cell).command_line() + calibration;
  const std::string size = fmt::format(" --img {}", arguments.evaluation.options.image_size);
  if (cell.activations) {
    return fmt::format(
        "\n## The same by hand\n\n```sh\nqyolo export {} {}{} -o hybrid.onnx    # for other "
        "runtimes, "
        "and for qyolo's --precision int8\n```\n",
        model, flags, size);
  }
  return fmt::format(
      "\n## The same by hand\n\n```sh\nqyolo quantize {0} {1}{2} --regions {3} -o "
      "hybrid.safetensors\nqyolo export {0} {1}{4} -o hybrid.onnx    # for other runtimes\n```\n",
      model, flags, cell.calibrated() ? size : "", arguments.regions, size);
}

Result<int> recommend(const RecommendArguments& arguments) {
  QYOLO_TRY(const harness::RecommendOptions options, options_of(arguments));
  QYOLO_CHECK_OK(arguments.judge.check(arguments.evaluation.data));
  QYOLO_TRY(harness::EvaluatorConfig config, arguments.evaluation.config());
  config.calibration = options.calibration;
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.evaluation.executor.factory());
  QYOLO_TRY(const harness::ChoiceEvaluators evaluators,
            harness::open_for_choice(config, factory, arguments.confirm,
                                     executors_like(arguments.evaluation.executor)));
  const auto& evaluator = evaluators.choice;
  say_when_interrupted(arguments.share.when_interrupted());
  ProgressPrinter printer(arguments.quiet);
  if (arguments.confirm > 0 && evaluators.confirmation == nullptr) {
    printer.on_warning(fmt::format(
        "{} images: fewer than {} would be held out, so that none is; the choice is not confirmed",
        evaluator->truth().images.size(), harness::kLeastConfirming));
  }
  for (const std::string& warning : evaluator->truth().warnings) printer.on_warning(warning);
  const auto progress = [&](const std::string& stage, std::size_t done, std::size_t total) {
    printer.on_stage(stage, done, total);
  };
  const auto on_tried = [&](const harness::Tried& tried) {
    if (arguments.quiet) return;
    say("{}: {} bytes, {}{}, {}\n", harness::name_of(tried), tried.bytes,
        tried.milliseconds ? fmt::format("{:.2f} ms, ", *tried.milliseconds) : "",
        tried.trial.result ? fmt::format("AP {:.2f}", 100 * tried.ap())
                           : fmt::format("stopped after {}", counted(tried.trial.images, "image")),
        harness::standing_of(tried));
  };
  QYOLO_TRY(const harness::Recommendation found,
            harness::recommend(evaluators, options, progress, on_tried));
  results::RecommendationRecord record = harness::recommendation_record(found);
  if (const harness::Cell* cell = chosen_cell(found))
    record.judged = arguments.judge.judge(arguments.evaluation, arguments.calibration.set, *cell);
  results::Renderers renderers = results::renderers_of(record);
  renderers.text = [&, text = renderers.text] { return text() + next_steps(arguments, found); };
  if (!arguments.json.empty()) QYOLO_CHECK_OK(write_file(arguments.json, renderers.json()));
  QYOLO_CHECK_OK(write_outputs(arguments, config, found, *evaluator));
  arguments.output.print(renderers);
  return found.hybrid || found.uniform ? 0 : 1;
}

}  // namespace

void add_recommend(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<RecommendArguments>();
  CLI::App* command = app.add_subcommand(
      "recommend",
      "Find how to quantize each layer so that a promise holds: a tolerance in AP, or a size");
  arguments->evaluation.add_to(*command, false);
  arguments->evaluation.executor.add_device_to(*command);
  arguments->calibration.add_to(*command);
  command->get_option("--calibration")->required();
  command
      ->add_option("--proxy-images", arguments->options.proxy_images,
                   "How many of the calibration images networks are compared on (0: all); rounding "
                   "takes all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--tolerance", arguments->tolerance,
                      "AP that may be lost: points (1pt) or a share of FP32's (2%)");
  command->add_option("--class-tolerance", arguments->class_tolerance,
                      "AP that any one class may lose, as measured: likewise");
  command->add_option("--max-bytes", arguments->max_bytes, "Size, true bytes")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--bits-per-weight", arguments->bits_per_weight,
                   "Size, all that is stored for the weights over their number")
      ->check(CLI::Range(0.1, 32.0));
  command
      ->add_option(
          "--latency-ms", arguments->latency_ms,
          "Beside these: what one image may take on this host, milliseconds at the median; "
          "FP32, BF16 or, layer by layer, integers follow from it")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--regions", arguments->regions,
                   "Region bits of piecewise-linear schemes: raw or entropy (coded, smaller)")
      ->check(CLI::IsMember({"raw", "entropy"}))
      ->capture_default_str();
  std::vector<std::string> schemes, roundings;
  for (const quant::Scheme* scheme : quant::all_schemes()) schemes.emplace_back(scheme->name());
  command
      ->add_option("--schemes", arguments->schemes,
                   "Quantize by these only, as the runtime it is for calls for (default: all)")
      ->delimiter(',')
      ->check(CLI::IsMember(schemes));
  for (const quant::Choice& choice : quant::all_roundings()) roundings.emplace_back(choice.name);
  command
      ->add_option("--rounding", arguments->rounding,
                   "How weights are rounded: nearest, or on the calibration images (gptq, "
                   "coordinate)")
      ->check(CLI::IsMember(roundings))
      ->capture_default_str();
  command
      ->add_option("--confirm", arguments->confirm,
                   "Fraction of the images that is held out from the choice, to say what it is "
                   "worth (0: none; default: a third)")
      ->check(CLI::Range(0.0, 0.9));
  command->add_flag("--no-uniform", arguments->no_uniform,
                    "Do not look for the best single recipe for all layers");
  command
      ->add_option("--candidates", arguments->options.most_candidates,
                   "Candidates of each layer to choose from (rounded to nearest: with and without "
                   "bias correction each)")
      ->check(CLI::Range(2, 100))
      ->capture_default_str();
  command
      ->add_option("--evaluations", arguments->options.most_evaluations,
                   "Hybrids whose AP is measured, at most")
      ->check(CLI::Range(3, 1000))
      ->capture_default_str();
  command
      ->add_option("-o,--out", arguments->out,
                   "Packed artifact of the hybrid (.safetensors); replaced if it exists")
      ->type_name(kFileType)
      ->check(written());
  command
      ->add_option("--experiment", arguments->experiment,
                   "Experiment file for `qyolo run` with what was found")
      ->type_name(kFileType)
      ->check(written());
  command->add_option("--json", arguments->json, "File for all that was measured, as JSON")
      ->type_name(kFileType)
      ->check(written());
  arguments->share.add_to(*command);
  arguments->judge.add_to(*command);
  arguments->output.add_to(*command, "--format");
  command->add_flag("-q,--quiet", arguments->quiet, "No progress");
  command->footer(
      "Example: qyolo recommend --model datasets/parts/parts-yolov7-w025.pt --images "
      "datasets/parts/val/images --annotations datasets/parts/val/annotations.json --img 320 "
      "--calibration datasets/parts/calib/images --tolerance 1pt -o hybrid.safetensors "
      "--experiment hybrid.json");
  command->callback(
      [arguments, &action] { action = [arguments] { return recommend(*arguments); }; });
}

}  // namespace qyolo::cli
