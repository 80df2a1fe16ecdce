// Tables of a run: Markdown, CSV, LaTeX, JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "results/device_table.h"
#include "results/reading_table.h"
#include "results/record.h"
#include "results/renderers.h"

namespace qyolo::results {

enum class TableFormat { kMarkdown, kCsv, kLatex, kJson };

// "md", "csv", "tex", "json".
const std::vector<std::string>& table_format_names();
Result<TableFormat> parse_table_format(std::string_view name);

// What is shown in the formats for reading:
//   main       one row per cell, in the experiment's order: AP in percent, sizes in a decimal unit,
//              the best AP of each bit width in bold; what failed; the verdicts. Columns that no
//              row fills are left out, and in Markdown those that the view has no room for.
//   verdicts   how sure each cell's difference from the baseline is (verdicts.h)
//   study      schemes by granularities, one table per bit width, beside the study's
//              (study_table.h)
//   published  others' numbers, marked so (published.h)
//   parts      AP by object size and bytes by part
//   certainty  how far the head's scores are from the unquantized network's
//   devices    what devices measured, side by side (device_table.h)
enum class TablePart { kAll, kMain, kVerdicts, kStudy, kPublished, kParts, kCertainty, kDevices };

// "all", "main", "verdicts", "study", "published", "parts", "certainty", "devices".
const std::vector<std::string>& table_part_names();
Result<TablePart> parse_table_part(std::string_view name);

//   Markdown  for reading, with footnotes that say what the numbers mean.
//   LaTeX     the same, each table a table* environment with its caption and footnotes; needs
//             \usepackage{booktabs}. Characters outside ASCII in labels are passed through.
//   CSV       a header and unrounded numbers, quoted as in RFC 4180, lines ended by LF; an absent
//             number is an empty field.
//   JSON      {"schema", "name", "started", "checkpoint", "dataset", "host", "versions",
//             "rows": [{...}], "published": [{...}]}; rows have the CSV's columns; an absent number
//             is null.
// CSV and JSON hold every cell, whatever `part` says; but the CSV of `devices` has one line per
// measurement of a device. With devices, the CSV has columns of each, filled in the cells that it
// ran, and the JSON "devices": the device files, with the "key" of the cell in each row.
[[nodiscard]] std::string emit_table(const Run& run, TableFormat format,
                                     TablePart part = TablePart::kAll,
                                     const DeviceTable& devices = {}, const TableView& view = {});

// Refers to all of its arguments.
[[nodiscard]] Renderers renderers_of(const Run& run, TablePart part, const DeviceTable& devices,
                                     const TableView& view);

struct TableRequest {
  TableFormat format = TableFormat::kMarkdown;
  TablePart part = TablePart::kAll;
};
// Keys of the main table's columns, separated by commas.
Result<std::vector<std::string>> parse_table_columns(std::string_view text);
// Fails for a part of what has no parts, and for devices where there are none.
Result<TableRequest> parse_table_request(std::string_view format, std::string_view part,
                                         bool devices);

}  // namespace qyolo::results
