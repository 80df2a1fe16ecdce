#include "datasets/doctor.h"

#include "common/grouped.h"
#include "datasets/image_pipeline.h"
#include "harness/cli/command.h"
#include "harness/cli/data_arguments.h"
#include "harness/network/source_network.h"
#include "results/text.h"

namespace qyolo::cli {
namespace {

using datasets::Check;
using datasets::Severity;

struct DoctorArguments {
  DataArguments data;
  std::string calibration, model;
  datasets::DoctorOptions options;
  bool strict = false;
  std::string output = "text";
};

OrderedJson report_json(const datasets::DoctorReport& report) {
  OrderedJson json = {{"images", report.images},
                      {"objects", report.objects},
                      {"crowds", report.crowds},
                      {"calibration_images", report.calibration_images}};
  json["classes"] = OrderedJson::array();
  for (const datasets::ClassCount& one : report.classes) {
    json["classes"].push_back({{"category_id", id_json(report.category_ids, one.category.id)},
                               {"name", one.category.name},
                               {"objects", one.objects},
                               {"images", one.images}});
  }
  for (const Severity severity : {Severity::kError, Severity::kWarning, Severity::kInfo})
    json["kinds"][std::string(datasets::severity_name(severity))] = report.count(severity);
  json["findings"] = OrderedJson::array();
  for (const datasets::Finding& finding : report.findings) {
    const datasets::CheckText& text = datasets::text_of(finding.check);
    OrderedJson examples = OrderedJson::array();
    for (const datasets::FindingExample& example : finding.examples) {
      OrderedJson entry;
      if (!example.image.empty()) entry["image"] = example.image;
      if (example.annotation_id) entry["annotation_id"] = *example.annotation_id;
      if (!example.detail.empty()) entry["detail"] = example.detail;
      examples.push_back(std::move(entry));
    }
    json["findings"].push_back({{"check", text.name},
                                {"severity", datasets::severity_name(text.severity)},
                                {"count", finding.count},
                                {"examples", std::move(examples)}});
  }
  return json;
}

std::string example_text(const datasets::FindingExample& example) {
  std::string text = results::plain_text(example.image);
  if (example.annotation_id) text += fmt::format(", annotation {}", *example.annotation_id);
  if (!example.detail.empty()) {
    text += text.empty() ? "" : ": ";
    text += results::plain_text(example.detail);
  }
  return text;
}

std::string report_text(const datasets::DoctorReport& report) {
  const auto number = [](std::int64_t value) { return grouped(static_cast<std::uint64_t>(value)); };
  std::string text = fmt::format("{} images, {} objects of {} classes", number(report.images),
                                 number(report.objects), report.classes.size());
  if (report.crowds > 0) text += fmt::format(", {} crowds", number(report.crowds));
  if (report.calibration_images > 0)
    text += fmt::format("; {} calibration images", number(report.calibration_images));
  text += ".\n";
  if (report.findings.empty()) return text + "Nothing was found.\n";
  text += fmt::format("Kinds of findings: errors {}, warnings {}, remarks {}.\n",
                      report.count(Severity::kError), report.count(Severity::kWarning),
                      report.count(Severity::kInfo));
  for (const Severity severity : {Severity::kError, Severity::kWarning, Severity::kInfo}) {
    for (const datasets::Finding& finding : report.findings) {
      const datasets::CheckText& what = datasets::text_of(finding.check);
      if (what.severity != severity) continue;
      text += fmt::format("\n{:<8} {}: {}\n", datasets::severity_name(severity), what.text,
                          number(finding.count));
      for (const datasets::FindingExample& example : finding.examples)
        text += fmt::format("           {}\n", example_text(example));
    }
  }
  return text;
}

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
  if (arguments.output == "json") {
    print_json(report_json(report));
  } else {
    print("{}", report_text(report));
  }
  const bool found = report.count(Severity::kError) + report.count(Severity::kWarning) > 0;
  return arguments.strict && found ? 1 : 0;
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
  command
      ->add_option("--model", arguments->model,
                   "Checkpoint or artifact whose classes the categories should be")
      ->type_name(kFileType);
  command
      ->add_option("--min-objects", arguments->options.min_objects,
                   "A class with fewer objects is remarked on")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--examples", arguments->options.examples, "Shown of each finding")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  command->add_flag("--strict", arguments->strict,
                    "Exit with 1 where there are errors or warnings");
  command->add_option("--threads", arguments->options.threads, "Threads (default: all)");
  command->add_option("-o,--output", arguments->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->footer(
      "Example: qyolo doctor --images datasets/parts/val/images --annotations "
      "datasets/parts/val/annotations.json --calibration datasets/parts/calib/images --model "
      "datasets/parts/parts-yolov7-w025.pt");
  command->callback([arguments, &action] { action = [arguments] { return doctor(*arguments); }; });
}

}  // namespace qyolo::cli
