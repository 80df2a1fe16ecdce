#include <glob.h>

#include <algorithm>

#include "common/file.h"
#include "datasets/image_folder.h"
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

// An image, and where its picture goes below --out.
struct Subject {
  fs::path image;
  fs::path drawn;
};

// All images of a folder, also below it.
Status add_images_of(const fs::path& folder, std::vector<Subject>& subjects) {
  std::vector<fs::path> images;
  std::error_code code;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         code);
  for (const fs::recursive_directory_iterator end; !code && entry != end; entry.increment(code)) {
    std::error_code ignored;
    const bool hidden = entry->path().filename().string().starts_with('.');
    if (hidden && entry->is_directory(ignored)) entry.disable_recursion_pending();
    if (!hidden && datasets::has_image_extension(entry->path()) && entry->is_regular_file(ignored))
      images.push_back(entry->path());
  }
  if (code) return error("{}: {}", folder.string(), code.message());
  if (images.empty()) return error("the folder {} has no images", folder.string());
  std::sort(images.begin(), images.end());
  for (const fs::path& image : images)
    subjects.push_back({image, image.lexically_relative(folder)});
  return {};
}

// Files as they stand, images of folders, and what patterns ("*.jpg") match.
Result<std::vector<Subject>> subjects_of(const std::vector<std::string>& given) {
  std::vector<Subject> subjects;
  for (const std::string& one : given) {
    std::error_code code;
    if (fs::is_directory(one, code)) {
      QYOLO_CHECK_OK(add_images_of(one, subjects));
    } else if (fs::exists(one, code) || one.find_first_of("*?[") == std::string::npos) {
      subjects.push_back({one, fs::path(one).filename()});
    } else {
      glob_t found{};
      const int outcome = ::glob(one.c_str(), 0, nullptr, &found);
      for (std::size_t i = 0; outcome == 0 && i < found.gl_pathc; ++i) {
        const fs::path path = found.gl_pathv[i];
        if (fs::is_regular_file(path, code)) subjects.push_back({path, path.filename()});
      }
      ::globfree(&found);
      if (outcome != 0) return error("{} matches no file", one);
    }
  }
  return subjects;
}

// Where each picture goes. Fails where one would replace an input, or another picture.
Status place_pictures(const DetectArguments& arguments, std::vector<Subject>& subjects) {
  std::vector<NamedPath> inputs = {{"model", arguments.model}};
  std::vector<NamedPath> outputs;
  for (Subject& subject : subjects) {
    inputs.push_back({"image", subject.image});
    subject.drawn = fs::path(arguments.out) / subject.drawn;
    outputs.push_back({fmt::format("the picture of {},", subject.image.string()), subject.drawn});
  }
  return check_outputs(inputs, outputs);
}

Result<int> detect(const DetectArguments& arguments) {
  QYOLO_TRY(std::vector<Subject> subjects, subjects_of(arguments.images));
  QYOLO_CHECK_OK(place_pictures(arguments, subjects));
  QYOLO_TRY(const harness::Cell cell, arguments.cell.cell());
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.executor.factory());
  QYOLO_TRY(const auto detector,
            harness::Detector::open(arguments.model, cell, arguments.options, factory));
  if (!detector->warning().empty()) say("warning: {}\n", detector->warning());
  QYOLO_CHECK_OK(create_folder(arguments.out));
  OrderedJson document = OrderedJson::array();
  for (const Subject& subject : subjects) {
    const std::string image = subject.image.string();
    const fs::path& drawn = subject.drawn;
    QYOLO_TRY(const std::vector<LabelledBox> boxes, detector->detect(image));
    QYOLO_CHECK_OK(create_folder(drawn.parent_path()));
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
  command
      ->add_option("images", arguments->images,
                   "Images, folders of images (also below them), patterns (\"in/*.jpg\")")
      ->type_name(kFileType)
      ->required();
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
