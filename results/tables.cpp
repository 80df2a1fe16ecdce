#include "results/tables.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "common/spelling.h"
#include "results/columns.h"
#include "results/published.h"
#include "results/reading_table.h"
#include "results/render.h"
#include "results/study_table.h"
#include "results/text.h"
#include "results/verdicts.h"

namespace qyolo::results {
namespace {

std::string text_member(const Json& object, const char* section, const char* key) {
  const auto found = object.is_object() ? object.find(section) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_object()) return "";
  const auto value = found->find(key);
  if (value == found->end()) return "";
  if (value->is_string()) return value->get<std::string>();
  return value->is_number() ? value->dump() : "";
}

// "Intel Xeon, 2 threads, qyolo 0.1.0, commit 21b0d4675f89, checkpoint a47d559cdb13"
std::string provenance(const Run& run) {
  std::vector<std::string> parts;
  const auto add = [&](const char* section, const char* key, const char* format) {
    if (const std::string value = text_member(run.manifest, section, key); !value.empty())
      parts.push_back(fmt::format(fmt::runtime(format), value));
  };
  add("host", "cpu", "{}");
  add("host", "threads",
      text_member(run.manifest, "host", "threads") == "1" ? "{} thread" : "{} threads");
  add("versions", "qyolo", "qyolo {}");
  add("versions", "git", "commit {:.12}");
  add("checkpoint", "sha256", "checkpoint {:.12}");
  return fmt::format("{}", fmt::join(parts, ", "));
}

// --- Markdown and LaTeX: the same sections ---

constexpr std::string_view kVerdicts = "Verdicts";

struct Section {
  std::string heading;  // empty: the main table
  ReadingTable table;   // may be notes alone
  std::vector<std::string> paragraphs;
};

std::vector<Section> sections_of(const Run& run, TablePart part, const DeviceTable& devices) {
  const auto wanted = [&](TablePart one) { return part == TablePart::kAll || part == one; };
  std::vector<Section> sections;
  if (wanted(TablePart::kMain)) {
    sections.push_back({"", main_table(run), {}});
    sections.push_back({"Failed or pending", {{}, failures(run)}, {}});
  }
  if (wanted(TablePart::kDevices))
    sections.push_back({"Measured on devices", devices_table(devices), {}});
  if (wanted(TablePart::kMain) || wanted(TablePart::kVerdicts)) {
    Verdicts verdicts = verdicts_of(run);
    sections.push_back(
        {std::string(kVerdicts), {{}, std::move(verdicts.cells)}, std::move(verdicts.answers)});
    if (!verdicts.explanation.empty())
      sections.back().paragraphs.push_back(std::move(verdicts.explanation));
  }
  if (wanted(TablePart::kStudy)) {
    for (StudyTable& study : study_tables(run))
      sections.push_back({std::move(study.heading), std::move(study.table), {}});
  }
  if (wanted(TablePart::kPublished))
    sections.push_back({"Published, for comparison", published_table(run), {}});
  if (wanted(TablePart::kParts))
    sections.push_back({"AP by object size, bytes by part", parts_table(run), {}});
  if (wanted(TablePart::kCertainty))
    sections.push_back({"Certainty beside the unquantized network", certainty_table(run), {}});
  std::erase_if(sections, [](const Section& section) {
    return section.table.columns.empty() && section.table.notes.empty();
  });
  return sections;
}

std::string emit_markdown(const Run& run, TablePart part, const DeviceTable& devices,
                          const TableView& view) {
  std::string out = fmt::format("# {}\n\n", markdown_text(title_of(run)));
  for (const std::string& line : {setting_of(run), provenance(run)}) {
    if (!line.empty()) out += markdown_text(line) + ".\n\n";
  }
  if (run.rows.empty()) return out + "No cells.\n";
  bool first = true;
  for (Section& section : sections_of(run, part, devices)) {
    if (section.heading.empty()) section.table = fitted(std::move(section.table), view);
    if (!first) out += '\n';
    first = false;
    if (!section.heading.empty()) out += fmt::format("## {}\n\n", markdown_text(section.heading));
    for (const std::string& paragraph : section.paragraphs)
      out += markdown_text(paragraph) + "\n\n";
    out += markdown_table(section.table);
    if (!section.table.columns.empty() && !section.table.notes.empty()) out += '\n';
    out += markdown_list(section.table.notes);
  }
  return out;
}

// Text that is too long for a float.
std::string latex_section(const Section& section) {
  std::string out = fmt::format("\\subsection*{{{}}}\n", latex_text(section.heading));
  for (const std::string& paragraph : section.paragraphs) out += latex_text(paragraph) + "\n\n";
  out += "\\begin{itemize}\n";
  for (const std::string& note : section.table.notes)
    out += fmt::format("\\item {}\n", latex_text(note));
  return out + "\\end{itemize}\n";
}

// Notes without a table of their own go below the table before them.
std::string emit_latex(const Run& run, TablePart part, const DeviceTable& devices) {
  std::vector<Section> sections;
  for (Section& section : sections_of(run, part, devices)) {
    if (!section.table.columns.empty() || !section.paragraphs.empty() || sections.empty()) {
      sections.push_back(std::move(section));
      continue;
    }
    const bool list = section.heading == "Failed or pending";
    for (const std::string& note : section.table.notes)
      sections.back().table.notes.push_back(list ? note + '.' : section.heading + ": " + note);
  }
  const std::string setting = setting_of(run);
  std::string out = "% Needs \\usepackage{booktabs}.\n";
  for (const Section& section : sections) {
    if (!section.paragraphs.empty()) {
      out += latex_section(section);
      continue;
    }
    std::string caption = title_of(run);
    if (!setting.empty()) caption += ": " + setting;
    if (!section.heading.empty()) caption += ". " + section.heading;
    out += latex_table(section.table, caption + '.');
  }
  return out;
}

// --- CSV and JSON ---

struct TextField {
  std::string_view name;
  std::string Row::*value;
};

constexpr TextField kTextFields[] = {
    {"key", &Row::key},
    {"label", &Row::label},
    {"name", &Row::name},
    {"scheme", &Row::scheme},
    {"granularity", &Row::granularity},
    {"status", &Row::status},
    {"error", &Row::error},
    {"latency_error", &Row::latency_error},
    {"execution", &Row::execution},
    {"precision", &Row::precision},
    {"engine", &Row::engine},
    {"decision", &Row::decision},
    {"verdict", &Row::verdict},
};

std::string emit_csv(const Run& run, const DeviceTable& devices) {
  std::vector<std::string> header;
  for (const TextField& field : kTextFields) header.emplace_back(field.name);
  header.insert(header.end(), {"bits", "baseline", "activation_bits"});
  for (const NumberColumn& column : number_columns()) header.emplace_back(column.name);
  std::ranges::move(device_columns(devices), std::back_inserter(header));
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
    std::ranges::move(device_fields(devices, row.key), std::back_inserter(fields));
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

std::string emit_json(const Run& run, const DeviceTable& devices) {
  OrderedJson document = {{"schema", kSchema}, {"name", run.name}};
  for (const char* key : {"started", "checkpoint", "dataset", "host", "versions"}) {
    if (run.manifest.is_object() && run.manifest.contains(key)) document[key] = run.manifest[key];
  }
  document["rows"] = OrderedJson::array();
  for (const Row& row : run.rows) document["rows"].push_back(json_row(row));
  document["published"] = published_json(run);
  if (!devices.devices.empty()) document["devices"] = devices_json(devices);
  return document.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + '\n';
}

template <class Value>
using Names = std::vector<std::pair<std::string_view, Value>>;

const Names<TableFormat> kFormats = {{"md", TableFormat::kMarkdown},
                                     {"csv", TableFormat::kCsv},
                                     {"tex", TableFormat::kLatex},
                                     {"json", TableFormat::kJson}};

const Names<TablePart> kParts = {{"all", TablePart::kAll},
                                 {"main", TablePart::kMain},
                                 {"verdicts", TablePart::kVerdicts},
                                 {"study", TablePart::kStudy},
                                 {"published", TablePart::kPublished},
                                 {"parts", TablePart::kParts},
                                 {"certainty", TablePart::kCertainty},
                                 {"devices", TablePart::kDevices}};

template <class Value>
std::vector<std::string> names_of(const Names<Value>& values) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.emplace_back(name);
  return names;
}

template <class Value>
Result<Value> parse_name(std::string_view what, const Names<Value>& values, std::string_view name) {
  for (const auto& [known, value] : values) {
    if (known == name) return value;
  }
  return error("the {} '{}' is unknown, expected one of: {}{}", what, name,
               fmt::join(names_of(values), ", "), did_you_mean(name, names_of(values)));
}

}  // namespace

