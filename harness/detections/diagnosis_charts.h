// The charts of a diagnosis.
#pragma once

#include <string>
#include <vector>

#include "plots/look.h"
#include "results/diagnosis_record.h"

namespace qyolo::harness {

struct NamedChart {
  std::string file;  // "precision-recall.svg"
  std::string svg;
};

// precision-recall, confidence-curves, confusion-matrix and errors; with a baseline also
// confidence-shift. Without objects: none.
[[nodiscard]] std::vector<NamedChart> diagnosis_charts(const results::DiagnosisRecord& diagnosis,
                                                       const plots::Look& look = {});

}  // namespace qyolo::harness
