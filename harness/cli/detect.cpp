#include "common/file.h"
#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/executor_arguments.h"
#include "harness/evaluate/detector.h"
#include "harness/pictures/draw_boxes.h"

namespace qyolo::cli {
namespace {

namespace fs = std::filesystem;

struct DetectArguments {
  std::vector<std::string> images;
  std::string model;
  CellArguments cell;
  harness::DetectorOptions options;
  std::string out = "detections";
  std::string output = "text";
  ExecutorArguments executor;
};

// Where each picture goes. Fails where one would replace an input, or another picture.
Result<std::vector<fs::path>> drawn_paths(const DetectArguments& arguments) {
  std::vector<NamedPath> inputs = {{"model", arguments.model}};
  std::vector<NamedPath> outputs;
  std::vector<fs::path> paths;
  for (const std::string& image : arguments.images) {
    inputs.push_back({"image", image});
    paths.push_back(fs::path(arguments.out) / fs::path(image).filename());
    outputs.push_back({fmt::format("the picture of {},", image), paths.back()});
  }
  QYOLO_CHECK_OK(check_outputs(inputs, outputs));
  return paths;
}

Result<int> detect(const DetectArguments& arguments) {
  QYOLO_TRY(const std::vector<fs::path> paths, drawn_paths(arguments));
  QYOLO_TRY(const harness::Cell cell, arguments.cell.cell());
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.executor.factory());
  QYOLO_TRY(const auto detector,
            harness::Detector::open(arguments.model, cell, arguments.options, factory));
  if (!detector->warning().empty()) say("warning: {}\n", detector->warning());
  QYOLO_CHECK_OK(create_folder(arguments.out));
  OrderedJson document = OrderedJson::array();
  for (std::size_t i = 0; i < arguments.images.size(); ++i) {
    const std::string& image = arguments.images[i];
    const fs::path& drawn = paths[i];
    QYOLO_TRY(const std::vector<LabelledBox> boxes, detector->detect(image));
    QYOLO_CHECK_OK(harness::draw_boxes(image, boxes, drawn));
    OrderedJson found = OrderedJson::array();
    for (const LabelledBox& box : boxes) {
      found.push_back({{"class", box.name}, {"score", box.score}, {"bbox", box.bbox}});
    }
    document.push_back(
        {{"image", image}, {"drawn", drawn.string()}, {"detections", std::move(found)}});
    if (arguments.output == "text")
      print("{}: {} objects -> {}\n", image, boxes.size(), drawn.string());
  }
  if (arguments.output == "json") print_json(document);
  return 0;
}

}  // namespace

void add_detect(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<DetectArguments>();
  CLI::App* command = app.add_subcommand("detect", "Detect on images and draw the boxes");
  command->add_option("images", arguments->images, "Images")->type_name(kFileType)->required();
  command->add_option("--model", arguments->model, "Checkpoint, or an artifact of `qyolo quantize`")
      ->type_name(kFileType)
      ->required();
  arguments->cell.add_to(*command);
  harness::DetectorOptions& options = arguments->options;
  command->add_option("--img", options.image_size, "Long side of the network input, pixels")
      ->check(CLI::Range(32, 8192))
      ->capture_default_str();
  command->add_option("--conf", options.confidence, "Confidence threshold")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--iou", options.iou, "NMS IoU threshold")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  arguments->executor.add_to(*command);
  command->add_option("--threads", options.threads, "Threads (default: all)");
  command->add_option("--out", arguments->out, "Folder for the pictures")
      ->type_name(kFolderType)
      ->check(written())
      ->capture_default_str();
  command->add_option("-o,--output", arguments->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->footer(
      "Example: qyolo detect photo.jpg --model yolov7.pt --scheme affine --bits 4 --granularity "
      "filter");
  command->callback([arguments, &action] { action = [arguments] { return detect(*arguments); }; });
}

}  // namespace qyolo::cli
