#include "harness/cli/output.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>

#include "harness/cli/console.h"
#include "results/fit_text.h"
#include "results/tables.h"

namespace qyolo::cli {

constexpr std::size_t kNarrowest = 40;  // that is written for

Output::Output(std::vector<std::string> formats)
    : formats_(std::move(formats)), format_(formats_.front()) {}

void Output::add_to(CLI::App& command, const std::string& names) {
  command.add_option(names, format_, fmt::format("On stdout: {}", fmt::join(formats_, ", ")))
      ->check(CLI::IsMember(formats_))
      ->capture_default_str();
  const bool for_people = std::ranges::any_of(
      formats_, [](const std::string& name) { return name == "text" || name == "md"; });
  if (for_people) command.add_flag("--wide", view_.wide, "Tables with all columns, however wide");
  if (const std::size_t width = terminal_width(STDOUT_FILENO); width > 0)
    view_.width = std::max(width, kNarrowest);
}

void Output::add_columns_to(CLI::App& command) {
  command
      .add_option_function<std::string>(
          "--columns",
          [this](const std::string& text) {
            auto columns = results::parse_table_columns(text);
            if (!columns.ok()) throw CLI::ValidationError("--columns", columns.error().message);
            view_.columns = std::move(columns).value();
          },
          fmt::format("Only these columns of the main table, separated by commas: {}",
                      fmt::join(results::main_table_columns(), ", ")))
      ->type_name("NAMES");
}

void Output::print(const results::Renderers& renderers) const {
  const auto& render = format_ == "json"  ? renderers.json
                       : format_ == "csv" ? renderers.csv
                       : format_ == "tex" ? renderers.latex
                                          : renderers.text;
  const bool for_people = format_ == "text" || format_ == "md";
  if (!for_people || view_.wide) return print_text(render());
  print_text(results::fit_text(render(), view_.width, terminal_width(STDOUT_FILENO) > 0));
}

}  // namespace qyolo::cli
