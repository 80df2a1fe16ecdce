#include "harness/cli/evaluation_arguments.h"

#include "harness/cli/command_usage.h"

namespace qyolo::cli {

CLI::Option* add_model(CLI::App& command, std::string& model, const std::string& help) {
  return command.add_option("--model", model, help)->type_name(kFileType);
}

CLI::Option* add_image_size(CLI::App& command, int& image_size, const std::string& help) {
  return command.add_option("--img", image_size, help)
      ->check(CLI::Range(32, 8192))
      ->capture_default_str();
}

CLI::Option* add_confidence(CLI::App& command, double& confidence) {
  return command.add_option("--conf", confidence, "Confidence threshold")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
}

CLI::Option* add_nms_iou(CLI::App& command, double& iou) {
  return command.add_option("--iou", iou, "NMS IoU threshold")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
}

CLI::Option* add_limit(CLI::App& command, ImageLimit& limit) {
  return command
      .add_option_function<std::string>(
          "--limit",
          [&limit](const std::string& text) {
            const auto parsed = parse_image_limit(text);
            if (!parsed.ok()) throw CLI::ValidationError("--limit", parsed.error().message);
            limit = *parsed;
          },
          "Only N images, a random sample of all kinds (N:SEED: another one; first:N: the first by "
          "file name; 0: all)")
      ->type_name("N");
}

CLI::Option* add_ignore_class_names(CLI::App& command, bool& ignore) {
  return command.add_flag("--ignore-class-names", ignore,
                          "Map classes by order even where names differ");
}

CLI::Option* add_threads(CLI::App& command, int& threads) {
  return command.add_option("--threads", threads, "Threads (default: all)");
}

void add_annotations_and_detections(CLI::App& command, std::string& annotations,
                                    std::string& detections) {
  command.add_option("annotations", annotations, "COCO annotation file")
      ->type_name(kFileType)
      ->required();
  command.add_option("detections", detections, "COCO results file")
      ->type_name(kFileType)
      ->required();
}

void EvaluationArguments::add_to(CLI::App& command, bool precisions) {
  add_model(command, model)->required();
  data.add_to(command);
  add_image_size(command, options.image_size);
  add_limit(command, options.limit);
  add_ignore_class_names(command, options.ignore_class_names);
  executor.add_to(command, precisions);
  add_threads(command, threads);
}

Result<harness::EvaluatorConfig> EvaluationArguments::config() const {
  harness::EvaluatorConfig config;
  config.model = model;
  config.options = options;
  QYOLO_CHECK_OK(data.apply(config));
  config.threads = threads;
  return config;
}

Result<std::unique_ptr<harness::Evaluator>> EvaluationArguments::open(
    std::optional<harness::CalibrationSet> calibration) const {
  QYOLO_TRY(harness::EvaluatorConfig config, this->config());
  config.calibration = std::move(calibration);
  QYOLO_TRY(const harness::ExecutorFactory factory, executor.factory());
  return harness::Evaluator::open(config, factory);
}

}  // namespace qyolo::cli
