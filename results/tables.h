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

// The main table. Markdown and LaTeX are rounded for reading and carry footnotes; CSV and JSON are
// unrounded and hold every column.
[[nodiscard]] std::string emit_table(const Run& run, TableFormat format);

}  // namespace qyolo::results
