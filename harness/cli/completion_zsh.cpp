#include <fmt/ranges.h>

#include "harness/cli/completion_script.h"

namespace qyolo::cli {
namespace {

// In single quotes for the shell.
std::string single_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// For a part of a specification of _arguments or _values.
std::string for_zsh(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') {
      result += ' ';
      continue;
    }
    if (c == ':' || c == '[' || c == ']' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

// "percentile:P" stands for values that begin with "percentile:".
std::string zsh_words(const std::vector<std::string>& choices) {
  std::vector<std::string> words;
  for (const std::string& choice : choices) {
    const std::size_t colon = choice.find(':');
    words.push_back(colon == std::string::npos ? choice : choice.substr(0, colon) + "\\:");
  }
  return fmt::format("{}", fmt::join(words, " "));
}

// What _arguments does for a value.
std::string action_of(const OptionUsage& option) {
  if (!option.choices.empty()) {
    if (option.delimiter == ',')
      return fmt::format("_values -s , {} {}", option.placeholder, zsh_words(option.choices));
    return fmt::format("({})", zsh_words(option.choices));
  }
  switch (option.value) {
    case OptionUsage::Value::kNumber:
      return " ";
    case OptionUsage::Value::kFolder:
      return "_files -/";
    case OptionUsage::Value::kFile:
    case OptionUsage::Value::kText:
    case OptionUsage::Value::kNone:
      break;
  }
  return "_files";
}

// One specification of _arguments for each name of an option; names exclude each other.
std::string specification_of(const OptionUsage& option, const std::string& indent) {
  if (option.positional())
    return fmt::format("{}{}", indent,
                       single_quoted(fmt::format("{}:{}:{}", option.several ? "*" : "",
                                                 for_zsh(option.placeholder), action_of(option))));
  std::vector<std::string> specifications;
  for (const std::string& name : option.names) {
    std::string text;
    if (option.several) {
      text = "*";
    } else if (option.names.size() > 1) {
      text = fmt::format("({})", fmt::join(option.names, " "));
    }
    const bool flag = option.value == OptionUsage::Value::kNone;
    const bool long_name = name.starts_with("--");
    text += name + (flag ? "" : long_name ? "=" : "+");
    text += fmt::format("[{}]", for_zsh(first_line(option.help)));
    if (!flag) text += fmt::format(":{}:{}", for_zsh(option.placeholder), action_of(option));
    specifications.push_back(indent + single_quoted(text));
  }
  return fmt::format("{}", fmt::join(specifications, " \\\n"));
}

std::string specifications_of(const CommandUsage& command, const std::string& indent) {
  std::string text;
  for (const OptionUsage& option : command.options) {
    text += " \\\n" + specification_of(option, indent);
  }
  return text;
}

}  // namespace

std::string zsh_completion(const CommandUsage& program) {
  const std::string& name = program.name;
  std::string commands, cases;
  for (const CommandUsage& command : program.commands) {
    commands += fmt::format(
        "    {}\n", single_quoted(command.name + ":" + for_zsh(first_line(command.summary))));
    cases += fmt::format("        {})\n          _arguments -s -S{} && status_=0\n          ;;\n",
                         command.name, specifications_of(command, "            "));
  }
  return fmt::format(R"(#compdef {0}
# zsh completion of {0}, made from its command line by `{0} completion zsh`

_{0}_commands() {{
  local -a commands=(
{1}  )
  _describe -t commands command commands
}}

_{0}() {{
  local curcontext=$curcontext context state line status_=1
  typeset -A opt_args
  _arguments -C -s -S{2} \
    '1: :_{0}_commands' '*:: :->arguments' && status_=0
  case $state in
    arguments)
      curcontext=${{curcontext%:*}}-$line[1]:
      case $line[1] in
{3}      esac
      ;;
  esac
  return status_
}}

if [[ $funcstack[1] == _{0} ]]; then
  _{0} "$@"
else
  compdef _{0} {0}
fi
)",
                     name, commands, specifications_of(program, "    "), cases);
}

}  // namespace qyolo::cli
