#include <filesystem>

#include "common/yaml.h"
#include "datasets/coco_json.h"
#include "datasets/dataset.h"
#include "datasets/image_header.h"
#include "datasets/voc.h"
#include "datasets/yolo.h"
#include "harness/cli/command.h"
#include "harness/cli/data_arguments.h"

namespace qyolo::cli {
namespace {

namespace fs = std::filesystem;

struct ConvertArguments {
  DataArguments data;
  std::string voc;
  std::string to = "coco";
  std::string out;
};

Result<datasets::Dataset> read(const ConvertArguments& arguments) {
  if (arguments.voc.empty()) {
    QYOLO_CHECK_OK(arguments.data.check());
    return datasets::open_dataset(
        arguments.data.images,
        arguments.data.data.empty() ? arguments.data.annotations : arguments.data.data, {},
        arguments.data.split);
  }
  if (!arguments.data.data.empty() || !arguments.data.annotations.empty())
    return error("--voc goes with --images alone");
  if (arguments.data.images.empty()) return error("--voc needs --images, the image folder");
  QYOLO_TRY(GroundTruth truth, datasets::read_voc(arguments.voc, arguments.data.images));
  return datasets::dataset_of(std::move(truth), arguments.data.images, arguments.voc);
}

// Sizes that the annotations do not say are those of the files.
Status fill_sizes(datasets::Dataset& dataset) {
  for (std::size_t i = 0; i < dataset.truth.images.size(); ++i) {
    ImageInfo& image = dataset.truth.images[i];
    if (image.width > 0 && image.height > 0) continue;
    QYOLO_TRY(const auto facts, datasets::read_image_facts(dataset.image_paths[i]));
    image.width = facts.header.size.width;
    image.height = facts.header.size.height;
  }
  return {};
}

Result<int> convert(const ConvertArguments& arguments) {
  QYOLO_TRY(datasets::Dataset dataset, read(arguments));
  QYOLO_CHECK_OK(fill_sizes(dataset));
  std::vector<std::string> notes = dataset.truth.warnings;
  if (arguments.to == "coco") {
    QYOLO_CHECK_OK(datasets::write_coco_annotations(arguments.out, dataset.truth));
  } else if (arguments.to == "yolo") {
    QYOLO_CHECK_OK(datasets::write_yolo(dataset.truth, dataset.image_paths, arguments.out, notes));
  } else {
    QYOLO_CHECK_OK(datasets::write_voc(dataset.truth, arguments.out));
  }
  for (const std::string& note : notes) say("warning: {}\n", note);
  print("{}: {} images, {} objects, {} categories", arguments.out, dataset.truth.images.size(),
        dataset.truth.annotations.size(), dataset.truth.categories.size());
  if (arguments.to == "coco") print("; file names are below {}", dataset.images_folder.string());
  print("\n");
  return 0;
}

}  // namespace

void add_convert(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ConvertArguments>();
  CLI::App* command = app.add_subcommand(
      "convert", "Annotations from one layout into another: COCO, YOLO, Pascal VOC");
  arguments->data.add_to(*command);
  command
      ->add_option("--voc", arguments->voc, "Folder of Pascal VOC annotations (XML), with --images")
      ->type_name(kFolderType);
  command->add_option("--to", arguments->to, "coco (a file), yolo or voc (a folder)")
      ->check(CLI::IsMember({"coco", "yolo", "voc"}))
      ->capture_default_str();
  command
      ->add_option(
          "-o,--out", arguments->out,
          "The COCO annotation file, or the folder: of YOLO with data.yaml, labels/ and in "
          "images/ links to the images, of VOC with one XML file per image")
      ->type_name(kFileType)
      ->check(written())
      ->required();
  command->footer(
      "Example: qyolo convert --data data.yaml -o annotations.json\n"
      "         qyolo convert --voc Annotations --images JPEGImages -o annotations.json\n"
      "         qyolo convert --images datasets/parts/val/images --annotations "
      "datasets/parts/val/annotations.json --to yolo -o parts-yolo");
  command->callback([arguments, &action] { action = [arguments] { return convert(*arguments); }; });
}

}  // namespace qyolo::cli
