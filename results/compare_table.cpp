#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "results/compare.h"
#include "results/render.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

std::string folder_of(const Run& run) {
  const std::string path = run.folder.lexically_normal().string();
  return run.name.empty() ? path : fmt::format("{} ({})", path, run.name);
}

// "FP32 / BF16" where the two are called differently.
std::string pair_name(const CellPair& cell) {
  const std::string a = label_of(*cell.a), b = label_of(*cell.b);
  return a == b ? a : a + " / " + b;
}

std::string ap_of(const Row& row, const std::optional<Interval>& interval) {
  if (!row.ap) return row.status == "ok" ? std::string(kAbsent) : row.status;
  std::string text = fixed(*row.ap * 100, 2);
  if (interval)
    text += fmt::format(" ({} to {})", fixed(interval->first * 100, 1),
                        fixed(interval->second * 100, 1));
  return text;
}

// --- Markdown and LaTeX ---

using Cells = std::vector<CellPair>;

template <class Text>
void add_column(ReadingTable& table, const Cells& cells, std::string header, const Text& text_of) {
  TextColumn column{std::move(header), true, {}};
  bool any = false;
  for (const CellPair& cell : cells) {
    std::string text = text_of(cell);
    any = any || !text.empty();
    column.cells.push_back({text.empty() ? std::string(kAbsent) : std::move(text)});
  }
  if (any) table.columns.push_back(std::move(column));
}

ReadingTable cells_table(const Comparison& comparison) {
  const Cells& cells = comparison.cells;
  ReadingTable table;
  add_column(table, cells, "Cell", [](const CellPair& cell) { return pair_name(cell); });
  add_column(table, cells, "Matched by",
             [](const CellPair& cell) { return std::string(cell.same_key ? "key" : "label"); });
  for (TextColumn& column : table.columns) column.number = false;
  add_column(table, cells, "AP, A",
             [](const CellPair& cell) { return ap_of(*cell.a, cell.interval_a); });
  add_column(table, cells, "AP, B",
             [](const CellPair& cell) { return ap_of(*cell.b, cell.interval_b); });
  const auto difference = [](const std::optional<double>& value) {
    return value ? points(*value) : std::string();
  };
  add_column(table, cells, "ΔAP", [&](const CellPair& cell) { return difference(cell.delta_ap); });
  add_column(table, cells, "ΔAP50",
             [&](const CellPair& cell) { return difference(cell.delta_ap50); });
  double largest = 0;
  for (const CellPair& cell : cells) {
    largest = std::max({largest, cell.a->true_bytes.value_or(0), cell.b->true_bytes.value_or(0)});
  }
  const ByteUnit unit = byte_unit(largest);
  const auto size = [&](const Row& row) {
    return row.true_bytes ? fixed(*row.true_bytes / unit.bytes, unit.decimals) : std::string();
  };
  add_column(table, cells, fmt::format("Size A, {}", unit.name),
             [&](const CellPair& cell) { return size(*cell.a); });
  add_column(table, cells, fmt::format("Size B, {}", unit.name),
             [&](const CellPair& cell) { return size(*cell.b); });
  add_column(table, cells, "Latency, B/A", [](const CellPair& cell) {
    return cell.latency_ratio ? fmt::format("{:.3f}", *cell.latency_ratio) : std::string();
  });
  return table;
}

// "3 cells matched by key (1 with another AP), 2 by label."
std::string summary_of(const Comparison& comparison) {
  std::size_t keys = 0, changed = 0, measured = 0;
  const CellPair* largest = nullptr;
  for (const CellPair& cell : comparison.cells) {
    keys += cell.same_key ? 1 : 0;
    if (!cell.delta_ap) continue;
    ++measured;
    changed += *cell.delta_ap != 0 ? 1 : 0;
    if (largest == nullptr || std::abs(*cell.delta_ap) > std::abs(*largest->delta_ap))
      largest = &cell;
  }
  const std::size_t count = comparison.cells.size();
  std::string text = fmt::format("{} cell{} matched, {} by key and {} by label", count,
                                 count == 1 ? "" : "s", keys, count - keys);
  if (measured > 0 && changed == 0) {
    text +=
        fmt::format("; AP is the same to the last digit in all {} that have it twice", measured);
  } else if (largest != nullptr) {
    text += fmt::format("; AP differs in {} of {}, most in {} ({} points)", changed, measured,
                        pair_name(*largest), points(*largest->delta_ap));
  }
  return text + '.';
}

