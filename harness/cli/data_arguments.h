// The annotated images that a subcommand works on, as command-line options.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "common/class_rules.h"
#include "common/result.h"

namespace qyolo::cli {

struct DataArguments {
  std::string images, annotations, class_map;

  void add_to(CLI::App& command);
  // Only --class-map.
  void add_class_map_to(CLI::App& command);
  // Reads the class map, if there is one.
  Status read_class_map(std::map<std::string, std::string>& map) const;
};

}  // namespace qyolo::cli
