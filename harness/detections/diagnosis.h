// What is behind the AP of a results file: curves, confusions, error types, and against a baseline
// how confidences shift. `qyolo diagnose` without its charts (diagnosis_charts.h).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/json.h"
#include "common/result.h"
#include "metrics/coco_map.h"
#include "metrics/confidence_shift.h"
#include "metrics/confusion.h"
#include "metrics/curves.h"
#include "metrics/tide.h"

namespace qyolo::harness {

// Of one results file.
struct Findings {
  std::string file;  // name, without its folder
  std::size_t detections = 0;
  metrics::CocoEvaluation evaluation;
  metrics::DetectionCurves curves;
  metrics::ConfusionMatrix confusion;
  metrics::TideReport errors;
};

struct Diagnosis {
  std::size_t images = 0;
  std::vector<std::string> class_names;  // one per category, by ascending id
  Findings network;
  std::optional<Findings> baseline;
  std::optional<metrics::ConfidenceShift> shift;  // with a baseline
  IdNames category_ids;
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

// {"images", "classes", "network": {"file", "detections", "metrics", "curves", "confusion",
// "errors"}, "baseline": the same or null, "confidence_shift": or null}. Fractions, not points;
// null where there is no number.
[[nodiscard]] OrderedJson diagnosis_json(const Diagnosis& diagnosis);
[[nodiscard]] std::string diagnosis_text(const Diagnosis& diagnosis);

}  // namespace qyolo::harness
