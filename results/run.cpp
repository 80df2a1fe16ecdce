#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "common/file.h"
#include "metrics/verdict.h"
#include "results/cell_record.h"
#include "results/columns.h"
#include "results/dataset_name.h"
#include "results/record.h"
#include "results/text.h"

namespace qyolo::results {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 4> kStatuses = {"ok", "failed", "skipped", "unsupported"};

// The object at "a.b"; the record itself where `path` is empty.
const Json& section(const Json& record, std::string_view path) {
  const Json* object = &record;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    object = &member(*object, path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return *object;
}

// The interval and all that is said about it.
void forget_uncertainty(Row& row) {
  for (const NumberColumn& column : number_columns()) {
    if (column.section.starts_with("uncertainty")) (row.*column.value).reset();
  }
  row.decision.clear();
  row.verdict.clear();
}

// Fills rows from records and collects what was wrong with them.
class RowReader {
 public:
  explicit RowReader(std::vector<std::string>& warnings) : warnings_(warnings) {}

  Row from_cell(const Json& cell, std::string_view place) {
    Row row;
    row.key = json_text(cell, "key");
    row.label = full_label(cell, row.precision);
    row.name = plain_text(json_text(cell, "name"));
    row.scheme = json_text(cell, "scheme");
    row.granularity = json_text(cell, "granularity");
    const Json& bits = member(cell, "bits");
    if (bits.is_number_integer() && bits >= 0 && bits <= 64) {
      row.bits = bits.get<int>();
    } else if (!bits.is_null()) {
      warn("{}: 'bits' is {}, expected an integer from 0 to 64", place, bits.dump());
    }
    const Json& activation_bits = member(cell, "activation_bits");
    if (activation_bits.is_number_integer() && activation_bits >= 0 && activation_bits <= 64)
      row.activation_bits = activation_bits.get<int>();
    const Json& baseline = member(cell, "baseline");
    row.baseline = baseline.is_boolean() && baseline.get<bool>();
    row.status = "pending";
    return row;
  }

  void add_record(Row& row, const Json& record, const std::string& place) {
    const std::string kind = json_text(record, "kind");
    const bool accuracy = kind == "accuracy";
    std::string status = record["status"].get<std::string>();
    if (std::find(kStatuses.begin(), kStatuses.end(), status) == kStatuses.end()) {
      warn("{}: the status '{}' is unknown and counts as failed", place, status);
      status = "failed";
    }
    // What would have run, of one that failed.
    if (std::string text = json_text(record, "precision"); !text.empty())
      row.precision = std::move(text);
    std::string reason = json_text(record, "error");
    if (accuracy || row.status == "pending") {
      row.status = status;
      row.error = std::move(reason);
    } else if (status != "ok") {
      row.latency_error = reason.empty() ? status : std::move(reason);
    }
    if (status != "ok") return;
    if (std::string text = execution_text(record); !text.empty()) row.execution = std::move(text);
    if (std::string text = json_text(record, "engine"); !text.empty()) row.engine = std::move(text);
    if (!accuracy) row.latency_warning = json_text(member(record, "latency"), "warning");
    for (const NumberColumn& column : number_columns()) {
      if (kind == column.kind) row.*column.value = number(record, column, place);
    }
    if (accuracy) add_uncertainty(row, member(record, "uncertainty"), place);
  }

 private:
  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) {
    warnings_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void add_uncertainty(Row& row, const Json& uncertainty, const std::string& place) {
    if (!uncertainty.is_object()) return;
    const auto ordered = [](const auto& low, const auto& high) {
      return low.has_value() == high.has_value() && (!low || *low <= *high);
    };
    if (ordered(row.delta_ap_low, row.delta_ap_high) &&
        ordered(row.delta_ap50_low, row.delta_ap50_high))
      return judge(row, uncertainty);
    warn("{}: 'uncertainty' has no interval, expected 'low' and 'high' above it", place);
    forget_uncertainty(row);
  }

  // By today's rule, whatever rule the record was written by: it has the numbers.
  static void judge(Row& row, const Json& uncertainty) {
    if (!row.tolerance || !row.confidence || !row.effective_images || !row.objects) {
      row.decision = json_text(uncertainty, "decision");
      row.verdict = json_text(uncertainty, "verdict");
      return;
    }
    metrics::PairedDifference difference;
    difference.options.confidence = *row.confidence;
    difference.tolerance = *row.tolerance;
    difference.margin = row.margin.value_or(0);
    difference.effective_images = *row.effective_images;
    difference.objects = static_cast<std::int64_t>(*row.objects);
    difference.images = static_cast<std::int64_t>(row.images.value_or(0));
    difference.loss_above_tolerance = row.loss_above_tolerance.value_or(0);
    const Json& value = member(member(uncertainty, "delta_AP"), "value");
    if (value.is_number() && row.delta_ap_low) {
      difference.ap = metrics::Difference{value.get<double>(), *row.delta_ap_low,
                                          *row.delta_ap_high, row.delta_ap_error.value_or(0)};
    }
    const Json& classes = member(uncertainty, "per_class");
    for (const Json& one : classes.is_array() ? classes : Json::array()) {
      const Json& objects = member(one, "objects");
      if (objects.is_number_integer())
        difference.classes.emplace_back().objects = objects.get<std::int64_t>();
    }
    row.decision = metrics::decision_name(metrics::decide(difference));
    row.verdict = metrics::verdict(difference);
  }

  std::optional<double> number(const Json& record, const NumberColumn& column,
                               const std::string& place) {
    const Json& value = member(section(record, column.section), column.key);
    if (value.is_null()) return std::nullopt;
    if (value.is_number()) {
      const double read = value.get<double>();
      if (column.fraction && read == -1) return std::nullopt;
      if (read >= column.low && read <= column.high) return read;
    }
    warn("{}: '{}' is {}, expected a number from {} to {}", place, column.key, value.dump(),
         column.low, column.high);
    return std::nullopt;
  }

  std::vector<std::string>& warnings_;
};

// Cells in the manifest's order; in the order of their first records where it has none.
std::vector<Row> list_cells(const Json& manifest, const RecordLines& lines, RowReader& reader,
                            std::vector<std::string>& warnings) {
  std::vector<Row> rows;
  std::set<std::string> seen;
  const auto add = [&](Row row) {
    if (row.key.empty() || !seen.insert(row.key).second) return false;
    rows.push_back(std::move(row));
    return true;
  };
  const Json& cells = member(manifest, "cells");
  if (cells.is_array()) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string place = fmt::format("manifest.json: cells[{}]", i);
      if (!add(reader.from_cell(cells[i], place)))
        warnings.push_back(place + " has no key of its own; skipped");
    }
    return rows;
  }
  for (std::size_t i = 0; i < lines.records.size(); ++i) {
    const Json& record = lines.records[i];
    if (seen.count(json_text(record, "key")) != 0) continue;
    Row row = reader.from_cell(member(record, "cell"),
                               fmt::format("records.jsonl line {}", lines.lines[i]));
    row.key = json_text(record, "key");
    add(std::move(row));
  }
  return rows;
}

