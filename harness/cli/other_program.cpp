#include "harness/cli/other_program.h"

#include "harness/cli/command.h"
#include "harness/cli/command_usage.h"
#include "harness/cli/executor_arguments.h"
#include "harness/evaluate/preprocessing.h"

namespace qyolo::cli {

void OtherProgramArguments::add_to(CLI::App& command) {
  command
      .add_option("--network", network,
                  "What another program ran to make the detections (a file that `qyolo export` "
                  "wrote, an artifact, or a checkpoint): it is run on a few of the images, to say "
                  "whether channels, scaling, letterbox or boxes were others there")
      ->type_name(kFileType);
}

Status OtherProgramArguments::check(const std::string& images) const {
  if (network.empty() || !images.empty()) return {};
  return error("--network needs --images, the folder of the images");
}

Status OtherProgramArguments::examine(const Files& files) const {
  if (network.empty()) return {};
  harness::EvaluatorConfig config;
  config.model = network;
  config.images = files.images;
  config.annotations = files.annotations;
  config.options.image_size = files.image_size;
  config.threads = files.threads;
  QYOLO_TRY(const harness::ExecutorFactory factory, ExecutorArguments{}.factory());
  QYOLO_TRY(const harness::PreprocessingCheck check,
            harness::check_detections(config, factory, files.detections));
  say("{}{}\n", check.mistake.empty() ? "" : "warning: ", check.sentence("detections"));
  return {};
}

}  // namespace qyolo::cli
