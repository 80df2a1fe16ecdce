#include "harness/run/merge_inputs.h"

#include <cstdint>
#include <string>
#include <utility>

#include "datasets/dataset.h"
#include "harness/run/run_manifest.h"
#include "harness/run/tasks.h"

namespace qyolo::harness {
namespace {

// Whether a manifest's cell is the unquantized network as it is; its label says what ran.
bool is_baseline(Json json) {
  Cell baseline;
  baseline.baseline = true;
  if (!json.is_object()) return false;
  json["label"] = baseline.label();
  json.erase("name");
  return Json(baseline.as_json()) == json;
}

}  // namespace
namespace fs = std::filesystem;
namespace {

fs::path from_folder(const std::string& folder, const std::string& path) {
  return path.empty() ? fs::path() : fs::path(folder) / path;
}

}  // namespace

Result<MergeInputs> open_merge_inputs(const fs::path& run) {
  MergeInputs inputs;
  const std::string place = (run / "manifest.json").string();
  QYOLO_TRY(inputs.manifest, manifest_in(run));
  const results::Manifest& manifest = inputs.manifest;
  if (!manifest.tasks || manifest.tasks->ranges < 1 || manifest.tasks->shards < 1) {
    return error(
        "{} is of a run by one process, expected one by `qyolo run --shard`: there is "
        "nothing to merge",
        place);
  }
  const Json written = manifest.experiment;
  QYOLO_TRY(const JsonObject experiment, JsonObject::from(written, place + ": experiment"));
  QYOLO_TRY(const JsonObject evaluation, experiment.object("evaluation"));
  QYOLO_TRY(const JsonObject uncertainty, experiment.object("uncertainty"));
  QYOLO_TRY(const JsonObject dataset, experiment.object("dataset"));
  QYOLO_TRY(const Json* limited, evaluation.at("limit"));
  QYOLO_TRY(const ImageLimit limit,
            image_limit_from(*limited, place + ": experiment: evaluation: limit"));
  QYOLO_TRY(const auto resamples, uncertainty.integer("resamples", 0, INT32_MAX));
  QYOLO_TRY(const auto seed, uncertainty.integer("seed", 0, INT64_MAX));
  QYOLO_TRY(inputs.uncertainty.tolerance, uncertainty.number("tolerance"));
  if (uncertainty.has("margin")) {
    QYOLO_TRY(inputs.uncertainty.margin, uncertainty.number("margin"));
  }
  inputs.uncertainty.resamples = static_cast<int>(resamples);
  inputs.uncertainty.seed = static_cast<std::uint64_t>(seed);
  std::string split = "val";
  if (dataset.has("split")) {
    QYOLO_TRY(split, dataset.string("split"));
  }
  for (const results::ManifestCell& one : manifest.cells) {
    Json json = one.cell;
    Cell cell;
    if (is_baseline(json)) {
      cell.baseline = true;
      if (const Json& name = member(json, "name"); name.is_string())
        cell.name = name.get<std::string>();
    } else {
      // Here it says what ran (results/label.h).
      if (json.is_object()) json.erase("label");
      QYOLO_TRY(cell, cell_from_json(json, place + ": cells"));
    }
    inputs.cells.push_back(std::move(cell));
  }
  const std::string& folder = manifest.tasks->folder;
  const fs::path annotations = from_folder(folder, manifest.annotations);
  QYOLO_TRY(datasets::Dataset opened, datasets::open_dataset(from_folder(folder, manifest.images),
                                                             annotations, limit, split));
  inputs.truth = std::move(opened.truth);
  if (truth_sha256(inputs.truth) != manifest.tasks->truth) {
    return error(
        "{} is not what the tasks in {} were made with, it has changed since: run the "
        "experiment again",
        annotations.string(), run.string());
  }
  return inputs;
}

}  // namespace qyolo::harness
