#include "harness/cli/data_arguments.h"

#include "harness/cli/command_usage.h"

namespace qyolo::cli {

void DataArguments::add_to(CLI::App& command) {
  command.add_option("--images", images, "Image folder")->type_name(kFolderType)->required();
  command.add_option("--annotations", annotations, "COCO annotation file")
      ->type_name(kFileType)
      ->required();
  add_class_map_to(command);
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
