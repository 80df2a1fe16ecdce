#include "datasets/doctor.h"

#include "datasets/doctor_report.h"
#include "datasets/image_pipeline.h"
#include "harness/cli/command.h"
#include "harness/cli/evaluation_arguments.h"
#include "harness/cli/output.h"
#include "harness/network/source_network.h"

namespace qyolo::cli {
namespace {

using datasets::Severity;

struct DoctorArguments {
  DataArguments data;
  std::string calibration, model;
  datasets::DoctorOptions options;
  bool strict = false;
  Output output{{"text", "json"}};
};

Result<int> doctor(DoctorArguments arguments) {
  if (!arguments.calibration.empty()) arguments.options.calibration = arguments.calibration;
  if (!arguments.model.empty()) {
    QYOLO_TRY(const auto network, harness::SourceNetwork::open(arguments.model));
    arguments.options.model_classes = network.graph().class_names;
    QYOLO_CHECK_OK(arguments.data.read_class_map(arguments.options.class_rules.class_of_category));
  }
  arguments.options.examine_image = &datasets::examine_image;
  QYOLO_CHECK_OK(arguments.data.check());
  arguments.options.split = arguments.data.split;
  QYOLO_TRY(const datasets::DoctorReport report,
            datasets::examine_dataset(
                arguments.data.images,
                arguments.data.data.empty() ? arguments.data.annotations : arguments.data.data,
                arguments.options));
  for (const std::string& warning : report.warnings) say("warning: {}\n", warning);
  arguments.output.print({[&] { return datasets::doctor_text(report); },
                          {},
                          [&] { return results::document_text(datasets::doctor_json(report)); }});
  const bool errors = report.count(Severity::kError) > 0;
  const bool warnings = report.count(Severity::kWarning) > 0;
  return errors || (arguments.strict && warnings) ? 1 : 0;
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<DoctorArguments>();
  CLI::App* command = app.add_subcommand(
      "doctor", "Check a dataset before anything is measured on it: boxes, classes, leakage");
  arguments->data.add_to(*command);
  command
      ->add_option("--calibration", arguments->calibration,
                   "Folder of calibration images, which should not be evaluated on")
      ->type_name(kFolderType);
  add_model(*command, arguments->model,
            "Checkpoint or artifact whose classes the categories should be");
  command
      ->add_option("--min-objects", arguments->options.min_objects,
                   "A class with fewer objects is remarked on")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--examples", arguments->options.examples, "Shown of each finding")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  command->add_flag("--strict", arguments->strict, "Exit with 1 where there are warnings, too");
  add_threads(*command, arguments->options.threads);
  arguments->output.add_to(*command);
  command->footer(
      "Exit codes: 0 nothing is wrong (or only warned of), 1 there are errors (images that are "
      "missing, boxes that cannot be read, ...), 2 bad usage or input.\n"
      "Example: qyolo doctor --images datasets/parts/val/images --annotations "
      "datasets/parts/val/annotations.json --calibration datasets/parts/calib/images --model "
      "datasets/parts/parts-yolov7-w025.pt");
  command->callback([arguments, &action] { action = [arguments] { return doctor(*arguments); }; });
}

}  // namespace qyolo::cli
