#include "harness/cli/manual_page.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <sstream>

namespace qyolo::cli {
namespace {

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// Text that is to appear as it is.
std::string roff(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool begins_line = i == 0 || text[i - 1] == '\n';
    if (begins_line && (c == '.' || c == '\'')) result += "\\&";
    switch (c) {
      case '\\':
        result += "\\e";
        break;
      case '-':
        result += "\\-";
        break;
      case '`':
        result += "\\(ga";
        break;
      case '^':
        result += "\\(ha";
        break;
      case '~':
        result += "\\(ti";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }

// Paragraph by paragraph; a line that begins with a space stays a line of its own.
std::string prose(const std::string& text) {
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    if (begin > 0) result += ".br\n";
    result += roff(line.substr(begin)) + "\n";
  }
  return result;
}

std::string sentence(std::string text) {
  if (!text.empty() && text.back() != '.' && text.back() != '?') text += '.';
  return text;
}

std::string title(const std::string& name, const ManualEdition& edition,
                  const std::string& program) {
  return fmt::format(".TH {} 1 {} \"{} {}\" \"User Commands\"\n", upper(name), edition.date,
                     program, edition.version);
}

std::string value_text(const OptionUsage& option) {
  std::string value;
  if (option.choices.empty()) {
    value = italic(option.placeholder);
  } else {
    std::vector<std::string> choices;
    for (const std::string& choice : option.choices) choices.push_back(bold(choice));
    value = fmt::format("{}", fmt::join(choices, "|"));
  }
  if (option.delimiter == ',') value += "[,...]";
  return value;
}

std::string option_entry(const OptionUsage& option) {
  std::string tag;
  if (option.positional()) {
    tag = italic(option.placeholder) + (option.several ? "..." : "");
  } else {
    std::vector<std::string> names;
    for (const std::string& name : option.names) names.push_back(bold(name));
    tag = fmt::format("{}", fmt::join(names, ", "));
    if (option.value != OptionUsage::Value::kNone) tag += " " + value_text(option);
  }
  std::string text = fmt::format(".TP\n{}\n{}", tag, prose(sentence(option.help)));
  std::vector<std::string> remarks;
  if (option.positional() && !option.choices.empty())
    text += fmt::format("One of {}.\n", value_text(option));
  if (!option.limits.empty()) remarks.push_back(option.limits);
  if (!option.positional() && option.required) remarks.emplace_back("required");
  if (!option.default_value.empty()) remarks.push_back("default: " + option.default_value);
  if (!remarks.empty()) text += roff(fmt::format("({})", fmt::join(remarks, "; "))) + "\n";
  return text;
}

std::string options_section(const CommandUsage& command) {
  std::string arguments, options;
  for (const OptionUsage& option : command.options) {
    (option.positional() ? arguments : options) += option_entry(option);
  }
  return (arguments.empty() ? "" : ".SH ARGUMENTS\n" + arguments) +
         (options.empty() ? "" : ".SH OPTIONS\n" + options);
}

std::string examples_section(const CommandUsage& command) {
  if (command.examples.empty()) return {};
  std::string text = ".SH EXAMPLES\n";
  for (const std::string& example : command.examples) {
    text += fmt::format(".PP\n.RS 4\n.nh\n{}\n.hy\n.RE\n", bold(example));
  }
  return text;
}

std::string page_name(const CommandUsage& program, const CommandUsage& command) {
  return program.name + "-" + command.name;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

std::string program_page(const CommandUsage& program, const ManualEdition& edition) {
  std::string summary = first_line(program.summary);
  if (summary.starts_with(program.name + ": ")) summary = summary.substr(program.name.size() + 2);
  if (summary.ends_with('.')) summary.pop_back();
  std::string text = title(program.name, edition, program.name);
  text += fmt::format(".SH NAME\n{} \\- {}\n", roff(program.name), roff(summary));
  text += fmt::format(".SH SYNOPSIS\n{} {} [{}]...\n", bold(program.name), italic("COMMAND"),
                      italic("OPTION"));
  text += ".SH DESCRIPTION\n" + prose(program.summary);
  text += ".SH COMMANDS\n";
  for (const CommandUsage& command : program.commands) {
    text += fmt::format(".TP\n{}(1)\n{}", bold(page_name(program, command)),
                        prose(sentence(command.summary)));
  }
  return text + options_section(program) + examples_section(program);
}

std::string command_page(const CommandUsage& program, const CommandUsage& command,
                         const ManualEdition& edition) {
  const std::string name = page_name(program, command);
  std::string synopsis =
      bold(program.name + " " + command.name) + fmt::format(" [{}]...", italic("OPTION"));
  for (const OptionUsage& option : command.options) {
    if (!option.positional() && option.required)
      synopsis += fmt::format(" {} {}", bold(option.names.back()), value_text(option));
  }
  for (const OptionUsage& argument : command.positionals()) {
    const std::string word = italic(argument.placeholder) + (argument.several ? "..." : "");
    synopsis += argument.required ? " " + word : " [" + word + "]";
  }
  std::string text = title(name, edition, program.name);
  text += fmt::format(".SH NAME\n{} \\- {}\n", roff(name), roff(first_line(command.summary)));
  text += ".SH SYNOPSIS\n" + synopsis + "\n";
  text += ".SH DESCRIPTION\n" + prose(sentence(command.summary));
  if (!command.notes.empty()) text += ".PP\n" + prose(command.notes);
  text += options_section(command) + examples_section(command);
  return text + fmt::format(".SH SEE ALSO\n{}(1)\n", bold(program.name));
}

}  // namespace qyolo::cli
