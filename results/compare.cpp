#include "results/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "results/cell_record.h"
#include "results/label.h"

namespace qyolo::results {
namespace {

std::string text(const Json& value) {
  if (value.is_null()) return "not said";
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string difference(std::string_view name, std::string_view a, std::string_view b) {
  return fmt::format("{}: {} in A, {} in B", name, a, b);
}

// One for every member that differs.
std::vector<std::string> member_differences(const Json& a, const Json& b,
                                            const std::set<std::string>& ignored) {
  std::set<std::string> keys;
  for (const Json* object : {&a, &b}) {
    if (!object->is_object()) continue;
    for (const auto& [key, value] : object->items()) keys.insert(key);
  }
  std::vector<std::string> lines;
  for (const std::string& key : keys) {
    const Json &left = member(a, key), &right = member(b, key);
    if (ignored.count(key) == 0 && left != right)
      lines.push_back(difference(key, text(left), text(right)));
  }
  return lines;
}

void add_difference(std::vector<std::string>& lines, const char* name, const Json& a, const Json& b,
                    std::size_t digits = std::string::npos) {
  if (a != b)
    lines.push_back(difference(name, text(a).substr(0, digits), text(b).substr(0, digits)));
}

std::vector<std::string> run_differences(const Json& a, const Json& b) {
  constexpr std::size_t kDigits = 12;
  std::vector<std::string> lines;
  add_difference(lines, "checkpoint", member(member(a, "checkpoint"), "sha256"),
                 member(member(b, "checkpoint"), "sha256"), kDigits);
  add_difference(lines, "dataset", member(member(a, "dataset"), "sha256"),
                 member(member(b, "dataset"), "sha256"), kDigits);
  add_difference(lines, "images", member(member(a, "dataset"), "image_count"),
                 member(member(b, "dataset"), "image_count"));
  for (const std::string& line :
       member_differences(member(member(a, "experiment"), "evaluation"),
                          member(member(b, "experiment"), "evaluation"), {}))
    lines.push_back("evaluation " + line);
  add_difference(lines, "executor", member(a, "executor"), member(b, "executor"));
  for (const std::string& line :
       member_differences(member(a, "versions"), member(b, "versions"), {"opencv", "compiler"}))
    lines.push_back("version of " + line);
  return lines;
}

// Each cell of the manifest by its key.
std::map<std::string, const Json*> definitions_of(const Run& run) {
  std::map<std::string, const Json*> found;
  for (const Json& cell : member(run.manifest, "cells")) {
    if (member(cell, "key").is_string()) found.emplace(cell["key"].get<std::string>(), &cell);
  }
  return found;
}

std::vector<std::string> latency_notes(const Comparison& comparison) {
  std::vector<std::string> notes;
  bool any = false;
  std::set<std::string> changed;
  for (const CellPair& cell : comparison.cells) {
    if (!cell.latency_ratio) continue;
    any = true;
    if (cell.a->latency_threads != cell.b->latency_threads) changed.insert("threads");
    if (cell.a->latency_batch != cell.b->latency_batch) changed.insert("batch");
    if (cell.a->latency_height != cell.b->latency_height ||
        cell.a->latency_width != cell.b->latency_width)
      changed.insert("input shape");
    if (!same_execution(cell.a->execution, cell.b->execution)) changed.insert("execution");
  }
  if (!any) return notes;
  const Json &host_a = member(comparison.a->manifest, "host"),
             &host_b = member(comparison.b->manifest, "host");
  for (const std::string& line :
       member_differences(host_a, host_b, {"kernel", "flags", "memory_bytes", "threads"}))
    changed.insert("host's " + line);
  for (const std::string& what : changed) notes.push_back(what);
  return notes;
}

// What cells of runs in different arithmetic have in common.
std::string matched_label(const Row& row) {
  return label_without_precision(row.label, row.baseline);
}

class Matcher {
 public:
  Matcher(const Run& a, const Run& b)
      : a_(a), b_(b), definitions_a_(definitions_of(a)), definitions_b_(definitions_of(b)) {
    for (const Row& row : b.rows) {
      keys_.emplace(row.key, &row);
      if (!row.label.empty()) labels_[matched_label(row)].push_back(&row);
    }
  }

  void match(Comparison& comparison) {
    std::map<const Row*, const Row*> partners;
    for (const Row& row : a_.rows) {
      const auto found = keys_.find(row.key);
      if (found != keys_.end() && taken_.insert(found->second).second)
        partners[&row] = found->second;
    }
    for (const Row& row : a_.rows) {
      const auto found = labels_.find(matched_label(row));
      if (partners.count(&row) != 0 || found == labels_.end()) continue;
      const auto free = std::find_if(found->second.begin(), found->second.end(),
                                     [&](const Row* other) { return taken_.count(other) == 0; });
      if (free == found->second.end()) continue;
      taken_.insert(*free);
      partners[&row] = *free;
    }
    for (const Row& row : a_.rows) {
      const auto found = partners.find(&row);
      if (found == partners.end()) {
        comparison.only_a.push_back(&row);
      } else {
        comparison.cells.push_back(pair(row, *found->second));
      }
    }
    for (const Row& row : b_.rows) {
      if (taken_.count(&row) == 0) comparison.only_b.push_back(&row);
    }
  }

 private:
  CellPair pair(const Row& a, const Row& b) const {
    CellPair cell;
    cell.a = &a;
    cell.b = &b;
    cell.same_key = a.key == b.key;
    const auto left = definitions_a_.find(a.key), right = definitions_b_.find(b.key);
    if (!cell.same_key && left != definitions_a_.end() && right != definitions_b_.end())
      cell.option_differences = member_differences(*left->second, *right->second, {"key"});
    if (a.ap && b.ap) cell.delta_ap = *b.ap - *a.ap;
    if (a.ap50 && b.ap50) cell.delta_ap50 = *b.ap50 - *a.ap50;
    cell.interval_a = a.ap_interval();
    cell.interval_b = b.ap_interval();
    if (a.latency_median_ms && b.latency_median_ms && *a.latency_median_ms > 0)
      cell.latency_ratio = *b.latency_median_ms / *a.latency_median_ms;
    return cell;
  }

  const Run &a_, &b_;
  std::map<std::string, const Json*> definitions_a_, definitions_b_;
  std::map<std::string, const Row*> keys_;
  std::map<std::string, std::vector<const Row*>> labels_;
  std::set<const Row*> taken_;
};

}  // namespace

bool CellPair::lost_more_than(double points) const {
  if (!a->ap) return false;
  return !b->ap || (*a->ap - *b->ap) * 100 > points;
}

Result<Comparison> compare_runs(const Run& a, const Run& b) {
  Comparison comparison;
  comparison.a = &a;
  comparison.b = &b;
  Matcher(a, b).match(comparison);
  if (comparison.cells.empty()) {
    return error(
        "nothing to compare: none of the {} cells of {} has the key or the label of one of "
        "the {} cells of {}",
        a.rows.size(), a.folder.string(), b.rows.size(), b.folder.string());
  }
  comparison.differences = run_differences(a.manifest, b.manifest);
  comparison.latency_notes = latency_notes(comparison);
  return comparison;
}

Result<CompareOrder> parse_compare_order(std::string_view name) {
  if (name == "run") return CompareOrder::kRun;
  if (name == "ap") return CompareOrder::kLargestDifference;
  return error("the order '{}' is unknown, expected one of: run, ap", name);
}

void sort_cells(Comparison& comparison, CompareOrder order) {
  if (order == CompareOrder::kRun) return;
  const auto size = [](const CellPair& cell) {
    return cell.delta_ap ? std::abs(*cell.delta_ap) : -1;
  };
  std::stable_sort(comparison.cells.begin(), comparison.cells.end(),
                   [&](const CellPair& x, const CellPair& y) { return size(x) > size(y); });
}

}  // namespace qyolo::results
