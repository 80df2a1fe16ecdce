#include "results/render.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "results/text.h"

namespace qyolo::results {
namespace {

std::size_t rows_of(const ReadingTable& table) {
  return table.columns.empty() ? 0 : table.columns.front().cells.size();
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::size_t length = length_of(text);
  const std::string fill(width > length ? width - length : 0, ' ');
  return right ? fill + text : text + fill;
}

// Signed numbers in math mode, so that the minus is one.
std::string latex_numbers(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t sign = std::min(text.find_first_of("+-"), text.size());
    const std::size_t end = std::min(text.find_first_not_of("0123456789.", sign + 1), text.size());
    out += latex_text(text.substr(0, sign));
    if (end > sign + 1) out += fmt::format("${}$", text.substr(sign, end - sign));
    if (sign < text.size() && end == sign + 1) out += latex_text(text.substr(sign, 1));
    text.remove_prefix(end);
  }
  return out;
}

std::string latex_cell(const TextCell& cell, bool number) {
  const std::string text = number ? latex_numbers(cell.text) : latex_text(cell.text);
  return cell.bold ? "\\textbf{" + text + '}' : text;
}

// "Size, MB" and "Bits/weight" in two lines, so that columns stay narrow.
std::string latex_header(const TextColumn& column) {
  const std::string& text = column.header;
  std::size_t first = text.find(", "), second = first + 2;
  if (first == std::string::npos && (second = text.find('/')) != std::string::npos)
    first = ++second;
  if (first == std::string::npos) return latex_text(text);
  return fmt::format("\\shortstack[{}]{{{}\\\\{}}}", column.number ? 'r' : 'l',
                     latex_text(text.substr(0, first)), latex_text(text.substr(second)));
}

std::string latex_row(const std::vector<std::string>& cells) {
  return fmt::format("{} \\\\\n", fmt::join(cells, " & "));
}

// One row of groups' headings with a rule below each; empty where no column has a group.
std::string latex_groups(const std::vector<TextColumn>& columns) {
  std::vector<std::string> cells;
  std::string rules;
  for (std::size_t first = 0; first < columns.size();) {
    std::size_t end = first + 1;
    const std::string& group = columns[first].group;
    while (!group.empty() && end < columns.size() && columns[end].group == group) ++end;
    if (!group.empty()) {
      rules += fmt::format("\\cmidrule(lr){{{}-{}}}", first + 1, end);
      cells.push_back(
          fmt::format("\\multicolumn{{{}}}{{c}}{{{}}}", end - first, latex_text(group)));
    } else {
      cells.emplace_back();
    }
    first = end;
  }
  return rules.empty() ? "" : latex_row(cells) + rules + '\n';
}

}  // namespace

std::string markdown_table(const ReadingTable& table) {
  if (table.columns.empty()) return "";
  const std::size_t rows = rows_of(table);
  std::vector<std::string> lines(rows + 2, "|");
  for (const TextColumn& column : table.columns) {
    const std::string group = column.group.empty() ? "" : column.group + ": ";
    std::vector<std::string> cells = {markdown_text(group + column.header)};
    for (const TextCell& cell : column.cells) {
      const std::string text = markdown_text(cell.text);
      cells.push_back(cell.bold ? "**" + text + "**" : text);
    }
    std::size_t width = 3;
    for (const std::string& cell : cells) width = std::max(width, length_of(cell));
    lines[0] += ' ' + padded(cells[0], width, column.number) + " |";
    lines[1] +=
        column.number ? std::string(width + 1, '-') + ":|" : std::string(width + 2, '-') + '|';
    for (std::size_t i = 0; i < rows; ++i)
      lines[i + 2] += ' ' + padded(cells[i + 1], width, column.number) + " |";
  }
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

namespace {

std::size_t width_of(const ReadingTable& table) {
  const std::string text = markdown_table(table);
  return length_of(std::string_view(text).substr(0, text.find('\n')));
}

// Those of the table, in the order asked for.
std::vector<TextColumn> chosen(std::vector<TextColumn> columns,
                               const std::vector<std::string>& keys) {
  std::vector<TextColumn> found;
  for (const std::string& key : keys) {
    const auto column = std::ranges::find(columns, key, &TextColumn::key);
    if (column != columns.end()) found.push_back(*column);
  }
  return found;
}

}  // namespace

ReadingTable fitted(ReadingTable table, const TableView& view) {
  if (!view.columns.empty()) {
    table.columns = chosen(std::move(table.columns), view.columns);
    return table;
  }
  if (view.wide) return table;
  std::vector<std::string> left_out;
  const auto leave_out = [&](auto column) {
    left_out.push_back(column->header);
    table.columns.erase(column);
  };
  for (;;) {
    const auto detail = std::ranges::find(table.columns, TextColumn::kDetail, &TextColumn::rank);
    if (detail == table.columns.end()) break;
    leave_out(detail);
  }
  while (table.columns.size() > 1 && width_of(table) > view.width) {
    const auto least = std::ranges::min_element(table.columns, {}, &TextColumn::rank);
    if (least->rank == TextColumn::kEssential) break;
    leave_out(least);
  }
  if (!left_out.empty()) {
    table.notes.push_back(
        fmt::format("Not shown (--wide, --columns): {}.", fmt::join(left_out, "; ")));
  }
  return table;
}

std::string markdown_list(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += "- " + markdown_text(line) + '\n';
  return out;
}

std::string latex_table(const ReadingTable& table, const std::string& caption) {
  if (table.columns.empty()) return "";
  std::string alignment;
  std::vector<std::string> header;
  for (const TextColumn& column : table.columns) {
    alignment += column.number ? 'r' : 'l';
    header.push_back(latex_header(column));
  }
  std::string out = "\\begin{table*}\n\\centering\n";
  out += fmt::format("\\caption{{{}}}\n", latex_text(caption));
  out += "\\scriptsize\n\\setlength{\\tabcolsep}{2pt}\n";
  out += fmt::format(
      "\\makebox[\\textwidth][c]{{%\n\\begin{{tabular}}{{@{{}}{}@{{}}}}\n\\toprule\n", alignment);
  out += latex_groups(table.columns) + latex_row(header) + "\\midrule\n";
  for (std::size_t i = 0; i < rows_of(table); ++i) {
    std::vector<std::string> cells;
    for (const TextColumn& column : table.columns)
      cells.push_back(latex_cell(column.cells[i], column.number));
    out += latex_row(cells);
  }
  out += "\\bottomrule\n\\end{tabular}}\n";
  for (const std::string& note : table.notes)
    out += fmt::format("\\par\\smallskip\\parbox{{\\textwidth}}{{\\raggedright {}}}\n",
                       latex_text(note));
  return out + "\\end{table*}\n";
}

}  // namespace qyolo::results
