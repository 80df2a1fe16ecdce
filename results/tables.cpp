#include "results/tables.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "results/columns.h"
#include "results/reading_table.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

// --- Markdown ---

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::size_t length = length_of(text);
  const std::string fill(width > length ? width - length : 0, ' ');
  return right ? fill + text : text + fill;
}

std::string markdown_table(const ReadingTable& table) {
  if (table.columns.empty()) return "";
  const std::size_t rows = table.columns.front().cells.size();
  std::vector<std::string> lines(rows + 2, "|");
  for (const TextColumn& column : table.columns) {
    std::vector<std::string> cells = {markdown_text(column.header)};
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

std::string bullets(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += "- " + markdown_text(line) + '\n';
  return out;
}

std::string text_member(const Json& object, const char* section, const char* key) {
  const auto found = object.is_object() ? object.find(section) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_object()) return "";
  const auto value = found->find(key);
  if (value == found->end()) return "";
  if (value->is_string()) return value->get<std::string>();
  return value->is_number() ? value->dump() : "";
}

// "qyolo 0.1.0, LibTorch 2.15.0; Intel Xeon, 2 threads"
std::string provenance(const Run& run) {
  std::vector<std::string> parts;
  const auto add = [&](const char* section, const char* key, const char* format) {
    if (const std::string value = text_member(run.manifest, section, key); !value.empty())
      parts.push_back(fmt::format(fmt::runtime(format), value));
  };
  add("host", "cpu", "{}");
  add("host", "threads", "{} threads");
  add("versions", "qyolo", "qyolo {}");
  add("versions", "git", "commit {:.12}");
  add("versions", "libtorch", "LibTorch {}");
  add("checkpoint", "sha256", "checkpoint {:.12}");
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string emit_markdown(const Run& run) {
  std::string out = fmt::format("# {}\n\n", markdown_text(title_of(run)));
  for (const std::string& line : {setting_of(run), provenance(run)}) {
    if (!line.empty()) out += markdown_text(line) + ".\n\n";
  }
  if (run.rows.empty()) return out + "No cells.\n";
  const ReadingTable main = main_table(run);
  out += markdown_table(main) + '\n' + bullets(main.notes);
  if (const auto lines = failures(run); !lines.empty())
    out += "\n## Failed or pending\n\n" + bullets(lines);
  if (const ReadingTable parts = parts_table(run); !parts.columns.empty()) {
    out += "\n## AP by object size, bytes by part\n\n" + markdown_table(parts) + '\n' +
           bullets(parts.notes);
  }
  return out;
}

// --- LaTeX ---

// Signed numbers in math mode, so that the minus is one.
std::string latex_cell(const TextCell& cell) {
  const bool sign = cell.text.size() > 1 && (cell.text[0] == '-' || cell.text[0] == '+') &&
                    cell.text[1] >= '0' && cell.text[1] <= '9';
  const std::string text = sign ? '$' + cell.text + '$' : latex_text(cell.text);
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

std::string emit_latex(const Run& run) {
  const ReadingTable table = main_table(run);
  std::string alignment;
  std::vector<std::string> header;
  for (const TextColumn& column : table.columns) {
    alignment += column.number ? 'r' : 'l';
    header.push_back(latex_header(column));
  }
  std::string out = "% Needs \\usepackage{booktabs}.\n\\begin{table*}\n\\centering\n";
  const std::string setting = setting_of(run);
  out += fmt::format("\\caption{{{}{}{}.}}\n", latex_text(title_of(run)),
                     setting.empty() ? "" : ": ", latex_text(setting));
  out += "\\scriptsize\n\\setlength{\\tabcolsep}{2pt}\n";
  out += fmt::format(
      "\\makebox[\\textwidth][c]{{%\n\\begin{{tabular}}{{@{{}}{}@{{}}}}\n\\toprule\n", alignment);
  out += latex_row(header) + "\\midrule\n";
  for (std::size_t i = 0; i < run.rows.size(); ++i) {
    std::vector<std::string> cells;
    for (const TextColumn& column : table.columns) cells.push_back(latex_cell(column.cells[i]));
    out += latex_row(cells);
  }
  out += "\\bottomrule\n\\end{tabular}}\n";
  std::vector<std::string> notes = table.notes;
  for (const std::string& line : failures(run)) notes.push_back(line + ".");
  for (const std::string& note : notes)
    out += fmt::format("\\par\\smallskip\\parbox{{\\textwidth}}{{\\raggedright {}}}\n",
                       latex_text(note));
  return out + "\\end{table*}\n";
}

// --- CSV and JSON ---

struct TextField {
  std::string_view name;
  std::string Row::*value;
};

constexpr TextField kTextFields[] = {
    {"key", &Row::key},
    {"label", &Row::label},
    {"scheme", &Row::scheme},
    {"granularity", &Row::granularity},
    {"status", &Row::status},
    {"error", &Row::error},
    {"latency_error", &Row::latency_error},
    {"execution", &Row::execution},
};

std::string emit_csv(const Run& run) {
  std::vector<std::string> header;
  for (const TextField& field : kTextFields) header.emplace_back(field.name);
  header.insert(header.end(), {"bits", "baseline", "activation_bits"});
  for (const NumberColumn& column : number_columns()) header.emplace_back(column.name);
  std::string out = fmt::format("{}\n", fmt::join(header, ","));
  for (const Row& row : run.rows) {
    std::vector<std::string> fields;
    for (const TextField& field : kTextFields) fields.push_back(csv_field(row.*field.value));
    fields.push_back(std::to_string(row.bits));
    fields.emplace_back(row.baseline ? "true" : "false");
    fields.push_back(std::to_string(row.activation_bits));
    for (const NumberColumn& column : number_columns()) {
      const auto& value = row.*column.value;
      fields.push_back(value && std::isfinite(*value) ? fmt::format("{}", *value) : "");
    }
    out += fmt::format("{}\n", fmt::join(fields, ","));
  }
  return out;
}

OrderedJson json_number(const std::optional<double>& value, bool whole) {
  if (!value || !std::isfinite(*value)) return nullptr;
  if (whole && *value == std::floor(*value) && std::abs(*value) < 9e15)
    return static_cast<std::int64_t>(*value);
  return *value;
}

OrderedJson json_row(const Row& row) {
  OrderedJson object;
  for (const TextField& field : kTextFields) object[std::string(field.name)] = row.*field.value;
  object["bits"] = row.bits;
  object["baseline"] = row.baseline;
  object["activation_bits"] = row.activation_bits;
  for (const NumberColumn& column : number_columns())
    object[std::string(column.name)] = json_number(row.*column.value, column.whole);
  return object;
}

std::string emit_json(const Run& run) {
  OrderedJson document = {{"schema", kSchema}, {"name", run.name}};
  for (const char* key : {"started", "checkpoint", "dataset", "host", "versions"}) {
    if (run.manifest.is_object() && run.manifest.contains(key)) document[key] = run.manifest[key];
  }
  document["rows"] = OrderedJson::array();
  for (const Row& row : run.rows) document["rows"].push_back(json_row(row));
  return document.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + '\n';
}

}  // namespace

Result<TableFormat> parse_table_format(std::string_view name) {
  if (name == "md") return TableFormat::kMarkdown;
  if (name == "csv") return TableFormat::kCsv;
  if (name == "tex") return TableFormat::kLatex;
  if (name == "json") return TableFormat::kJson;
  return error("the table format '{}' is unknown, expected one of: md, csv, tex, json", name);
}

std::string emit_table(const Run& run, TableFormat format) {
  switch (format) {
    case TableFormat::kMarkdown:
      return emit_markdown(run);
    case TableFormat::kCsv:
      return emit_csv(run);
    case TableFormat::kLatex:
      return emit_latex(run);
    case TableFormat::kJson:
      return emit_json(run);
  }
  return "";
}

}  // namespace qyolo::results
