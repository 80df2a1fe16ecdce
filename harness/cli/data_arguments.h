// The annotated images that a subcommand works on, as command-line options.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "common/class_rules.h"
#include "common/result.h"
#include "harness/evaluate/evaluation.h"

namespace qyolo::cli {

struct DataArguments {
  std::string images, annotations, data, split = "val", class_map;

  // --images and --annotations, or --data; and --class-map.
  void add_to(CLI::App& command);
  // Only --data and --split.
  void add_yaml_to(CLI::App& command);
  // Only --class-map.
  void add_class_map_to(CLI::App& command);
  // Fails unless there is either --data or the other two.
  [[nodiscard]] Status check() const;
  // Checks, and says where the data is, and how its categories are called.
  Status apply(harness::EvaluatorConfig& config) const;
  // Reads the class map, if there is one.
  Status read_class_map(std::map<std::string, std::string>& map) const;
};

}  // namespace qyolo::cli
