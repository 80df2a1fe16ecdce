// manifest.json: what a run is about, where and with what it was made. docs/records.md names every
// key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "results/record.h"

namespace qyolo::results {

struct ManifestCell {
  std::string key;
  OrderedJson cell;
};

struct ManifestCalibration {
  std::string images, sha256;
};

struct Manifest {
  std::string name;
  std::string started;     // ISO 8601
  OrderedJson experiment;  // as expanded
  std::vector<ManifestCell> cells;
  std::string checkpoint, checkpoint_sha256;
  std::string images, annotations, dataset_sha256;
  std::int64_t image_count = 0;
  std::optional<ManifestCalibration> calibration;
  OrderedJson host, versions;
  std::int64_t threads = 0;
  std::string executor;   // "oneDNN 2.6.3, fp32, 2 threads"
  std::string precision;  // "fp32", "bf16", "int8"
};

[[nodiscard]] OrderedJson manifest_json(const Manifest& manifest);

// The inverse, also of manifests of earlier versions: what these have not is empty. Fails, with the
// place, where a value is not of its type.
Result<Manifest> read_manifest(const Json& manifest, const std::string& place);

// Of qyolo.
[[nodiscard]] std::string version_of(const Manifest& manifest);

// For people: where and with what a run was made, by the names of manifest and host; what is not
// known is left out.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> environment_of(const Run& run);

}  // namespace qyolo::results
