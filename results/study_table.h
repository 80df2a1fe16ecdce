// The study's table (arXiv 2407.04943): granularities down, schemes across, at one bit width.
#pragma once

#include <string>
#include <vector>

#include "results/reading_table.h"

namespace qyolo::results {

struct StudyTable {
  std::string heading;  // "Schemes by granularity, 4 bits"
  ReadingTable table;
};

// One per bit width with a result, 4 bits (the study's) first, the others in the
// run's order; of more than three schemes, two or more tables beside one another. Per scheme: AP,
// its loss to the baseline in points and in percent of the baseline's AP, and how many times
// smaller than FP16 in both accountings. Cells that differ in more than scheme, bits and
// granularity have rows of their own, named by what else their label says. The first table's notes
// hold for all.
[[nodiscard]] std::vector<StudyTable> study_tables(const Run& run);

}  // namespace qyolo::results
