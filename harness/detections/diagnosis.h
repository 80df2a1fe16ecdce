// What is behind the AP of a results file: curves, confusions, error types, and against a baseline
// how confidences shift. `qyolo diagnose` without its charts (diagnosis_charts.h);
// results/diagnosis_record.h writes it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "results/diagnosis_record.h"

namespace qyolo::harness {

struct Diagnosis {
  results::DiagnosisRecord record;
  std::vector<std::string> warnings;
};

struct DiagnosisOptions {
  // Of the confusion matrices; by default that of the best mean F1, of each network its own.
  std::optional<double> confidence;
  int threads = 0;  // 0: all the host offers; results do not depend on it
};

// `baseline` empty: none.
Result<Diagnosis> diagnose_files(const std::filesystem::path& annotations,
                                 const std::filesystem::path& detections,
                                 const std::filesystem::path& baseline,
                                 const DiagnosisOptions& options);

}  // namespace qyolo::harness
