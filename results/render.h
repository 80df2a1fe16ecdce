// A ReadingTable as Markdown or LaTeX.
#pragma once

#include <string>
#include <vector>

#include "results/reading_table.h"

namespace qyolo::results {

// A GitHub-flavoured table, columns padded so that it also reads as plain text; empty for a table
// without columns. Without the notes.
[[nodiscard]] std::string markdown_table(const ReadingTable& table);
// One list item per line.
[[nodiscard]] std::string markdown_list(const std::vector<std::string>& lines);

// A table* environment with its notes below; needs \usepackage{booktabs}. Empty for a table without
// columns. Caption and notes are plain text.
[[nodiscard]] std::string latex_table(const ReadingTable& table, const std::string& caption);

}  // namespace qyolo::results
