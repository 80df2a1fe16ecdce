// Which network on which data, and how: the options that commands share, one by one and, for those
// that evaluate a network on annotated images, together.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "harness/cli/data_arguments.h"
#include "harness/cli/executor_arguments.h"
#include "harness/evaluate/evaluation.h"

namespace qyolo::cli {

CLI::Option* add_model(CLI::App& command, std::string& model,
                       const std::string& help = "Checkpoint, or an artifact of `qyolo quantize`");
CLI::Option* add_image_size(CLI::App& command, int& image_size,
                            const std::string& help = "Long side of the network input, pixels");
CLI::Option* add_confidence(CLI::App& command, double& confidence);
CLI::Option* add_nms_iou(CLI::App& command, double& iou);
CLI::Option* add_limit(CLI::App& command, ImageLimit& limit);
CLI::Option* add_ignore_class_names(CLI::App& command, bool& ignore);
CLI::Option* add_threads(CLI::App& command, int& threads);

// The two files that detections are judged by, as positionals.
void add_annotations_and_detections(CLI::App& command, std::string& annotations,
                                    std::string& detections);

struct EvaluationArguments {
  std::string model;
  DataArguments data;
  harness::EvaluationOptions options;
  int threads = 0;
  ExecutorArguments executor;

  // --model, the data, --img, --limit, --ignore-class-names, --engine, --threads, and with
  // `precisions` --precision. --model is required.
  void add_to(CLI::App& command, bool precisions);
  // Checks that there is data.
  [[nodiscard]] Result<harness::EvaluatorConfig> config() const;
  [[nodiscard]] Result<std::unique_ptr<harness::Evaluator>> open(
      std::optional<harness::CalibrationSet> calibration = std::nullopt) const;
};

}  // namespace qyolo::cli
