#include <fmt/ranges.h>

#include "harness/cli/completion_script.h"

namespace qyolo::cli {
namespace {

// What does not depend on the definitions. Readline splits the line at '=' and ':', which are put
// together again as far as this needs it: "--option=value" is two words, and "percentile:99" one.
constexpr const char* kEngine = R"(
# Offers what begins with the word that is typed; values that end in ':' or may be followed by ','
# get no space after them.
_PROGRAM_offer() {
  local current=$1 prefix= word
  shift
  if [[ $kind == list && $current == *,* ]]; then
    prefix=${current%,*},
    current=${current##*,}
  fi
  [[ $kind == list ]] && compopt -o nospace
  for word; do
    [[ $word == "$current"* && ,$prefix != *",$word,"* ]] || continue
    [[ $word == *: ]] && compopt -o nospace
    COMPREPLY+=("$prefix$word")
  done
}

_PROGRAM() {
  local command= kind=file takes=0 choices= options= current=${COMP_WORDS[COMP_CWORD]}
  local -i i position=0 pending=0 only_positionals=0
  local word
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [[ $word == : ]]; then
      i+=1  # the rest of a word that readline has split
    elif [[ $word == = ]]; then
      continue
    elif [[ $word == -- ]]; then
      only_positionals=1 pending=0
    elif [[ $word == -?* && $only_positionals == 0 ]]; then
      _PROGRAM_option "$command" "${word%%=*}"
      pending=0
      [[ $takes == 0 || $word == *=* ]] || pending=1
    elif ((pending)); then
      [[ $takes == several ]] || pending=0
    elif [[ -z $command ]]; then
      command=$word
    else
      position+=1
    fi
  done
  if [[ $current == : || ${COMP_WORDS[COMP_CWORD - 1]} == : ]]; then
    compopt +o bashdefault +o default
    return
  fi
  [[ $current == = ]] && current=
  if [[ $current == -* && $only_positionals == 0 ]]; then
    _PROGRAM_option "$command" ''
    kind=word
    _PROGRAM_offer "$current" $options
    return
  fi
  if ((!pending)); then
    if [[ -z $command ]]; then
      kind=word
      _PROGRAM_offer "$current" COMMANDS
      return
    fi
    _PROGRAM_option "$command" "$position"
  fi
  case $kind in
    word | list) _PROGRAM_offer "$current" $choices ;;
    folder)
      compopt +o bashdefault +o default -o dirnames
      ;;
    none) compopt +o bashdefault +o default ;;
    file) ;;  # readline's own completion
  esac
}

complete -o bashdefault -o default -F _PROGRAM PROGRAM
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// "percentile:P" stands for values that begin with "percentile:".
std::string word_of(const std::string& choice) { return choice.substr(0, choice.find(':') + 1); }

std::string bash_words(const std::vector<std::string>& choices) {
  std::vector<std::string> words;
  for (const std::string& choice : choices) {
    words.push_back(choice.find(':') == std::string::npos ? choice : word_of(choice));
  }
  return fmt::format("{}", fmt::join(words, " "));
}

// The variables of the script that say what an option or positional argument takes.
std::string settings_of(const OptionUsage& option) {
  if (option.value == OptionUsage::Value::kNone) return "takes=0";
  const std::string takes = option.several ? "takes=several" : "takes=1";
  if (!option.choices.empty())
    return fmt::format("{} kind={} choices='{}'", takes, option.delimiter == ',' ? "list" : "word",
                       bash_words(option.choices));
  switch (option.value) {
    case OptionUsage::Value::kNumber:
      return takes + " kind=none";
    case OptionUsage::Value::kFolder:
      return takes + " kind=folder";
    case OptionUsage::Value::kFile:
    case OptionUsage::Value::kText:
    case OptionUsage::Value::kNone:
      break;
  }
  return takes + " kind=file";
}

std::string case_of(const CommandUsage& command, const std::string& name) {
  std::string text;
  std::vector<std::string> options;
  int position = 0;
  for (const OptionUsage& option : command.options) {
    if (option.positional()) {
      // The last one that takes several words takes all the rest.
      text += fmt::format("        {}) {} ;;\n",
                          option.several ? std::string("[0-9]*") : std::to_string(position++),
                          settings_of(option));
      continue;
    }
    text += fmt::format("        {}) {} ;;\n", fmt::join(option.names, " | "), settings_of(option));
    options.insert(options.end(), option.names.begin(), option.names.end());
  }
  return fmt::format("    {})\n      options='{}'\n      case $2 in\n{}      esac\n      ;;\n",
                     name, fmt::join(options, " "), text);
}

}  // namespace

std::string bash_completion(const CommandUsage& program) {
  std::vector<std::string> commands;
  std::string cases = case_of(program, "''");
  for (const CommandUsage& command : program.commands) {
    commands.push_back(command.name);
    cases += case_of(command, command.name);
  }
  std::string text =
      "# bash completion of PROGRAM, made from its command line by `PROGRAM completion bash`\n\n"
      "# What option or positional argument $2 of command $1 takes, and the options of the "
      "command.\n"
      "_PROGRAM_option() {\n  takes=1 kind=file choices= options=\n  case $1 in\n" +
      cases + "  esac\n}\n" + kEngine;
  text = replaced(std::move(text), "COMMANDS", fmt::format("{}", fmt::join(commands, " ")));
  return replaced(std::move(text), "PROGRAM", program.name);
}

}  // namespace qyolo::cli