std::vector<std::string> notes_of(const Comparison& comparison) {
  const Cells& cells = comparison.cells;
  std::vector<std::string> notes = {
      "AP in percent; ΔAP and ΔAP50: points, B minus A. Size: true accounting. Latency: ratio of "
      "the medians, below 1 where B is faster."};
  const auto any = [&](auto predicate) {
    return std::any_of(cells.begin(), cells.end(), predicate);
  };
  if (any([](const CellPair& cell) { return cell.same_key; })) {
    notes.emplace_back(
        "Matched by key: the same checkpoint, data, evaluation and cell. A difference of AP is "
        "nondeterminism, another platform or a change of the program.");
  }
  if (any([](const CellPair& cell) { return !cell.same_key; })) {
    notes.emplace_back(
        "Matched by label: something that decides the accuracy is not the same; see the "
        "differences of the runs, and of the cells where their options differ.");
  }
  if (any([](const CellPair& cell) { return cell.interval_a || cell.interval_b; })) {
    notes.emplace_back(
        "In brackets: the AP of the run's baseline plus the interval of the difference to it, "
        "which "
        "is what the limited number of images leaves open. Over the same images both runs err "
        "alike, so that a difference can be certain though the intervals overlap.");
  }
  if (!comparison.latency_notes.empty()) {
    notes.push_back(
        fmt::format("Latency was not taken alike: {}. The ratios are not of the cells "
                    "alone.",
                    fmt::join(comparison.latency_notes, "; ")));
  }
  return notes;
}

std::vector<std::string> differences_of(const Comparison& comparison) {
  std::vector<std::string> lines = comparison.differences;
  for (const CellPair& cell : comparison.cells) {
    if (!cell.option_differences.empty())
      lines.push_back(
          fmt::format("{}: {}", pair_name(cell), fmt::join(cell.option_differences, "; ")));
  }
  return lines;
}

std::vector<std::string> unmatched_of(const Comparison& comparison) {
  std::vector<std::string> lines;
  for (const Row* row : comparison.only_a) lines.push_back("only in A: " + label_of(*row));
  for (const Row* row : comparison.only_b) lines.push_back("only in B: " + label_of(*row));
  return lines;
}

std::string emit_markdown(const Comparison& comparison) {
  std::string out = "# Comparison\n\n";
  out += markdown_list({"A: " + folder_of(*comparison.a), "B: " + folder_of(*comparison.b)});
  out += '\n' + markdown_text(summary_of(comparison)) + "\n\n";
  out += markdown_table(cells_table(comparison)) + '\n' + markdown_list(notes_of(comparison));
  if (const auto lines = differences_of(comparison); !lines.empty())
    out += "\n## What differs\n\n" + markdown_list(lines);
  if (const auto lines = unmatched_of(comparison); !lines.empty())
    out += "\n## Not compared\n\n" + markdown_list(lines);
  return out;
}

std::string emit_latex(const Comparison& comparison) {
  ReadingTable table = cells_table(comparison);
  table.notes = notes_of(comparison);
  for (const std::string& line : differences_of(comparison))
    table.notes.push_back("Differs: " + line + '.');
  for (const std::string& line : unmatched_of(comparison)) table.notes.push_back(line + '.');
  return "% Needs \\usepackage{booktabs}.\n" +
         latex_table(table, fmt::format("A: {}. B: {}. {}", folder_of(*comparison.a),
                                        folder_of(*comparison.b), summary_of(comparison)));
}

// --- CSV and JSON ---

std::optional<double> low(const std::optional<Interval>& interval) {
  return interval ? std::optional(interval->first) : std::nullopt;
}
std::optional<double> high(const std::optional<Interval>& interval) {
  return interval ? std::optional(interval->second) : std::nullopt;
}

