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

// Hosts that are alike in what decides numbers.
struct ManifestTaskHost {
  std::string cpu, instructions, qyolo, executor;
  std::int64_t tasks = 0;  // done there
};

// How the accuracy pass is cut into tasks, where several processes share it (harness/run/tasks.h).
struct ManifestTasks {
  std::int64_t images = 0;  // per task, at least
  std::int64_t ranges = 0;  // of the images, each one a task of every cell
  std::string truth;        // SHA-256 of the annotations as they are understood
  std::string cut;          // SHA-256 of which image is where
  bool heads = false;       // whether heads are compared
  // For those who have to make what is missing: a command line without its shard, where it was
  // given, and among how many the work was divided.
  std::string command, folder;
  std::int64_t shards = 0;
  std::vector<ManifestTaskHost> hosts;  // of what is merged
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
  std::string precision;  // "fp32", "bf16", "fp16", "int8"
  std::optional<ManifestTasks> tasks;
};

[[nodiscard]] OrderedJson manifest_json(const Manifest& manifest);

// The inverse, also of manifests of earlier versions: what these have not is empty. Fails, with the
// place, where a value is not of its type.
Result<Manifest> read_manifest(const Json& manifest, const std::string& place);

// Whether both are about the same cells on the same inputs, compared alike, wherever these lie and
// whoever runs them.
[[nodiscard]] bool same_work(const Manifest& a, const Manifest& b);
// Whether they cut it into the same tasks, too.
[[nodiscard]] bool same_tasks(const Manifest& a, const Manifest& b);

// Of qyolo.
[[nodiscard]] std::string version_of(const Manifest& manifest);

// For people: where and with what a run was made, by the names of manifest and host; what is not
// known is left out.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> environment_of(const Run& run);

}  // namespace qyolo::results
