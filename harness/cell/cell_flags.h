// A cell as command-line flags, and back: "--scheme pwlq --bits 4 --rule 'head -> keep'". Whoever
// prints a command, or takes these flags, does it by this.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "harness/cell/cell.h"

namespace qyolo::harness {

// The values of the flags, as typed.
struct CellFlags {
  std::string scheme = "fp32";
  std::string granularity = "filter";
  int bits = 4;
  std::string keep;
  std::vector<std::string> rules;              // as rule_from_text() takes them
  std::map<std::string, std::string> options;  // by their names, those given

  // The baseline for "fp32". Fails with the value and what is allowed.
  [[nodiscard]] Result<Cell> cell() const;
  // For a POSIX shell.
  [[nodiscard]] std::string command_line() const;
};

// "--activation-bits" of "activation_bits".
[[nodiscard]] std::string flag_of(std::string_view key);

// The cell as a block of an experiment's matrix, which read_cell() takes. REQUIRES: no artifact's.
[[nodiscard]] OrderedJson matrix_block(const Cell& cell);

// A block of single values; rules are texts or objects.
[[nodiscard]] CellFlags flags_of(const Json& block);
[[nodiscard]] CellFlags flags_of(const Cell& cell);

}  // namespace qyolo::harness
