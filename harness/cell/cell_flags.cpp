#include "harness/cell/cell_flags.h"

#include <algorithm>

#include "common/shell.h"
#include "harness/cell/rule_text.h"

namespace qyolo::harness {
namespace {

std::string flag_value(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

Result<Cell> CellFlags::cell() const {
  Json block = {{"scheme", scheme}, {"bits", bits}, {"granularity", granularity}};
  for (const auto& [name, text] : options) block[name] = value_from_text(text);
  if (!keep.empty()) block["keep"] = keep;
  if (!rules.empty()) block["rules"] = rules;
  return read_cell(block, "command line");
}

std::string CellFlags::command_line() const {
  std::string text = "--scheme " + shell_quoted(scheme);
  if (scheme != "fp32")
    text += fmt::format(" --bits {} --granularity {}", bits, shell_quoted(granularity));
  for (const auto& [name, value] : options)
    text += fmt::format(" {} {}", flag_of(name), shell_quoted(value));
  if (!keep.empty()) text += " --keep " + shell_quoted(keep);
  for (const std::string& rule : rules) text += " --rule " + shell_quoted(rule);
  return text;
}

std::string flag_of(std::string_view key) {
  std::string flag = fmt::format("--{}", key);
  std::ranges::replace(flag, '_', '-');
  return flag;
}

OrderedJson matrix_block(const Cell& cell) {
  OrderedJson block = cell.as_json();
  block.erase("label");
  block.erase("baseline");
  if (cell.baseline) {
    block.erase("bits");
    block.erase("granularity");
  }
  if (block.contains("base_granularity")) {
    block["granularity"] = block["base_granularity"];
    block.erase("base_granularity");
  }
  return block;
}

CellFlags flags_of(const Json& block) {
  CellFlags flags;
  for (const auto& [key, value] : block.items()) {
    if (key == "scheme") {
      flags.scheme = flag_value(value);
    } else if (key == "granularity") {
      flags.granularity = flag_value(value);
    } else if (key == "bits") {
      flags.bits = value.get<int>();
    } else if (key == "keep") {
      flags.keep = flag_value(value);
    } else if (key == "rules") {
      for (const Json& rule : value) flags.rules.push_back(flag_value(rule));
    } else {
      flags.options[key] = flag_value(value);
    }
  }
  return flags;
}

CellFlags flags_of(const Cell& cell) {
  Json block = matrix_block(cell);
  block.erase("rules");
  CellFlags flags = flags_of(block);
  for (const quant::Rule& rule : cell.rules) flags.rules.push_back(rule_text(rule, cell.recipe));
  return flags;
}

}  // namespace qyolo::harness