// The labels of all rows, by what ran; what is shown of two alike gets a number.
void add_labels(Run& run) {
  const Json& cells = member(run.manifest, "cells");
  const std::string expected = json_text(run.manifest, "precision");
  std::map<std::string, const Json*> definitions;
  if (cells.is_array()) {
    for (const Json& cell : cells) definitions.emplace(json_text(cell, "key"), &cell);
  }
  std::set<std::string> taken;
  for (Row& row : run.rows) {
    const Json* record = run.newest("accuracy", row.key);
    if (record == nullptr) record = run.newest("latency", row.key);
    const auto found = definitions.find(row.key);
    const Json& cell = found != definitions.end() ? *found->second
                       : record != nullptr        ? member(*record, "cell")
                                                  : Json();
    // One that has not run yet runs as the others do.
    const std::string_view precision = row.status == "pending" && row.precision.empty()
                                           ? std::string_view(expected)
                                           : row.precision;
    if (cell.is_object()) {
      row.label = full_label(cell, precision);
      row.shown = shown_label(cell, precision, row.bits_per_weight);
    }
    const std::string shown = label_of(row);
    for (int i = 2; !taken.insert(label_of(row)).second; ++i)
      row.shown = fmt::format("{} ({})", shown, i);
  }
}

void join_records(Run& run, const RecordLines& lines, RowReader& reader) {
  std::map<std::pair<std::string, std::string>, std::size_t> newest;
  std::set<std::string> keys;
  for (const Row& row : run.rows) keys.insert(row.key);
  std::size_t strays = 0;
  for (std::size_t i = 0; i < lines.records.size(); ++i) {
    const std::string key = json_text(lines.records[i], "key");
    newest[{json_text(lines.records[i], "kind"), key}] = i;
    if (keys.count(key) == 0) ++strays;
  }
  if (strays > 0) {
    run.warnings.push_back(
        fmt::format("{} of the records in {} belong to no cell of its manifest and are left out",
                    strays, run.folder.string()));
  }
  for (Row& row : run.rows) {
    for (const char* kind : {"accuracy", "latency"}) {
      const auto found = newest.find({kind, row.key});
      if (found == newest.end()) continue;
      reader.add_record(row, lines.records[found->second],
                        fmt::format("records.jsonl line {}", lines.lines[found->second]));
    }
  }
}

