#include "harness/poc/poc.h"

#include "common/file.h"
#include "harness/bench/bench_process.h"
#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/command_words.h"
#include "harness/cli/evaluation_arguments.h"
#include "harness/cli/judging.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/engine/precision.h"
#include "results/label.h"

namespace qyolo::cli {
namespace {

namespace fs = std::filesystem;

struct PocArguments {
  EvaluationArguments evaluation;
  harness::PocOptions options;
  CalibrationArguments calibration;
  std::string tolerance = "1pt", margin;
  std::vector<std::string> class_tolerances;
  std::string language = "en";
  std::string out = "runs/poc";
  JudgeArguments judge;
  Output output{{"text", "json"}};
  bool quiet = false;
};

// AP of what is timed in kernels of that precision, by these kernels.
Result<double> ap_in(const PocArguments& arguments, const std::string& precision) {
  EvaluationArguments evaluation = arguments.evaluation;
  evaluation.executor.precision = precision;
  harness::Cell cell;
  std::optional<harness::CalibrationSet> calibration;
  if (precision == "int8") {
    QYOLO_TRY(cell, harness::read_cell({{"scheme", "symmetric"},
                                        {"bits", 8},
                                        {"granularity", "filter"},
                                        {"activation_bits", 8},
                                        {"keep", "head"}},
                                       "int8"));
    calibration = arguments.calibration.set;
  } else {
    cell.baseline = true;
  }
  QYOLO_TRY(const auto evaluator, evaluation.open(calibration));
  QYOLO_TRY(const harness::CellResult result, evaluator->evaluate(evaluator->resolve(cell)));
  return result.evaluation.stats()[0];
}

Result<std::vector<harness::LowPrecisionNetwork>> low_precisions(
    const PocArguments& arguments, const report::LatencySetting& setting) {
  QYOLO_TRY(const auto cases,
            harness::low_precision_cases(arguments.evaluation.model, setting.height, setting.width,
                                         setting.batch, setting.threads));
  std::vector<harness::LowPrecisionNetwork> networks;
  for (const harness::LowPrecisionCase& one : cases) {
    const std::string precision(engine::precision_name(one.what.precision));
    const bool integers = one.what.precision == engine::Precision::kInt8;
    networks.push_back(
        {integers ? "symmetric 8-bit filter A8, head FP32" : results::precision_name(precision),
         precision,
         [network = one.network] { return network->time_forward(); },
         {}});
    // The ranges of activations come from calibration images.
    if (!integers || !arguments.calibration.set.images.empty())
      networks.back().evaluate = [&arguments, precision] { return ap_in(arguments, precision); };
  }
  return networks;
}

Result<int> poc(PocArguments arguments) {
  harness::PocOptions& options = arguments.options;
  QYOLO_CHECK_OK(arguments.judge.check(arguments.evaluation.data));
  QYOLO_TRY(options.evaluation, arguments.evaluation.config());
  if (!arguments.calibration.set.images.empty())
    options.evaluation.calibration = arguments.calibration.set;
  QYOLO_TRY(options.tolerance, harness::parse_ap_amount(arguments.tolerance));
  if (!arguments.margin.empty()) {
    QYOLO_TRY(options.margin, harness::parse_ap_amount(arguments.margin));
  }
  for (const std::string& text : arguments.class_tolerances) {
    QYOLO_TRY(harness::ClassTolerance one, harness::parse_class_tolerance(text));
    options.class_tolerances.push_back(std::move(one));
  }
  options.out = arguments.out;
  options.command = command_without("");
  options.program = program_word();
  options.class_map = arguments.evaluation.data.class_map;
  if (arguments.evaluation.executor.engine == "onednn") {
    options.low_precisions = [&](const report::LatencySetting& setting) {
      return low_precisions(arguments, setting);
    };
  }
  if (!arguments.judge.runtimes.empty()) {
    options.judge = [&](const harness::Cell& cell) {
      return arguments.judge.judge(arguments.evaluation, arguments.calibration.set, cell);
    };
  }
  say_when_interrupted(
      fmt::format("finished networks are kept in {}, and the same command goes on behind them",
                  options.out.string()));
  ProgressPrinter progress(arguments.quiet);
  if (arguments.language == "ja") progress.set_language(ProgressLanguage::kJapanese);
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.evaluation.executor.factory());
  QYOLO_TRY(const report::PocReport result, harness::run_poc(options, factory, progress));
  const auto language =
      arguments.language == "ja" ? report::Language::kJapanese : report::Language::kEnglish;
  const fs::path file =
      options.out / (arguments.language == "ja" ? "report.ja.html" : "report.html");
  QYOLO_CHECK_OK(write_file(file, report::emit_html(result, language)));
  const results::PocSummary summary = harness::summary_of(result, language, file);
  arguments.output.print(results::renderers_of(summary));
  return 0;
}

}  // namespace

void add_poc(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<PocArguments>();
  CLI::App* command = app.add_subcommand(
      "poc", "From your own data to a recommendation: the whole roadmap, as one HTML report");
  arguments->evaluation.add_to(*command, false);
  command
      ->add_option("--tolerance", arguments->tolerance,
                   "Loss of AP that is acceptable: points (1pt), or percent of FP32's AP (2%)")
      ->capture_default_str();
  command->add_option("--margin", arguments->margin,
                      "Safety margin, taken off the tolerance (default: a tenth of it)");
  command
      ->add_option("--class-tolerance", arguments->class_tolerances,
                   "Of one class (nut=2pt) or of all others (3pt); repeatable")
      ->take_all();
  arguments->calibration.add_to(*command);
  harness::PocOptions& options = arguments->options;
  command
      ->add_option("--conf", options.confidence,
                   "Operating confidence (default: that of FP32's best mean F1)")
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--rounds", options.latency.rounds, "Timed forwards of each network (0: none)")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  command->add_option("--pictures", options.pictures, "Example crops of each kind")
      ->check(CLI::Range(0, 200))
      ->capture_default_str();
  command->add_flag_callback(
      "--no-search", [&options] { options.search = false; },
      "Do not look for the best choice layer by layer (with --calibration; some minutes)");
  command
      ->add_option("--device", options.devices,
                   "What `bench -o json` wrote on a device for this checkpoint or an artifact made "
                   "from it; repeatable: devices stand side by side in the report")
      ->type_name(kFileType)
      ->take_all();
  command
      ->add_option("--lang", arguments->language,
                   "Of the report and of what is said on the way: en or ja")
      ->check(CLI::IsMember({"en", "ja"}))
      ->capture_default_str();
  command
      ->add_option("--out", arguments->out,
                   "Run folder for the records and the report; an unfinished one is resumed")
      ->type_name(kFolderType)
      ->check(written())
      ->capture_default_str();
  arguments->judge.add_to(*command);
  arguments->output.add_to(*command);
  command->add_flag("-q,--quiet", arguments->quiet, "No progress");
  command->footer(
      "Example: qyolo poc --images datasets/parts/val/images --annotations "
      "datasets/parts/val/annotations.json --model datasets/parts/parts-yolov7-w025.pt --img 320 "
      "--tolerance 1pt --calibration datasets/parts/calib/images");
  command->callback([arguments, &action] { action = [arguments] { return poc(*arguments); }; });
}

}  // namespace qyolo::cli
