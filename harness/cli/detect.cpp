#include <glob.h>

#include <algorithm>

#include "common/file.h"
#include "datasets/image_folder.h"
#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/evaluation_arguments.h"
#include "harness/cli/executor_arguments.h"
#include "harness/evaluate/detector.h"
#include "harness/pictures/draw_boxes.h"
#include "harness/pictures/video.h"

namespace qyolo::cli {
namespace {

namespace fs = std::filesystem;

struct DetectArguments {
  std::vector<std::string> images;
  std::string model;
  CellArguments cell;
  harness::DetectorOptions options;
  std::int64_t every = 1;  // frame of a video
  std::string out = "detections";
  std::string output = "text";
  ExecutorArguments executor;
};

// An image or a video, and where its picture, or what belongs to the video, goes below --out.
struct Subject {
  fs::path image;
  fs::path drawn;
  bool video = false;
};

bool is_video(const fs::path& path) { return datasets::has_video_extension(path); }

// All images of a folder, also below it. Videos are counted only: phones put them beside photos.
Status add_images_of(const fs::path& folder, std::vector<Subject>& subjects) {
  std::vector<fs::path> images;
  std::size_t videos = 0;
  std::error_code code;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         code);
  for (const fs::recursive_directory_iterator end; !code && entry != end; entry.increment(code)) {
    std::error_code ignored;
    const bool hidden = entry->path().filename().string().starts_with('.');
    if (hidden && entry->is_directory(ignored)) entry.disable_recursion_pending();
    if (!hidden && datasets::has_image_extension(entry->path()) && entry->is_regular_file(ignored))
      images.push_back(entry->path());
    videos += !hidden && is_video(entry->path()) && entry->is_regular_file(ignored) ? 1 : 0;
  }
  if (code) return error("{}: {}", folder.string(), code.message());
  if (images.empty()) return error("the folder {} has no images", folder.string());
  if (videos > 0)
    say("warning: {} videos of the folder {} are left out; name them to have them\n", videos,
        folder.string());
  std::sort(images.begin(), images.end());
  for (const fs::path& image : images)
    subjects.push_back({image, image.lexically_relative(folder), false});
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
      subjects.push_back({one, fs::path(one).filename(), is_video(one)});
    } else {
      glob_t found{};
      const int outcome = ::glob(one.c_str(), 0, nullptr, &found);
      for (std::size_t i = 0; outcome == 0 && i < found.gl_pathc; ++i) {
        const fs::path path = found.gl_pathv[i];
        if (fs::is_regular_file(path, code))
          subjects.push_back({path, path.filename(), is_video(path)});
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
    if (subject.video) {
      const fs::path document = fs::path(subject.drawn) += ".json";
      outputs.push_back({fmt::format("the detections of {},", subject.image.string()), document});
    }
    outputs.push_back({fmt::format("the picture of {},", subject.image.string()),
                       subject.video ? fs::path(subject.drawn) += ".frames" : subject.drawn});
  }
  protect_inputs(inputs);  // a video's frames have no names yet
  return check_outputs(inputs, outputs);
}

OrderedJson json_of(const std::vector<LabelledBox>& boxes) {
  OrderedJson found = OrderedJson::array();
  for (const LabelledBox& box : boxes)
    found.push_back({{"class", box.name}, {"score", box.score}, {"bbox", box.bbox}});
  return found;
}

Result<OrderedJson> detect_image(harness::Detector& detector, const Subject& subject, bool text) {
  const std::string image = subject.image.string();
  QYOLO_TRY(const datasets::ImageDamage damage, datasets::examine_image(subject.image));
  if (damage.count > 0)
    say("warning: {} is damaged and decoded all the same: {}\n", image, damage.first);
  QYOLO_TRY(const std::vector<LabelledBox> boxes, detector.detect(image));
  QYOLO_CHECK_OK(create_folder(subject.drawn.parent_path()));
  QYOLO_CHECK_OK(harness::draw_boxes(image, boxes, subject.drawn));
  if (text) print("{}: {} objects -> {}\n", image, boxes.size(), subject.drawn.string());
  return OrderedJson{
      {"image", image}, {"drawn", subject.drawn.string()}, {"detections", json_of(boxes)}};
}

// Passes over the frames up to the next one that is looked at; false behind the last one.
Result<bool> pass_over(harness::VideoReader& video, std::int64_t frames) {
  for (std::int64_t i = 0; i < frames; ++i) {
    QYOLO_TRY(const bool more, video.skip());
    if (!more) return false;
  }
  return true;
}

// Pictures in NAME.frames, and NAME.json.
Result<OrderedJson> detect_video(harness::Detector& detector, const Subject& subject,
                                 std::int64_t every, bool text) {
  const std::string name = subject.image.string();
  QYOLO_TRY(const std::unique_ptr<harness::VideoReader> video, harness::open_video(subject.image));
  const harness::VideoFacts& facts = video->facts();
  const fs::path folder = fs::path(subject.drawn) += ".frames";
  const fs::path document = fs::path(subject.drawn) += ".json";
  QYOLO_CHECK_OK(create_folder(folder));
  OrderedJson frames = OrderedJson::array();
  datasets::Picture picture;
  std::size_t objects = 0;
  std::int64_t frame = 0;
  for (;; ++frame) {
    QYOLO_TRY(const bool more, video->next(picture));
    if (!more) break;
    const std::string called = fmt::format("{}: frame {}", name, frame);
    QYOLO_TRY(const std::vector<LabelledBox> boxes, detector.detect(picture, called));
    const fs::path drawn = folder / fmt::format("{:06}.jpg", frame);
    QYOLO_CHECK_OK(harness::draw_boxes_on(picture, called, boxes, drawn));
    OrderedJson one = {{"frame", frame}};
    if (facts.frames_per_second > 0)
      one["seconds"] = static_cast<double>(frame) / facts.frames_per_second;
    one["drawn"] = drawn.string();
    one["detections"] = json_of(boxes);
    frames.push_back(std::move(one));
    objects += boxes.size();
    QYOLO_TRY(const bool further, pass_over(*video, every - 1));
    frame += every - 1;
    if (!further) break;
  }
  if (frames.empty()) return error("{} has no frame that can be decoded", name);
  if (frame < facts.frames)
    say("warning: {}: {} of the {} frames that its header says could be read\n", name, frame,
        facts.frames);
  OrderedJson result = {{"video", name},
                        {"width", facts.width},
                        {"height", facts.height},
                        {"frames_per_second", facts.frames_per_second}};
  const std::size_t count = frames.size();
  result["frames"] = std::move(frames);
  QYOLO_CHECK_OK(write_file(document, result.dump(2) + "\n"));
  if (text)
    print("{}: {} frames, {} objects -> {}, {}\n", name, count, objects, folder.string(),
          document.string());
  return result;
}

Result<int> detect(const DetectArguments& arguments) {
  QYOLO_TRY(std::vector<Subject> subjects, subjects_of(arguments.images));
  QYOLO_CHECK_OK(place_pictures(arguments, subjects));
  // A video that cannot be read is said before a network is loaded.
  for (const Subject& subject : subjects) {
    if (!subject.video) continue;
    QYOLO_TRY([[maybe_unused]] const auto video, harness::open_video(subject.image));
  }
  QYOLO_TRY(const harness::Cell cell, arguments.cell.cell());
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.executor.factory());
  QYOLO_TRY(const auto detector,
            harness::Detector::open(arguments.model, cell, arguments.options, factory));
  if (!detector->warning().empty()) say("warning: {}\n", detector->warning());
  QYOLO_CHECK_OK(create_folder(arguments.out));
  const bool text = arguments.output == "text";
  OrderedJson document = OrderedJson::array();
  for (const Subject& subject : subjects) {
    if (subject.video) {
      QYOLO_TRY(OrderedJson found, detect_video(*detector, subject, arguments.every, text));
      document.push_back(std::move(found));
    } else {
      QYOLO_TRY(OrderedJson found, detect_image(*detector, subject, text));
      document.push_back(std::move(found));
    }
  }
  if (!text) print_json(document);
  return 0;
}

}  // namespace

void add_detect(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<DetectArguments>();
  CLI::App* command =
      app.add_subcommand("detect", "Detect on images and videos and draw the boxes");
  command
      ->add_option(
          "images", arguments->images,
          "Images, videos (avi, mp4, mov, mkv, webm), folders of images (also below them), "
          "patterns (\"in/*.jpg\")")
      ->type_name(kFileType)
      ->required();
  add_model(*command, arguments->model)->required();
  arguments->cell.add_to(*command);
  harness::DetectorOptions& options = arguments->options;
  add_image_size(*command, options.image_size);
  add_confidence(*command, options.confidence);
  add_nms_iou(*command, options.iou);
  arguments->executor.add_to(*command);
  arguments->executor.add_device_to(*command);
  add_threads(*command, options.threads);
  command
      ->add_option("--every", arguments->every, "Of a video, only each N-th frame, from the first")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command
      ->add_option("--out", arguments->out,
                   "Folder for the pictures; of a video NAME: NAME.json, and the frames in "
                   "NAME.frames")
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
