#include "harness/run/run_manifest.h"

#include "harness/host/host.h"
#include "harness/run/cell_record.h"
#include "harness/run/session.h"
#include "results/host_record.h"

namespace qyolo::harness {

results::Manifest describe_run(const Experiment& experiment, const Evaluator& evaluator,
                               std::span<const Cell> cells, const std::string& started) {
  results::Manifest manifest;
  manifest.name = experiment.name;
  manifest.started = started;
  Experiment expanded = experiment;
  expanded.cells.assign(cells.begin(), cells.end());
  manifest.experiment = expanded.as_json();
  for (const Cell& cell : cells) {
    manifest.cells.push_back(
        {cell_key(evaluator, experiment.evaluation, cell), cell_json(cell, evaluator)});
  }
  manifest.checkpoint = experiment.model.string();
  manifest.checkpoint_sha256 = evaluator.checkpoint_sha256();
  manifest.images = experiment.images.string();
  manifest.annotations = experiment.annotations.string();
  manifest.dataset_sha256 = evaluator.dataset_sha256();
  manifest.image_count = static_cast<std::int64_t>(evaluator.truth().images.size());
  if (experiment.calibration) {
    manifest.calibration = {experiment.calibration->images.string(),
                            evaluator.calibration_sha256()};
  }
  manifest.host = results::host_json(describe_host());
  manifest.threads = evaluator.threads();
  manifest.versions = results::versions_json(describe_versions());
  manifest.executor = evaluator.executor_description();
  manifest.precision = evaluator.precision();
  return manifest;
}

Result<results::Manifest> manifest_in(const std::filesystem::path& run) {
  const std::filesystem::path file = run / "manifest.json";
  QYOLO_TRY(const Json json, read_json(file));
  return results::read_manifest(json, file.string());
}

}  // namespace qyolo::harness