// Either side may be missing.
OrderedJson flat(const CellPair& cell, std::string_view match) {
  const Row& named = cell.a != nullptr ? *cell.a : *cell.b;
  OrderedJson row = {{"label", named.label},
                     {"scheme", named.scheme},
                     {"bits", named.bits},
                     {"granularity", named.granularity},
                     {"match", match}};
  const auto text = [&](const char* name, std::string Row::*member) {
    row[std::string(name) + "_a"] = cell.a != nullptr ? cell.a->*member : "";
    row[std::string(name) + "_b"] = cell.b != nullptr ? cell.b->*member : "";
  };
  const auto put = [&](const std::string& name, const std::optional<double>& value) {
    row[name] = value && std::isfinite(*value) ? OrderedJson(*value) : OrderedJson(nullptr);
  };
  const auto number = [&](const std::string& name, std::optional<double> Row::*member) {
    put(name + "_a", cell.a != nullptr ? cell.a->*member : std::nullopt);
    put(name + "_b", cell.b != nullptr ? cell.b->*member : std::nullopt);
  };
  text("key", &Row::key);
  text("status", &Row::status);
  number("AP", &Row::ap);
  put("delta_AP", cell.delta_ap);
  put("AP_low_a", low(cell.interval_a));
  put("AP_high_a", high(cell.interval_a));
  put("AP_low_b", low(cell.interval_b));
  put("AP_high_b", high(cell.interval_b));
  number("AP50", &Row::ap50);
  put("delta_AP50", cell.delta_ap50);
  number("true_bytes", &Row::true_bytes);
  put("latency_ratio", cell.latency_ratio);
  return row;
}

std::vector<OrderedJson> flat_cells(const Comparison& comparison) {
  std::vector<OrderedJson> rows;
  for (const CellPair& cell : comparison.cells)
    rows.push_back(flat(cell, cell.same_key ? "key" : "label"));
  return rows;
}

std::vector<OrderedJson> flat_unmatched(const std::vector<const Row*>& rows, bool of_a) {
  std::vector<OrderedJson> out;
  for (const Row* row : rows) {
    CellPair cell;
    (of_a ? cell.a : cell.b) = row;
    out.push_back(flat(cell, of_a ? "only A" : "only B"));
  }
  return out;
}

std::string emit_csv(const Comparison& comparison) {
  std::vector<OrderedJson> rows = flat_cells(comparison);
  for (const bool of_a : {true, false}) {
    for (OrderedJson& row : flat_unmatched(of_a ? comparison.only_a : comparison.only_b, of_a))
      rows.push_back(std::move(row));
  }
  std::vector<std::string> header;
  for (const auto& [name, value] : rows.front().items()) header.push_back(name);
  std::string out = fmt::format("{}\n", fmt::join(header, ","));
  for (const OrderedJson& row : rows) {
    std::vector<std::string> fields;
    for (const auto& [name, value] : row.items()) {
      fields.push_back(value.is_null()             ? ""
                       : value.is_string()         ? csv_field(value.get_ref<const std::string&>())
                       : value.is_number_integer() ? fmt::format("{}", value.get<int>())
                                                   : fmt::format("{}", value.get<double>()));
    }
    out += fmt::format("{}\n", fmt::join(fields, ","));
  }
  return out;
}

OrderedJson run_json(const Run& run) {
  OrderedJson json = {{"folder", run.folder.string()}, {"name", run.name}};
  for (const char* key : {"started", "checkpoint", "dataset", "host", "versions", "executor"}) {
    if (run.manifest.is_object() && run.manifest.contains(key)) json[key] = run.manifest[key];
  }
  return json;
}

std::string emit_json(const Comparison& comparison) {
  OrderedJson document = {{"schema", kSchema},
                          {"a", run_json(*comparison.a)},
                          {"b", run_json(*comparison.b)},
                          {"differences", comparison.differences},
                          {"latency_differences", comparison.latency_notes},
                          {"cells", OrderedJson::array()}};
  std::vector<OrderedJson> cells = flat_cells(comparison);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i]["option_differences"] = comparison.cells[i].option_differences;
    document["cells"].push_back(std::move(cells[i]));
  }
  document["only_a"] = flat_unmatched(comparison.only_a, true);
  document["only_b"] = flat_unmatched(comparison.only_b, false);
  return document.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + '\n';
}

}  // namespace

std::string emit_comparison(const Comparison& comparison, TableFormat format) {
  switch (format) {
    case TableFormat::kMarkdown:
      return emit_markdown(comparison);
    case TableFormat::kCsv:
      return emit_csv(comparison);
    case TableFormat::kLatex:
      return emit_latex(comparison);
    case TableFormat::kJson:
      return emit_json(comparison);
  }
  return "";
}

Renderers renderers_of(const Comparison& comparison) {
  const auto as = [&comparison](TableFormat format) {
    return [&comparison, format] { return emit_comparison(comparison, format); };
  };
  return {as(TableFormat::kMarkdown), as(TableFormat::kCsv), as(TableFormat::kJson),
          as(TableFormat::kLatex)};
}

}  // namespace qyolo::results
