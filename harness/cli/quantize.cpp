#include "harness/evaluate/quantize_files.h"

#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/evaluation_arguments.h"

namespace qyolo::cli {
namespace {

struct QuantizeArguments {
  std::string model;
  CellArguments cell;
  std::string regions = "raw";
  std::string out, dequantized;
  CalibrationArguments calibration;
  int image_size = harness::EvaluationOptions().image_size;
  ExecutorArguments executor;
  int threads = 0;
};

Result<int> quantize(const QuantizeArguments& arguments) {
  harness::QuantizeRequest request;
  QYOLO_TRY(request.cell, arguments.cell.cell());
  QYOLO_TRY(request.regions, quant::parse_region_coding(arguments.regions));
  request.model = arguments.model;
  request.artifact = arguments.out;
  request.dequantized = arguments.dequantized;
  if (request.cell.rounds_by_inputs()) {
    QYOLO_TRY(request.calibration, arguments.calibration.for_cell(request.cell));
  }
  request.image_size = arguments.image_size;
  request.threads = arguments.threads;
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.executor.factory());
  QYOLO_TRY(const harness::QuantizeReport report, harness::quantize_files(request, factory));
  print("{}", harness::quantize_text(request, report));
  return 0;
}

}  // namespace

void add_quantize(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<QuantizeArguments>();
  CLI::App* command = app.add_subcommand(
      "quantize",
      "Quantize a checkpoint into a packed artifact, which other commands take as model, or into a "
      "checkpoint for official tools");
  command->add_option("checkpoint", arguments->model, "Checkpoint")
      ->type_name(kFileType)
      ->required();
  arguments->cell.add_to(*command);
  arguments->calibration.add_to(*command);
  add_image_size(*command, arguments->image_size,
                 "Long side of the network input that calibration images are seen at, pixels");
  arguments->executor.add_to(*command, false);
  command
      ->add_option("--regions", arguments->regions,
                   "Region bits of piecewise-linear schemes: raw or entropy (coded, smaller)")
      ->check(CLI::IsMember({"raw", "entropy"}))
      ->capture_default_str();
  command->add_option("-o,--out", arguments->out, "Artifact (.safetensors); replaced if it exists")
      ->type_name(kFileType)
      ->check(written());
  command
      ->add_option("--dequantize", arguments->dequantized,
                   "Checkpoint (.pt) that official tools load as they load the original, with "
                   "the reconstructed weights in it; as large as the original")
      ->type_name(kFileType)
      ->check(written());
  add_threads(*command, arguments->threads);
  command->footer(
      "Example: qyolo quantize datasets/parts/parts-yolov7-w025.pt --scheme pwlq --bits 4 "
      "--granularity filter -o parts-pwlq4.safetensors --dequantize parts-pwlq4.pt");
  command->callback(
      [arguments, &action] { action = [arguments] { return quantize(*arguments); }; });
}

}  // namespace qyolo::cli
