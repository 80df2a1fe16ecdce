// Two runs, cell by cell: what a change of code, host, checkpoint or setting did.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"
#include "results/record.h"
#include "results/tables.h"

namespace qyolo::results {

// A cell of A and the one of B that is compared with it. Differences are B minus A, in AP (0..1).
struct CellPair {
  const Row* a = nullptr;
  const Row* b = nullptr;
  bool same_key = false;  // the same definition to the last bit; otherwise only the label agrees
  std::vector<std::string> option_differences;  // "scale_bits: 32 in A, 16 in B"
  std::optional<double> delta_ap, delta_ap50;
  std::optional<Interval> interval_a, interval_b;  // Row::ap_interval()
  std::optional<double> latency_ratio;             // median of B over that of A

  // Whether B lost more than `points` AP, or has none where A has one.
  [[nodiscard]] bool lost_more_than(double points) const;
};

struct Comparison {
  const Run* a = nullptr;
  const Run* b = nullptr;
  std::vector<CellPair> cells;  // in A's order
  std::vector<const Row*> only_a, only_b;
  std::vector<std::string> differences;    // of the runs: "images: 240 in A, 24 in B"
  std::vector<std::string> latency_notes;  // why ratios of latency may say little
};

// Matches by key first, then by label in the order of the runs; each cell is matched at most once.
// Fails where nothing matches. Both runs must outlive the result.
Result<Comparison> compare_runs(const Run& a, const Run& b);

enum class CompareOrder { kRun, kLargestDifference };

// "run", "ap".
Result<CompareOrder> parse_compare_order(std::string_view name);

// Stable; cells without a difference last.
void sort_cells(Comparison& comparison, CompareOrder order);

// Markdown and LaTeX: the differences of the runs, one row per matched cell, the unmatched ones.
// CSV: one row per cell of either run, unrounded, "match" is "key", "label", "only A" or "only B".
// JSON: {"schema", "a", "b", "differences", "cells", "only_a", "only_b"}.
[[nodiscard]] std::string emit_comparison(const Comparison& comparison, TableFormat format);
[[nodiscard]] Renderers renderers_of(const Comparison& comparison);

}  // namespace qyolo::results
