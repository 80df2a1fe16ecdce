#include "harness/detections/diagnosis.h"

#include <cmath>

#include "common/file.h"
#include "harness/cli/command.h"
#include "harness/cli/evaluation_arguments.h"
#include "harness/cli/look_arguments.h"
#include "harness/cli/output.h"
#include "harness/detections/diagnosis_charts.h"

namespace qyolo::cli {
namespace {

struct DiagnoseArguments {
  std::string truth;
  std::string detections;
  std::optional<std::string> baseline;
  std::string out;
  LookArguments look;
  Output output{{"text", "csv", "json"}};
  harness::DiagnosisOptions options;
};

Status write_charts(const results::DiagnosisRecord& diagnosis, const std::filesystem::path& folder,
                    const plots::Look& look) {
  const std::vector<harness::NamedChart> charts = harness::diagnosis_charts(diagnosis, look);
  if (charts.empty()) return error("the annotations have no objects: there is nothing to draw");
  QYOLO_CHECK_OK(create_folder(folder));
  for (const harness::NamedChart& chart : charts) {
    QYOLO_CHECK_OK(write_file(folder / chart.file, chart.svg));
    say("{}\n", (folder / chart.file).string());
  }
  return {};
}

Result<int> diagnose(const DiagnoseArguments& arguments) {
  if (arguments.baseline && arguments.baseline->empty())
    return error("--against is empty, expected a results file");
  if (arguments.options.confidence && !std::isfinite(*arguments.options.confidence))
    return error("--confidence is {}, expected a finite number", *arguments.options.confidence);
  QYOLO_TRY(const harness::Diagnosis diagnosis,
            harness::diagnose_files(arguments.truth, arguments.detections,
                                    arguments.baseline.value_or(""), arguments.options));
  for (const std::string& warning : diagnosis.warnings) say("warning: {}\n", warning);
  if (!arguments.out.empty())
    QYOLO_CHECK_OK(write_charts(diagnosis.record, arguments.out, arguments.look.look()));
  arguments.output.print(results::renderers_of(diagnosis.record));
  return 0;
}

}  // namespace

void add_diagnose(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<DiagnoseArguments>();
  CLI::App* command = app.add_subcommand(
      "diagnose", "What is behind the AP of a results file: error types, curves, confusions");
  add_annotations_and_detections(*command, arguments->truth, arguments->detections);
  command
      ->add_option("--against", arguments->baseline,
                   "Results file of the baseline, on the same images: also how confidences shift")
      ->type_name(kFileType);
  command->add_option("--out", arguments->out, "Folder for charts (SVG)")
      ->type_name(kFolderType)
      ->check(written());
  command->add_option("--confidence", arguments->options.confidence,
                      "Of the confusion matrix (default: that of the best mean F1)");
  arguments->look.add_to(*command);
  add_threads(*command, arguments->options.threads);
  arguments->output.add_to(*command);
  command->footer(
      "Example: qyolo diagnose instances_val2017.json int4.json --against fp32.json --out charts");
  command->callback(
      [arguments, &action] { action = [arguments] { return diagnose(*arguments); }; });
}

}  // namespace qyolo::cli
