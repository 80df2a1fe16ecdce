// The numbers of a row: where they stand in a record, what they are called in CSV and JSON, what
// they may be. A new number is one member of Row and one line in columns.cpp.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "results/record.h"

namespace qyolo::results {

struct NumberColumn {
  std::string_view name;     // in CSV and JSON
  std::string_view kind;     // of the record that holds it; empty: derived
  std::string_view section;  // object inside the record, "a.b" one inside that; empty: the record
  std::string_view key;
  std::optional<double> Row::*value;
  double low, high;       // what is accepted
  bool whole = false;     // a count
  bool fraction = false;  // -1 means that there is none
};

std::span<const NumberColumn> number_columns();

}  // namespace qyolo::results
