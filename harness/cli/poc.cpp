#include "harness/poc/poc.h"

#include "common/file.h"
#include "common/shell.h"
#include "harness/bench/bench.h"
#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/data_arguments.h"
#include "harness/cli/executor_arguments.h"
#include "harness/cli/progress.h"
#include "metrics/statistics.h"

namespace qyolo::cli {
namespace {

namespace fs = std::filesystem;

struct PocArguments {
  std::string model;
  DataArguments data;
  harness::PocOptions options;
  CalibrationArguments calibration;
  std::string tolerance = "1pt", margin;
  std::vector<std::string> class_tolerances;
  std::string language = "en";
  std::string out = "runs/poc";
  std::string output = "text";
  bool quiet = false;
  ExecutorArguments executor;
};

// The same command once more, every option as it counts.
std::string command_of(const PocArguments& arguments) {
  const harness::EvaluationOptions& evaluation = arguments.options.evaluation.options;
  std::string text = "qyolo poc";
  const auto add = [&](const char* flag, const std::string& value) {
    text += fmt::format(" {} {}", flag, shell_quoted(value));
  };
  if (arguments.data.data.empty()) {
    add("--images", arguments.data.images);
    add("--annotations", arguments.data.annotations);
  } else {
    add("--data", arguments.data.data);
    add("--split", arguments.data.split);
  }
  add("--model", arguments.model);
  add("--img", std::to_string(evaluation.image_size));
  add("--tolerance", arguments.tolerance);
  if (!arguments.margin.empty()) add("--margin", arguments.margin);
  for (const std::string& one : arguments.class_tolerances) add("--class-tolerance", one);
  const harness::CalibrationSet& calibration = arguments.calibration.set;
  if (!calibration.images.empty()) add("--calibration", calibration.images.string());
  if (calibration.limit > 0) add("--calibration-limit", std::to_string(calibration.limit));
  if (evaluation.limit > 0) add("--limit", std::to_string(evaluation.limit));
  if (evaluation.ignore_class_names) text += " --ignore-class-names";
  if (!arguments.data.class_map.empty()) add("--class-map", arguments.data.class_map);
  if (arguments.options.confidence) add("--conf", fmt::format("{}", *arguments.options.confidence));
  for (const fs::path& device : arguments.options.devices) add("--device", device.string());
  if (arguments.language != "en") add("--lang", arguments.language);
  add("--out", arguments.out);
  return text;
}

OrderedJson summary_json(const report::PocReport& report, const std::string& verdict,
                         const fs::path& file) {
  constexpr const char* kOutcomes[] = {"recommended", "undecided", "none", "baseline_unusable"};
  OrderedJson json = {{"outcome", kOutcomes[static_cast<int>(report.outcome)]},
                      {"verdict", verdict},
                      {"tolerance", report.tolerance},
                      {"margin", report.margin},
                      {"evaluated", report.candidates.size()},
                      {"baseline_AP", report.baseline().ap.value_or(-1)}};
  if (const report::Candidate* one = report.chosen()) {
    json["network"] = {{"name", one->name}, {"details", one->details}, {"bytes", one->bytes}};
    if (one->ap) json["network"]["AP"] = *one->ap;
    if (one->delta) {
      json["network"]["delta_AP"] = {
          {"value", one->delta->value}, {"low", one->delta->low}, {"high", one->delta->high}};
    }
  }
  if (report.certainty && report.certainty->more_images)
    json["more_images"] = *report.certainty->more_images;
  if (!report.devices.devices.empty()) json["devices"] = results::devices_json(report.devices);
  json["report"] = file.string();
  return json;
}

// Kernels that run in bfloat16 and in integers on this host, as far as it has them.
Result<std::vector<report::LatencyRow>> measured_latency(const std::string& model,
                                                         const report::LatencySetting& setting) {
  harness::BenchOptions options;
  options.model = model;
  options.height = setting.height;
  options.width = setting.width;
  std::vector<harness::BenchCase> cases;
  for (const engine::Precision precision : {engine::Precision::kBf16, engine::Precision::kInt8})
    cases.push_back({precision, false, setting.batch, setting.threads});
  // Energy is measured of FP32, by the proof of concept itself.
  options.energy = options.kernels = false;
  QYOLO_TRY(const results::Device bench,
            harness::run_bench(
                options, cases,
                [](const harness::BenchCase&) -> Result<std::optional<std::int64_t>> {
                  return std::optional<std::int64_t>();
                },
                [](const std::string&) {}));
  std::vector<report::LatencyRow> rows;
  for (const results::DeviceRow& row : bench.rows) {
    const bool integers = !row.calibration.empty();
    rows.push_back({integers ? "symmetric 8-bit filter A8, head FP32" : "FP32",
                    integers ? "INT8" : "BF16", true, row.median_ms(),
                    metrics::quantile(row.milliseconds, 0.25),
                    metrics::quantile(row.milliseconds, 0.75), row.milliseconds.size()});
  }
  return rows;
}

Result<int> poc(PocArguments arguments) {
  harness::PocOptions& options = arguments.options;
  options.evaluation.model = arguments.model;
  QYOLO_CHECK_OK(arguments.data.apply(options.evaluation));
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
  options.command = command_of(arguments);
  if (arguments.executor.engine == "onednn") {
    options.measured_latency = [&arguments](const report::LatencySetting& setting) {
      return measured_latency(arguments.model, setting);
    };
  }
  ProgressPrinter progress(arguments.quiet);
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.executor.factory());
  QYOLO_TRY(const report::PocReport result, harness::run_poc(options, factory, progress));
  const auto language =
      arguments.language == "ja" ? report::Language::kJapanese : report::Language::kEnglish;
  const fs::path file =
      options.out / (arguments.language == "ja" ? "report.ja.html" : "report.html");
  QYOLO_CHECK_OK(write_file(file, report::emit_html(result, language)));
  const std::string verdict = report::verdict_text(result, language);
  if (arguments.output == "json") {
    print_json(summary_json(result, verdict, file));
  } else {
    print("{}report: {}\n", verdict, file.string());
  }
  return 0;
}

}  // namespace