// An interval is that of the difference to the run's baseline, or is not shown.
void check_uncertainty(Run& run, Row& row) {
  constexpr double kRounding = 1e-6;
  const Json* record = row.verdict.empty() ? nullptr : run.newest("accuracy", row.key);
  if (record == nullptr) return;
  const Json& value = member(section(*record, "uncertainty.delta_AP"), "value");
  if (!value.is_number()) return;
  if (row.delta_ap && std::abs(value.get<double>() - *row.delta_ap) <= kRounding) return;
  run.warnings.push_back(fmt::format(
      "the uncertainty of {} is that of a difference to another baseline and is left out",
      label_of(row)));
  forget_uncertainty(row);
}

void add_differences(Run& run) {
  const Row* found = run.baseline();
  if (found == nullptr) {
    for (Row& row : run.rows) forget_uncertainty(row);
    return;
  }
  const Row baseline = *found;
  for (Row& row : run.rows) {
    if (row.ap) row.delta_ap = *row.ap - *baseline.ap;
    if (row.ap50 && baseline.ap50) row.delta_ap50 = *row.ap50 - *baseline.ap50;
    check_uncertainty(run, row);
  }
}

void add_names(Run& run) {
  run.name = json_text(run.manifest, "name");
  run.network = fs::path(json_text(member(run.manifest, "checkpoint"), "path")).stem().string();
  const Json& dataset = member(run.manifest, "dataset");
  if (const std::string path = json_text(dataset, "annotations"); !path.empty())
    run.dataset = dataset_name(path);
  const Json& count = member(dataset, "image_count");
  if (count.is_number() && count >= 0 && count < 1e15) run.images = count.get<double>();
}

}  // namespace

std::string dataset_name(const fs::path& annotations) {
  if (annotations.stem() != "annotations") return annotations.stem().string();
  const fs::path folder = annotations.parent_path();
  const fs::path above = folder.parent_path().filename();
  if (folder.empty()) return "annotations";
  return above.empty() ? folder.filename().string() : (above / folder.filename()).string();
}

std::optional<Interval> Row::ap_interval() const {
  if (!ap || !delta_ap || !delta_ap_low || !delta_ap_high) return std::nullopt;
  const double base = *ap - *delta_ap;
  return Interval(std::clamp(base + *delta_ap_low, 0.0, 1.0),
                  std::clamp(base + *delta_ap_high, 0.0, 1.0));
}

const Row* Run::baseline() const {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [](const Row& row) { return row.baseline && row.ap; });
  return found == rows.end() ? nullptr : &*found;
}

const Json* Run::newest(std::string_view kind, std::string_view key) const {
  const auto found = std::find_if(records.rbegin(), records.rend(), [&](const Json& record) {
    return json_text(record, "key") == key && json_text(record, "kind") == kind;
  });
  return found == records.rend() ? nullptr : &*found;
}

namespace {

Result<Run> assemble(Json manifest, RecordLines lines, const fs::path& folder) {
  Run run;
  run.folder = folder;
  run.manifest = std::move(manifest);
  const std::string place = (folder / "manifest.json").string();
  QYOLO_TRY(const JsonObject object, JsonObject::from(run.manifest, place));
  if (object.has("schema")) {
    QYOLO_TRY(const std::int64_t schema, object.integer("schema", 1, INT64_MAX));
    if (schema > kSchema) {
      return error("{} has schema {}, this qyolo knows schemas up to {}: use a newer qyolo", place,
                   schema, kSchema);
    }
  }
  run.warnings = std::move(lines.warnings);
  RowReader reader(run.warnings);
  run.rows = list_cells(run.manifest, lines, reader, run.warnings);
  join_records(run, lines, reader);
  run.records = std::move(lines.records);
  add_labels(run);
  add_differences(run);
  add_names(run);
  return run;
}

}  // namespace

Result<Run> assemble_run(Json manifest, std::vector<Json> records, const fs::path& folder) {
  RecordLines lines;
  lines.records = std::move(records);
  for (std::size_t i = 0; i < lines.records.size(); ++i) lines.lines.push_back(i + 1);
  return assemble(std::move(manifest), std::move(lines), folder);
}

Result<Run> parse_run(std::string_view manifest, std::string_view records, const fs::path& folder) {
  QYOLO_TRY(Json parsed, parse_json(manifest, (folder / "manifest.json").string()));
  QYOLO_TRY(RecordLines lines, parse_records(records, (folder / "records.jsonl").string()));
  return assemble(std::move(parsed), std::move(lines), folder);
}

Result<Run> read_run(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    return error("{} is not a folder, expected the folder of a run", folder.string());
  if (!fs::exists(folder / "manifest.json", ignored)) {
    return error("{} has no manifest.json, expected the folder of a run", folder.string());
  }
  QYOLO_TRY(const std::string manifest, read_file(folder / "manifest.json"));
  std::string records;
  if (fs::exists(folder / "records.jsonl", ignored)) {
    QYOLO_TRY(records, read_file(folder / "records.jsonl"));
  }
  return parse_run(manifest, records, folder);
}

}  // namespace qyolo::results
