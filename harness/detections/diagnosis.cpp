#include "harness/detections/diagnosis.h"

#include <algorithm>
#include <map>
#include <utility>

#include "datasets/coco_json.h"
#include "datasets/results_file.h"
#include "harness/detections/score.h"
#include "metrics/coco_map.h"
#include "metrics/matched_detections.h"
#include "results/metrics_json.h"

namespace qyolo::harness {
namespace {

namespace fs = std::filesystem;

constexpr double kIouThreshold = 0.5;

struct Examined {
  results::FindingsRecord findings;
  metrics::CocoEvaluation evaluation;
  std::vector<std::int64_t> objects;  // of each class
  std::vector<Detection> detections;
  metrics::Assignment assignment;
};

std::vector<results::ClassApRecord> class_ap(const metrics::CocoEvaluation& evaluation) {
  std::vector<results::ClassApRecord> classes;
  for (std::size_t k = 0; k < evaluation.category_ids.size(); ++k) {
    const auto ap = [&](double iou, int area) {
      return evaluation.average_precision(iou, area, 100, static_cast<int>(k));
    };
    classes.push_back({ap(-1, 0), ap(0.5, 0), ap(-1, 1), ap(-1, 2), ap(-1, 3)});
  }
  return classes;
}

Result<Examined> examine(GroundTruth& truth, const fs::path& annotations, const fs::path& path,
                         const DiagnosisOptions& options) {
  Examined examined;
  QYOLO_TRY(datasets::ResultsFile file,
            datasets::read_results_of(truth, annotations, path, options.threads));
  truth.warnings.insert(truth.warnings.end(), file.warnings.begin(), file.warnings.end());
  if (const std::string note = unseen_images(truth, file.detections); !note.empty())
    truth.warnings.push_back(fmt::format("{}: {}", path.string(), note));
  examined.detections = std::move(file.detections);
  const std::vector<Detection>& detections = examined.detections;
  metrics::CocoParams params;
  params.threads = options.threads;
  auto evaluation = metrics::evaluate_coco(truth, detections, params);
  if (!evaluation.ok()) return error("{}: {}", path.string(), evaluation.error().message);
  QYOLO_TRY(const metrics::MatchedDetections matched,
            metrics::match_detections(truth, detections, options.threads));
  QYOLO_TRY(examined.assignment, metrics::assign_detections(truth, detections, kIouThreshold));
  examined.evaluation = std::move(evaluation).value();
  results::FindingsRecord& findings = examined.findings;
  findings.file = path.filename().string();
  findings.detections = static_cast<std::int64_t>(detections.size());
  findings.metrics = results::metrics_record(examined.evaluation);
  findings.per_class = class_ap(examined.evaluation);
  metrics::DetectionCurves curves = metrics::detection_curves(matched);
  findings.mean_curves = curves.mean;
  for (metrics::ClassCurves& one : curves.classes) {
    examined.objects.push_back(one.objects);
    findings.curves.push_back(std::move(one.curves));
  }
  double confidence = 0;
  if (findings.mean_curves && findings.mean_curves->best_f1)
    confidence = findings.mean_curves->best_f1->confidence;
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
  results::DiagnosisRecord& record = diagnosis.record;
  record.images = static_cast<std::int64_t>(truth.images.size());
  const std::vector<std::string> names = results::class_names(network.evaluation, truth.categories);
  for (std::size_t k = 0; k < names.size(); ++k) {
    record.classes.push_back({id_json(truth.category_ids, network.evaluation.category_ids[k]),
                              names[k], network.objects[k]});
  }
  record.network = std::move(network.findings);
  if (!baseline.empty()) {
    QYOLO_TRY(Examined other, examine(truth, annotations, baseline, options));
    record.shift = metrics::confidence_shift(other.detections, other.assignment, network.detections,
                                             network.assignment);
    record.baseline = std::move(other.findings);
  }
  diagnosis.warnings = std::move(truth.warnings);
  return diagnosis;
}

}  // namespace qyolo::harness