void add_poc(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<PocArguments>();
  CLI::App* command = app.add_subcommand(
      "poc", "From your own data to a recommendation: the whole roadmap, as one HTML report");
  command->add_option("--model", arguments->model, "Checkpoint")->type_name(kFileType)->required();
  arguments->data.add_to(*command);
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
  harness::EvaluationOptions& evaluation = options.evaluation.options;
  command->add_option("--img", evaluation.image_size, "Long side of the network input, pixels")
      ->check(CLI::Range(32, 8192))
      ->capture_default_str();
  command->add_option("--limit", evaluation.limit, "Only the first N images by file name (0: all)")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--ignore-class-names", evaluation.ignore_class_names,
                    "Map classes by order even where names differ");
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
  arguments->executor.add_to(*command, false);
  command->add_option("--threads", options.evaluation.threads, "Threads (default: all)");
  command->add_option("--lang", arguments->language, "Of the report: en or ja")
      ->check(CLI::IsMember({"en", "ja"}))
      ->capture_default_str();
  command
      ->add_option("--out", arguments->out,
                   "Run folder for the records and the report; an unfinished one is resumed")
      ->type_name(kFolderType)
      ->check(written())
      ->capture_default_str();
  command->add_option("-o,--output", arguments->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_flag("-q,--quiet", arguments->quiet, "No progress");
  command->footer(
      "Example: qyolo poc --images datasets/parts/val/images --annotations "
      "datasets/parts/val/annotations.json --model datasets/parts/parts-yolov7-w025.pt --img 320 "
      "--tolerance 1pt --calibration datasets/parts/calib/images");
  command->callback([arguments, &action] { action = [arguments] { return poc(*arguments); }; });
}

}  // namespace qyolo::cli
