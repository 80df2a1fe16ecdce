#include "harness/detections/diagnosis.h"

#include <algorithm>
#include <map>
#include <utility>

#include "datasets/coco_json.h"
#include "datasets/results_file.h"
#include "metrics/matched_detections.h"
#include "results/metrics_json.h"

namespace qyolo::harness {
namespace {

namespace fs = std::filesystem;

constexpr double kIouThreshold = 0.5;

struct Examined {
  Findings findings;
  std::vector<Detection> detections;
  metrics::Assignment assignment;
};

Result<Examined> examine(GroundTruth& truth, const fs::path& annotations, const fs::path& path,
                         const DiagnosisOptions& options) {
  Examined examined;
  QYOLO_TRY(datasets::ResultsFile file,
            datasets::read_results_of(truth, annotations, path, options.threads));
  truth.warnings.insert(truth.warnings.end(), file.warnings.begin(), file.warnings.end());
  examined.detections = std::move(file.detections);
  const std::vector<Detection>& detections = examined.detections;
  metrics::CocoParams params;
  params.threads = options.threads;
  auto evaluation = metrics::evaluate_coco(truth, detections, params);
  if (!evaluation.ok()) return error("{}: {}", path.string(), evaluation.error().message);
  QYOLO_TRY(const metrics::MatchedDetections matched,
            metrics::match_detections(truth, detections, options.threads));
  QYOLO_TRY(examined.assignment, metrics::assign_detections(truth, detections, kIouThreshold));
  Findings& findings = examined.findings;
  findings.file = path.filename().string();
  findings.detections = detections.size();
  findings.evaluation = std::move(evaluation).value();
  findings.curves = metrics::detection_curves(matched);
  double confidence = 0;
  if (findings.curves.mean && findings.curves.mean->best_f1)
    confidence = findings.curves.mean->best_f1->confidence;
  findings.confusion =
      metrics::confusion_matrix(truth, detections, examined.assignment,
                                options.confidence.value_or(confidence), kIouThreshold);
  findings.errors = metrics::analyse_errors(truth, detections, examined.assignment);
  return examined;
}

}  // namespace

Result<Diagnosis> diagnose_files(const fs::path& annotations, const fs::path& detections,
                                 const fs::path& baseline, const DiagnosisOptions& options) {
  QYOLO_TRY(GroundTruth truth, datasets::read_coco_annotations(annotations));
  QYOLO_TRY(Examined network, examine(truth, annotations, detections, options));
  Diagnosis diagnosis;
  diagnosis.images = truth.images.size();
  diagnosis.class_names = results::class_names(network.findings.evaluation, truth.categories);
  diagnosis.network = std::move(network.findings);
  if (!baseline.empty()) {
    QYOLO_TRY(Examined other, examine(truth, annotations, baseline, options));
    diagnosis.shift = metrics::confidence_shift(other.detections, other.assignment,
                                                network.detections, network.assignment);
    diagnosis.baseline = std::move(other.findings);
  }
  diagnosis.category_ids = truth.category_ids;
  diagnosis.warnings = std::move(truth.warnings);
  return diagnosis;
}

}  // namespace qyolo::harness
