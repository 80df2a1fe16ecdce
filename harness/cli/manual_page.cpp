#include "harness/cli/manual_page.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <sstream>
#include <utility>

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
  for (const char c : text) {
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

// A paragraph, in lines of at most kLineLength where its words allow it.
std::string filled(std::string_view text) {
  constexpr std::size_t kLineLength = 78;
  std::string result, line;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (!line.empty() && line.size() + 1 + word.size() > kLineLength) {
      result += std::exchange(line, "") + "\n";
    }
    if (!line.empty()) line += ' ';
    // A line that begins with one of these would be a request.
    if (line.empty() && (word.front() == '.' || word.front() == '\'')) line += "\\&";
    line += word;
  }
  return line.empty() ? result : result + line + "\n";
}

// Lines that begin with a space stay lines of their own.
std::string prose(const std::string& text) {
  std::string result, paragraph;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(' ')) {
      result += filled(std::exchange(paragraph, "")) + ".br\n";
    }
    paragraph += roff(line) + "\n";
  }
  return result + filled(paragraph);
}

std::string sentence(std::string text) {
  if (!text.empty() && text.back() != '.' && text.back() != '?') text += '.';
  return text;
}

std::string title(const std::string& name, const ManualEdition& edition,
                  const std::string& program) {
  return fmt::format(".TH {} 1 {} \"{} {}\" \"User Commands\"\n.nh\n.ad l\n", upper(name),
                     edition.date, program, edition.version);
}

std::string choices_text(const OptionUsage& option, std::string_view separator) {
  std::vector<std::string> choices;
  for (const std::string& choice : option.choices) choices.push_back(bold(choice));
  return fmt::format("{}", fmt::join(choices, separator));
}

// "\:" lets a long list of choices go on in the next line.
std::string value_text(const OptionUsage& option) {
  const std::string value =
      option.choices.empty() ? italic(option.placeholder) : choices_text(option, "|\\:");
  return option.delimiter == ',' ? value + "[,...]" : value;
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
    text += filled(fmt::format("One of {}.", choices_text(option, ", ")));
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
  std::string text;
  for (const std::string& example : command.examples) {
    text += fmt::format("{}.RS 4\n{}.RE\n", text.empty() ? "" : ".PP\n", filled(bold(example)));
  }
  return ".SH EXAMPLES\n" + text;
}

std::string page_name(const CommandUsage& program, const CommandUsage& command) {
  return program.name + "-" + command.name;
}

}  // namespace

std::string program_page(const CommandUsage& program, const ManualEdition& edition) {
  std::string summary = first_line(program.summary);
  if (summary.starts_with(program.name + ": ")) summary = summary.substr(program.name.size() + 2);
  if (summary.ends_with('.')) summary.pop_back();
  std::string text = title(program.name, edition, program.name);
  text += fmt::format(".SH NAME\n{}", filled(roff(program.name) + " \\- " + roff(summary)));
  text += fmt::format(".SH SYNOPSIS\n{} {} [{}]...\n", bold(program.name), italic("COMMAND"),
                      italic("OPTION"));
  text += ".SH DESCRIPTION\n";
  std::istringstream paragraphs(program.summary);
  for (std::string line; std::getline(paragraphs, line);) {
    text += (text.ends_with(".SH DESCRIPTION\n") ? "" : ".PP\n") + filled(roff(line));
  }
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
  text +=
      fmt::format(".SH NAME\n{}", filled(roff(name) + " \\- " + roff(first_line(command.summary))));
  text += ".SH SYNOPSIS\n" + filled(synopsis);
  text += ".SH DESCRIPTION\n" + prose(sentence(command.summary));
  if (!command.notes.empty()) text += ".PP\n" + prose(command.notes);
  text += options_section(command) + examples_section(command);
  return text + fmt::format(".SH SEE ALSO\n{}(1)\n", bold(program.name));
}

}  // namespace qyolo::cli
