#include "harness/cli/output.h"

#include <fmt/ranges.h>

#include "harness/cli/console.h"

namespace qyolo::cli {

Output::Output(std::vector<std::string> formats)
    : formats_(std::move(formats)), format_(formats_.front()) {}

void Output::add_to(CLI::App& command, const std::string& names) {
  command.add_option(names, format_, fmt::format("On stdout: {}", fmt::join(formats_, ", ")))
      ->check(CLI::IsMember(formats_))
      ->capture_default_str();
}

void Output::print(const results::Renderers& renderers) const {
  const auto& render = format_ == "json"  ? renderers.json
                       : format_ == "csv" ? renderers.csv
                       : format_ == "tex" ? renderers.latex
                                          : renderers.text;
  print_text(render());
}

}  // namespace qyolo::cli
