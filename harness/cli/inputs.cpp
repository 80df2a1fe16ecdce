#include "harness/cli/command.h"
#include "harness/cli/data_arguments.h"
#include "harness/cli/evaluation_arguments.h"
#include "harness/cli/progress.h"
#include "harness/evaluate/network_inputs.h"

namespace qyolo::cli {
namespace {

struct InputsArguments {
  std::string model, out;
  DataArguments data;
  harness::EvaluationOptions options;
  bool square = false;
  int threads = 0;
};

Result<int> write_inputs(const InputsArguments& arguments) {
  harness::EvaluatorConfig config;
  config.model = arguments.model;
  config.options = arguments.options;
  config.options.rect = !arguments.square;
  config.threads = arguments.threads;
  config.image_cache_bytes = 0;
  QYOLO_CHECK_OK(arguments.data.apply(config));
  QYOLO_TRY(const harness::WrittenInputs written,
            harness::write_network_inputs(config, arguments.out));
  print("{}: {} images in {} files, and inputs.json\n", arguments.out, written.images,
        written.portions);
  return 0;
}

}  // namespace

void add_inputs(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<InputsArguments>();
  CLI::App* command = app.add_subcommand(
      "inputs",
      "Write the network's inputs on a dataset as NumPy files, for another program to run it on; "
      "`eval --outputs` scores what that makes of them");
  add_model(*command, arguments->model)->required();
  arguments->data.add_to(*command);
  add_image_size(*command, arguments->options.image_size);
  add_limit(*command, arguments->options.limit);
  command->add_option("--batch", arguments->options.batch, "Rect batch (fixes the padded shapes)")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_flag("--square", arguments->square,
                    "One square input for all images instead of rect batches");
  command->add_option("-o,--out", arguments->out, "Folder for the files")
      ->type_name(kFolderType)
      ->required()
      ->check(written());
  add_threads(*command, arguments->threads);
  command->footer(
      "Example: qyolo inputs --model datasets/parts/parts-yolov7-w025.pt --images "
      "datasets/parts/val/images --annotations datasets/parts/val/annotations.json --img 320 "
      "--square -o inputs");
  command->callback(
      [arguments, &action] { action = [arguments] { return write_inputs(*arguments); }; });
}

}  // namespace qyolo::cli
