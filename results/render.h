// A ReadingTable as Markdown or LaTeX.
#pragma once

#include <string>
#include <vector>

#include "results/reading_table.h"

namespace qyolo::results {

// A GitHub-flavoured table, columns padded so that it also reads as plain text; empty for a table
// without columns. Without the notes.
[[nodiscard]] std::string markdown_table(const ReadingTable& table);
// The table with the columns of `view`: where it asks for none, without details, and without those
// of the lowest rank that leave it wider than the view; a note then says what was left out.
[[nodiscard]] ReadingTable fitted(ReadingTable table, const TableView& view);
// One list item per line.
[[nodiscard]] std::string markdown_list(const std::vector<std::string>& lines);

// A table* environment with its notes below; needs \usepackage{booktabs}. Empty for a table without
// columns. Caption and notes are plain text.
[[nodiscard]] std::string latex_table(const ReadingTable& table, const std::string& caption);

}  // namespace qyolo::results
