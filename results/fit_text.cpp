#include "results/fit_text.h"

#include <algorithm>
#include <vector>

#include "common/plain_text.h"

namespace qyolo::results {
namespace {

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// What stands between the bars of a table's line, "\|" being no bar.
std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  std::size_t start = 1;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '|') {
      cells.push_back(line.substr(start, i - start));
      start = i + 1;
    }
  }
  return cells;
}

// One table, all lines of which have as many cells. Empty where they have not.
std::string folded(const Lines& lines, std::size_t width) {
  std::vector<std::vector<std::string_view>> rows;
  for (const std::string_view line : lines) {
    rows.push_back(cells_of(line));
    if (rows.back().empty() || rows.back().size() != rows.front().size()) return "";
  }
  std::vector<std::size_t> widths;
  for (const std::string_view cell : rows.front()) widths.push_back(columns_of(cell) + 1);
  std::string text;
  for (std::size_t first = 1; first < widths.size();) {
    std::size_t end = first + 1, taken = 1 + widths[0] + widths[first];
    while (end < widths.size() && taken + widths[end] <= width) taken += widths[end++];
    if (!text.empty()) text += '\n';
    for (const auto& row : rows) {
      text += '|';
      text.append(row[0]) += '|';
      for (std::size_t i = first; i < end; ++i) text.append(row[i]) += '|';
      text += '\n';
    }
    first = end;
  }
  return text;
}

void add_wrapped(std::string_view line, std::size_t width, std::string& text) {
  const std::size_t indent = line.starts_with("- ") || line.starts_with("  ") ? 2 : 0;
  std::size_t column = 0;
  while (!line.empty()) {
    const std::size_t blank = std::min(line.find(' ', column == 0 ? indent : 0), line.size());
    const std::string_view word = line.substr(0, blank);
    const std::size_t length = columns_of(word);
    if (column > indent && column + 1 + length > width) {
      text += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > 0) {
      text += ' ';
      ++column;
    }
    text += word;
    column += length;
    line.remove_prefix(std::min(blank + 1, line.size()));
  }
  text += '\n';
}

}  // namespace

std::string fit_text(std::string_view markdown, std::size_t width, bool paragraphs) {
  const Lines lines = lines_of(markdown);
  std::string text;
  bool code = false;
  for (std::size_t i = 0; i < lines.size();) {
    const std::string_view line = lines[i];
    if (line.starts_with("```")) code = !code;
    std::size_t end = i + 1;
    if (!code && line.starts_with('|')) {
      while (end < lines.size() && lines[end].starts_with('|')) ++end;
      const Lines table(lines.begin() + static_cast<std::ptrdiff_t>(i),
                        lines.begin() + static_cast<std::ptrdiff_t>(end));
      std::string fitting = columns_of(line) > width ? folded(table, width) : std::string();
      if (fitting.empty()) {
        for (const std::string_view row : table) fitting.append(row) += '\n';
      }
      text += fitting;
    } else if (!code && paragraphs && columns_of(line) > width && !line.starts_with('#')) {
      add_wrapped(line, width, text);
    } else {
      text.append(line) += '\n';
    }
    i = end;
  }
  if (!markdown.ends_with('\n') && !text.empty()) text.pop_back();
  return text;
}

}  // namespace qyolo::results
