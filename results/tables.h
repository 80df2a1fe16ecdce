// Tables of a run: Markdown, CSV, LaTeX, JSON.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "results/record.h"

namespace qyolo::results {

enum class TableFormat { kMarkdown, kCsv, kLatex, kJson };

// "md", "csv", "tex", "json".
Result<TableFormat> parse_table_format(std::string_view name);

// One row per cell, in the experiment's order.
//
//   Markdown  for reading: AP in percent, sizes in a decimal unit, the best AP of each bit width in
//             bold, footnotes that say what the numbers mean, failures below; then the bytes by
//             part and AP by object size. Columns that no row fills are left out.
//   LaTeX     the main table as a table* environment with its caption and footnotes; needs
//             \usepackage{booktabs}. Characters outside ASCII in labels are passed through.
//   CSV       a header and unrounded numbers, quoted as in RFC 4180, lines ended by LF; an absent
//             number is an empty field.
//   JSON      {"schema", "name", "started", "checkpoint", "dataset", "host", "versions",
//             "rows": [{...}]} with the CSV's columns; an absent number is null.
[[nodiscard]] std::string emit_table(const Run& run, TableFormat format);

}  // namespace qyolo::results