const std::vector<std::string>& table_format_names() {
  static const std::vector<std::string> names = names_of(kFormats);
  return names;
}

Result<TableFormat> parse_table_format(std::string_view name) {
  return parse_name("table format", kFormats, name);
}

const std::vector<std::string>& table_part_names() {
  static const std::vector<std::string> names = names_of(kParts);
  return names;
}

Result<TablePart> parse_table_part(std::string_view name) {
  return parse_name("table", kParts, name);
}

std::string emit_table(const Run& run, TableFormat format, TablePart part,
                       const DeviceTable& devices, const TableView& view) {
  switch (format) {
    case TableFormat::kMarkdown:
      return emit_markdown(run, part, devices, view);
    case TableFormat::kCsv:
      return part == TablePart::kDevices ? devices_csv(devices) : emit_csv(run, devices);
    case TableFormat::kLatex:
      return emit_latex(run, part, devices);
    case TableFormat::kJson:
      return emit_json(run, devices);
  }
  return "";
}

Renderers renderers_of(const Run& run, TablePart part, const DeviceTable& devices,
                       const TableView& view) {
  const auto as = [&run, part, &devices, &view](TableFormat format) {
    return [&run, part, &devices, &view, format] {
      return emit_table(run, format, part, devices, view);
    };
  };
  return {as(TableFormat::kMarkdown), as(TableFormat::kCsv), as(TableFormat::kJson),
          as(TableFormat::kLatex)};
}

Result<std::vector<std::string>> parse_table_columns(std::string_view text) {
  const std::vector<std::string>& known = main_table_columns();
  std::vector<std::string> keys;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string key(text.substr(0, comma));
    if (std::ranges::find(known, key) == known.end()) {
      return error("the column '{}' is unknown, expected some of: {}{}", key,
                   fmt::join(known, ", "), did_you_mean(key, known));
    }
    keys.push_back(key);
    if (comma == std::string_view::npos) return keys;
    text.remove_prefix(comma + 1);
  }
}

Result<TableRequest> parse_table_request(std::string_view format, std::string_view part,
                                         bool devices) {
  TableRequest request;
  QYOLO_TRY(request.format, parse_table_format(format));
  QYOLO_TRY(request.part, parse_table_part(part));
  if (request.part == TablePart::kDevices && !devices)
    return error("--table devices shows what devices measured, expected --device FILE");
  const bool for_reading =
      request.format == TableFormat::kMarkdown || request.format == TableFormat::kLatex;
  if (request.part == TablePart::kAll || for_reading) return request;
  if (request.part == TablePart::kDevices && request.format == TableFormat::kCsv) return request;
  return error("--table {} is for md and tex; {} holds every cell", part, format);
}

}  // namespace qyolo::results
