#include "harness/cli/command_usage.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "datasets/yolo.h"

namespace qyolo::cli {
namespace {

constexpr std::string_view kExample = "Example: ";

// "md,json" of "TEXT:{md,json}": how CLI11 describes a choice.
std::vector<std::string> choices_in(std::string_view type) {
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return {};
  return CLI::detail::split(std::string(type.substr(open + 1, close - open - 1)), ',');
}

// "32 to 8192" of "INT:INT in [32 - 8192]".
std::string limits_in(std::string_view type) {
  if (type.find("NONNEGATIVE") != std::string_view::npos) return "0 or more";
  if (type.find("POSITIVE") != std::string_view::npos) return "more than 0";
  const std::size_t open = type.find('[');
  const std::size_t dash = type.find(" - ", open == std::string_view::npos ? 0 : open);
  const std::size_t close = type.find(']', dash == std::string_view::npos ? 0 : dash);
  if (open == std::string_view::npos || close == std::string_view::npos) return {};
  return fmt::format("{} to {}", type.substr(open + 1, dash - open - 1),
                     type.substr(dash + 3, close - dash - 3));
}

OptionUsage::Value value_of(std::string_view type) {
  using Value = OptionUsage::Value;
  if (type == kFileType) return Value::kFile;
  if (type == kFolderType) return Value::kFolder;
  for (const std::string_view number : {"INT", "UINT", "FLOAT"}) {
    if (type == number) return Value::kNumber;
  }
  return Value::kText;
}

std::string default_of(const CLI::Option& option) {
  std::string text = option.get_default_str();
  // CLI11 writes lists as "[a,b]".
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  return text;
}

OptionUsage usage_of(const CLI::Option& option) {
  OptionUsage usage;
  const std::string type = option.get_type_name();
  const std::string placeholder = type.substr(0, type.find(':'));
  for (const std::string& name : option.get_snames()) usage.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) usage.names.push_back("--" + name);
  usage.placeholder = option.get_positional() ? option.get_name(true) : placeholder;
  usage.value =
      option.get_items_expected_max() == 0 ? OptionUsage::Value::kNone : value_of(placeholder);
  usage.choices = choices_in(type);
  if (usage.value == OptionUsage::Value::kNumber && usage.choices.empty())
    usage.limits = limits_in(type);
  usage.help = option.get_description();
  usage.default_value = default_of(option);
  usage.delimiter = option.get_delimiter();
  usage.required = option.get_required();
  usage.output = is_output(option);
  usage.several = option.get_items_expected_max() > 1;
  return usage;
}

// A footer is lines "Example: COMMAND", more of them indented below, and notes.
void read_footer(const std::string& footer, CommandUsage& usage) {
  const std::string indent(kExample.size(), ' ');
  std::istringstream lines(footer);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kExample) || line.starts_with(indent)) {
      usage.examples.push_back(line.substr(kExample.size()));
    } else if (!line.empty()) {
      usage.notes += usage.notes.empty() ? line : "\n" + line;
    }
  }
}

}  // namespace

namespace {

constexpr const char* kOutputMark = "output";  // the check can be found by this name

// "COCO annotation file" of "COCO annotation file, for --model".
std::string what_it_is(const CLI::Option& option) {
  const std::string& text = option.get_description();
  return text.substr(0, text.find_first_of(",;:.("));
}

}  // namespace

CLI::Validator written() {
  return {[](std::string&) { return std::string(); }, "", kOutputMark};
}

bool is_output(const CLI::Option& option) {
  // Its only accessor by name throws where there is none.
  try {
    return const_cast<CLI::Option&>(option).get_validator(kOutputMark) != nullptr;
  } catch (const CLI::OptionNotFound&) {
    return false;
  }
}

GivenFiles files_given(const CLI::App& command) {
  GivenFiles given;
  for (const CLI::Option* option : command.get_options()) {
    const std::string type = option->get_type_name();
    const std::string placeholder = type.substr(0, type.find(':'));
    if (placeholder != kFileType && placeholder != kFolderType) continue;
    const bool output = is_output(*option);
    const bool data = !output && option->check_lname("data");
    const std::string role = output ? option->get_name(option->get_positional())
                             : data ? "the dataset"
                                    : what_it_is(*option);
    for (const std::string& path : option->results()) {
      if (path.empty()) continue;
      (output ? given.outputs : given.inputs).push_back({role, path});
      if (!data) continue;
      for (const std::filesystem::path& below : datasets::yolo_inputs(path))
        given.inputs.push_back({role, below});
    }
  }
  return given;
}

CLI::Validator offered(const std::vector<std::string>& values) {
  return {[](std::string&) { return std::string(); },
          fmt::format("{{{}}}", fmt::join(values, ","))};
}

std::vector<OptionUsage> CommandUsage::positionals() const {
  std::vector<OptionUsage> found;
  std::copy_if(options.begin(), options.end(), std::back_inserter(found),
               [](const OptionUsage& option) { return option.positional(); });
  return found;
}

const CommandUsage* CommandUsage::find(std::string_view command) const {
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const CommandUsage& each) { return each.name == command; });
  return found == commands.end() ? nullptr : &*found;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

CommandUsage usage_of(const CLI::App& app) {
  CommandUsage usage;
  usage.name = app.get_name();
  usage.summary = app.get_description();
  read_footer(app.get_footer(), usage);
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) usage.options.push_back(usage_of(*option));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) usage.commands.push_back(usage_of(*command));
  }
  return usage;
}

}  // namespace qyolo::cli
