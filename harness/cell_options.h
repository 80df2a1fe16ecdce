// The options of a cell beside scheme, bits and granularity: their names in experiment files and on
// the command line, and how they map to quant::SchemeOptions. A new option is one line in
// cell_options.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/quant/scheme.h"

namespace qyolo::harness {

struct CellOption {
  const char* name;
  const char* help;
  Status (*read)(const JsonObject& object,
                 quant::SchemeOptions& options);  // REQUIRES: object.has(name)
  Json (*write)(const quant::SchemeOptions& options);
};

const std::vector<CellOption>& cell_options();
[[nodiscard]] const CellOption* find_cell_option(std::string_view name);  // nullptr: no such option
[[nodiscard]] std::vector<std::string> cell_option_names();

}  // namespace qyolo::harness
