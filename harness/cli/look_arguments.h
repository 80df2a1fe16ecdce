// --lang and --width of commands that draw charts.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "plots/look.h"

namespace qyolo::cli {

struct LookArguments {
  std::string language = "en";
  double width = plots::kWidth;

  void add_to(CLI::App& command);
  [[nodiscard]] plots::Look look() const;
};

}  // namespace qyolo::cli
