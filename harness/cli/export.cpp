#include "harness/evaluate/export_network.h"

#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/evaluation_arguments.h"

namespace qyolo::cli {
namespace {

struct ExportArguments {
  std::string model, out;
  CellArguments cell;
  CalibrationArguments calibration;
  std::string container = "int8", target = "onnxruntime", head = "boxes", dynamic = "none";
  bool nms = false, fp16 = false;
  int image_size = harness::EvaluationOptions().image_size;
  harness::OnnxOptions options;
  ExecutorArguments executor;
  int threads = 0;
};

Result<harness::OnnxOptions> onnx_options(const ExportArguments& arguments) {
  harness::OnnxOptions options = arguments.options;
  QYOLO_TRY(options.container, harness::parse_onnx_container(arguments.container));
  QYOLO_TRY(options.target, harness::parse_onnx_target(arguments.target));
  QYOLO_TRY(options.head, harness::parse_onnx_head(arguments.head));
  if (arguments.nms) options.head = harness::OnnxHead::kDetections;
  options.float_bits = arguments.fp16 ? 16 : 32;
  options.height = options.width = arguments.image_size;
  if (arguments.dynamic == "batch" || arguments.dynamic == "all") options.batch = 0;
  if (arguments.dynamic == "size" || arguments.dynamic == "all") options.height = options.width = 0;
  return options;
}

Result<int> export_model(const ExportArguments& arguments) {
  harness::ExportRequest request;
  QYOLO_TRY(request.cell, arguments.cell.cell());
  QYOLO_TRY(request.options, onnx_options(arguments));
  request.model = arguments.model;
  request.out = arguments.out;
  if (request.cell.calibrated()) {
    QYOLO_TRY(request.calibration, arguments.calibration.for_cell(request.cell));
  }
  request.image_size = arguments.image_size;
  request.threads = arguments.threads;
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.executor.factory());
  QYOLO_TRY(const harness::ExportReport report, harness::export_network(request, factory));
  print("{}", harness::export_text(request, report));
  return 0;
}

}  // namespace

void add_export(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App* command = app.add_subcommand(
      "export",
      "Write a network as an ONNX file for ONNX Runtime, OpenVINO or TensorRT, quantized as a cell "
      "says");
  command->add_option("model", arguments->model, "Checkpoint, or an artifact of `qyolo quantize`")
      ->type_name(kFileType)
      ->required();
  command->add_option("-o,--out", arguments->out, "ONNX file; replaced if it exists")
      ->type_name(kFileType)
      ->required()
      ->check(written());
  arguments->cell.add_to(*command);
  arguments->calibration.add_to(*command);
  command
      ->add_option("--container", arguments->container,
                   "What codes lie in: int8 (speed: integer convolutions, with --activation-bits), "
                   "int4 (size: two codes of up to 4 bits a byte) or float (compatibility)")
      ->check(CLI::IsMember(harness::onnx_containers()))
      ->capture_default_str();
  command
      ->add_option("--target", arguments->target,
                   "Whose legal forms are used; what they change is said")
      ->check(CLI::IsMember(harness::onnx_targets()))
      ->capture_default_str();
  command
      ->add_option("--head", arguments->head,
                   "Outputs: raw (one map per level) or boxes ([batch, rows, 5 + classes])")
      ->check(CLI::IsMember(std::vector<std::string>{"raw", "boxes"}))
      ->capture_default_str();
  CLI::Option* nms = command->add_flag(
      "--nms", arguments->nms,
      "Boxes through ONNX's NonMaxSuppression: [detections, 7], each image, x1, y1, x2, y2, class, "
      "score");
  harness::OnnxOptions& options = arguments->options;
  command->add_option("--conf", options.confidence, "Confidence threshold of --nms")
      ->check(CLI::Range(0.0, 1.0))
      ->needs(nms)
      ->capture_default_str();
  command->add_option("--iou", options.iou, "IoU threshold of --nms")
      ->check(CLI::Range(0.0, 1.0))
      ->needs(nms)
      ->capture_default_str();
  command
      ->add_option("--max-per-class", options.max_per_class,
                   "Most detections of --nms, per image and class")
      ->check(CLI::Range(1, 100000))
      ->needs(nms)
      ->capture_default_str();
  add_image_size(
      *command, arguments->image_size,
      "Sides of the square input, pixels; calibration images are seen at this size, too");
  command->add_option("--batch", options.batch, "Images of one input")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command
      ->add_option("--dynamic", arguments->dynamic,
                   "What of the input may change from call to call: none, batch, size or all")
      ->check(CLI::IsMember(std::vector<std::string>{"none", "batch", "size", "all"}))
      ->capture_default_str();
  command->add_flag("--fp16", arguments->fp16,
                    "Store weights and biases that are no codes in 16 bits");
  arguments->executor.add_to(*command, false);
  add_threads(*command, arguments->threads);
  command->footer(
      "Example: qyolo export datasets/parts/parts-yolov7-w025.pt --scheme symmetric --bits 8 "
      "--granularity filter --keep head --activation-bits 8 --calibration "
      "datasets/parts/calib/images --img 320 -o parts-w8a8.onnx");
  command->callback(
      [arguments, &action] { action = [arguments] { return export_model(*arguments); }; });
}

}  // namespace qyolo::cli
