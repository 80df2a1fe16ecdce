// A table for people, before it is written as Markdown or LaTeX.
#pragma once

#include <string>
#include <vector>

#include "results/record.h"

namespace qyolo::results {

struct TextCell {
  std::string text;
  bool bold = false;
};

struct TextColumn {
  std::string header;
  bool number = false;  // aligned to the right
  std::vector<TextCell> cells;
  std::string group = {};  // a heading above this one and its neighbours of the same group
  std::string key = {};    // what --columns calls it
  // Of several columns those of the lowest rank give way first where there is no room; those of
  // rank kDetail are shown only on demand.
  int rank = kEssential;

  static constexpr int kDetail = 0, kEssential = 100;
};

// What of a table is shown.
struct TableView {
  bool wide = false;                      // every column
  std::vector<std::string> columns = {};  // these, by key, in this order; none: what fits
  std::size_t width = 100;                // characters
};

struct ReadingTable {
  std::vector<TextColumn> columns;
  std::vector<std::string> notes;
};

// REQUIRES: as many cells as columns.
void add_row(ReadingTable& table, std::vector<std::string> cells, bool bold = false);

// "demo", or "Results" where the run has no name.
[[nodiscard]] std::string title_of(const Run& run);
// "measured fp32 and simulated": what ran, where the rows say it of their accuracy.
[[nodiscard]] std::string executions_of(const Run& run);
// "parts-yolov7-w025 on parts/val, 240 images, measured fp32", as far as it is known.
[[nodiscard]] std::string setting_of(const Run& run);
// Images behind the numbers: "240", "120 to 240", or empty.
[[nodiscard]] std::string image_count_of(const Run& run);

[[nodiscard]] ReadingTable main_table(const Run& run);
// The keys of main_table()'s columns, whether or not a run fills them.
[[nodiscard]] const std::vector<std::string>& main_table_columns();
// Bytes by part, AP by object size. Without columns of numbers where no row has them.
[[nodiscard]] ReadingTable parts_table(const Run& run);
// Divergence of the head's scores and changed top detections, with their standard errors. Without
// columns where no row has them.
[[nodiscard]] ReadingTable certainty_table(const Run& run);
// "pwlq 4-bit filter: failed: out of memory", one per cell and pass that did not succeed.
[[nodiscard]] std::vector<std::string> failures(const Run& run);

}  // namespace qyolo::results
