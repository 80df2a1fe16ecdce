#include "harness/cli/look_arguments.h"

namespace qyolo::cli {

void LookArguments::add_to(CLI::App& command) {
  command.add_option("--lang", language, "Of the charts: en or ja")
      ->check(CLI::IsMember({"en", "ja"}))
      ->capture_default_str();
  command
      .add_option("--width", width,
                  "Of the charts, pixels; below 640 they are laid out for a phone (390)")
      ->check(CLI::Range(plots::kNarrowest, 4000.0))
      ->capture_default_str();
}

plots::Look LookArguments::look() const {
  return {language == "ja" ? plots::Language::kJapanese : plots::Language::kEnglish, width};
}

}  // namespace qyolo::cli
