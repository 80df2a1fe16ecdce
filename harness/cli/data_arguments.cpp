#include "harness/cli/data_arguments.h"

#include "common/yaml.h"
#include "harness/cli/command_usage.h"

namespace qyolo::cli {

void DataArguments::add_to(CLI::App& command) {
  command.add_option("--images", images, "Image folder")->type_name(kFolderType);
  command.add_option("--annotations", annotations, "COCO annotation file")->type_name(kFileType);
  add_yaml_to(command);
  add_class_map_to(command);
}

void DataArguments::add_yaml_to(CLI::App& command) {
  command
      .add_option(
          "--data", data,
          "Instead of --images and --annotations: data.yaml of a dataset in the YOLO layout, "
          "as YOLOv7's training takes it")
      ->type_name(kFileType);
  command.add_option("--split", split, "Which part of --data")
      ->check(CLI::IsMember({"train", "val", "test"}))
      ->capture_default_str();
}

Status DataArguments::check() const {
  if (!data.empty()) {
    if (!images.empty() || !annotations.empty())
      return error("--data goes without --images and --annotations");
    if (!is_yaml(data))
      return error(
          "{} is no data.yaml (.yaml, .yml); COCO is given with --images and --annotations", data);
    return {};
  }
  if (images.empty()) return error("--images is required, the image folder (or --data data.yaml)");
  if (annotations.empty())
    return error("--annotations is required, a COCO annotation file (or --data data.yaml)");
  return {};
}

Status DataArguments::apply(harness::EvaluatorConfig& config) const {
  QYOLO_CHECK_OK(check());
  config.images = images;
  config.annotations = data.empty() ? annotations : data;
  config.split = split;
  return read_class_map(config.options.class_map);
}

void DataArguments::add_class_map_to(CLI::App& command) {
  command
      .add_option(
          "--class-map", class_map,
          "JSON file, category name -> class name, for annotated categories that are called "
          "otherwise than the network's classes")
      ->type_name(kFileType);
}

Status DataArguments::read_class_map(std::map<std::string, std::string>& map) const {
  if (class_map.empty()) return {};
  QYOLO_TRY(map, qyolo::read_class_map(class_map));
  return {};
}

}  // namespace qyolo::cli
