// The options of a cell beside scheme, bits, granularity and rules: their names in experiment files
// and on the command line, and how they map to what they set. A new option is one entry in
// cell_options.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/cell/network_options.h"
#include "harness/quant/activation.h"
#include "harness/quant/options.h"

namespace qyolo::harness {

struct CellSettings {
  quant::SchemeOptions scheme = {};
  NetworkOptions network = {};
  int activation_bits = 0;  // 0: none; decides whether `activations` counts
  quant::ActivationOptions activations = {};
};

struct CellOption {
  enum class Scope {
    kScheme,       // SchemeOptions: of a weight tensor, so that a rule may set it too
    kNetwork,      // NetworkOptions: of all weights
    kActivations,  // ActivationOptions: all that counts where weights stay in floating point
  };
  const char* name;
  const char* help;
  Scope scope;
  // As text; "percentile:P" is a family of values. Empty: a number.
  std::vector<std::string> values;
  // REQUIRES: object.has(name)
  Status (*read)(const JsonObject& object, CellSettings& settings);
  // null where the option has no meaning for the cell
  Json (*write)(const CellSettings& settings);
};

const std::vector<CellOption>& cell_options();
[[nodiscard]] const CellOption* find_cell_option(std::string_view name);  // nullptr: no such option
[[nodiscard]] std::vector<std::string> cell_option_names();
[[nodiscard]] std::vector<std::string> layer_option_names();  // those of rules

}  // namespace qyolo::harness
