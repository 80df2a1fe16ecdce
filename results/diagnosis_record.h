// The document of `diagnose`: what is behind the AP of a results file. docs/records.md describes
// every key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "metrics/confidence_shift.h"
#include "metrics/confusion.h"
#include "metrics/curves.h"
#include "metrics/tide.h"
#include "results/metrics_json.h"
#include "results/renderers.h"

namespace qyolo::results {

// Fractions; -1: no ground truth in these cells, null in the document.
struct ClassApRecord {
  double ap = -1, ap50 = -1, ap_small = -1, ap_medium = -1, ap_large = -1;
};

// Of one results file. Its lists have one entry per class.
struct FindingsRecord {
  std::string file;  // name, without its folder
  std::int64_t detections = 0;
  MetricsRecord metrics;
  std::vector<ClassApRecord> per_class;
  std::optional<metrics::Curves> mean_curves;          // none without objects
  std::vector<std::optional<metrics::Curves>> curves;  // likewise
  metrics::ConfusionMatrix confusion;                  // its category ids are not written
  metrics::TideReport errors;                          // likewise
};

struct DiagnosedClass {
  Json category_id;  // as the annotations write it
  std::string name;
  std::int64_t objects = 0;
};

struct DiagnosisRecord {
  std::int64_t images = 0;
  std::vector<DiagnosedClass> classes;  // by ascending id
  FindingsRecord network;
  std::optional<FindingsRecord> baseline;
  std::optional<metrics::ConfidenceShift> shift;  // with a baseline; no category ids
};

[[nodiscard]] OrderedJson diagnosis_json(const DiagnosisRecord& record);
Result<DiagnosisRecord> read_diagnosis(const Json& document, const std::string& place);
[[nodiscard]] std::string diagnosis_text(const DiagnosisRecord& record);
// One line per class: numbers of the network and of the baseline.
[[nodiscard]] std::string diagnosis_csv(const DiagnosisRecord& record);
[[nodiscard]] Renderers renderers_of(const DiagnosisRecord& record);

}  // namespace qyolo::results
