// -o, --output: one result, rendered in the format asked for.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "results/reading_table.h"
#include "results/renderers.h"

namespace qyolo::cli {

class Output {
 public:
  // Of "text", "md", "csv", "tex" and "json" those that the command has, the default first.
  explicit Output(std::vector<std::string> formats);

  // As `names`, "-o,--output" of most commands; and --wide, where there is a format for people.
  void add_to(CLI::App& command, const std::string& names = "-o,--output");
  [[nodiscard]] const std::string& format() const { return format_; }
  // With --columns, of the main table of a run.
  void add_columns_to(CLI::App& command);
  // What of tables is shown; valid while this lives.
  [[nodiscard]] const results::TableView& view() const { return view_; }
  // Whether --wide or --columns was given.
  [[nodiscard]] bool chooses_columns() const { return view_.wide || !view_.columns.empty(); }
  // On the standard output, for people as wide as the terminal (100 characters where it is none)
  // unless --wide is given. REQUIRES: a renderer of the format.
  void print(const results::Renderers& renderers) const;

 private:
  std::vector<std::string> formats_;
  std::string format_;
  results::TableView view_;
};

}  // namespace qyolo::cli
