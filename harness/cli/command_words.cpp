#include "harness/cli/command_words.h"

#include <utility>

#include "common/shell.h"

namespace qyolo::cli {
namespace {

std::vector<std::string>& remembered_words() {
  static std::vector<std::string> words;
  return words;
}

}  // namespace

void remember_command(std::vector<std::string> words) { remembered_words() = std::move(words); }

std::string program_word() {
  return remembered_words().empty() ? "qyolo" : remembered_words().front();
}

std::string command_without(std::string_view option) {
  std::string line;
  const std::vector<std::string>& words = remembered_words();
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!option.empty() && words[i] == option) {
      ++i;
      continue;
    }
    if (!option.empty() && words[i].starts_with(std::string(option) + "=")) continue;
    line += (line.empty() ? "" : " ") + shell_quoted(words[i]);
  }
  return line;
}

}  // namespace qyolo::cli
