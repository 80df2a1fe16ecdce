// -o, --output: one result, rendered in the format asked for.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "results/renderers.h"

namespace qyolo::cli {

class Output {
 public:
  // Of "text", "md", "csv", "tex" and "json" those that the command has, the default first.
  explicit Output(std::vector<std::string> formats);

  // As `names`, "-o,--output" of most commands.
  void add_to(CLI::App& command, const std::string& names = "-o,--output");
  [[nodiscard]] const std::string& format() const { return format_; }
  // On the standard output. REQUIRES: a renderer of the format.
  void print(const results::Renderers& renderers) const;

 private:
  std::vector<std::string> formats_;
  std::string format_;
};

}  // namespace qyolo::cli
