// Why a network has two memory ratios to FP16: the footnote of the tables that show them.
#pragma once

#include <string>
#include <vector>

#include "results/record.h"

namespace qyolo::results {

// What the two accountings count, what that comes to for cells of this run (a scheme without and
// one with region bits, filter by filter at 4 bits where the run has them; from its records alone),
// and how it explains the pair that the study published. Empty where no row has both ratios.
[[nodiscard]] std::vector<std::string> accounting_notes(const Run& run);

}  // namespace qyolo::results
