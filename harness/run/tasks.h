// The accuracy pass as tasks that several processes share: one cell on one range of the images.
//
// Whoever has the same experiment and inputs makes the same tasks, in the same order, and calls
// them by the same keys; nobody has to be asked. Ranges end where rect batches end, because a batch
// decides its images' padding, and so their detections. A task's key is a hash of everything that
// determines its numbers: the cell's key, the annotations, which image is where, and the range.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "harness/cell/cell.h"
#include "harness/evaluate/evaluation.h"
#include "results/manifest.h"

namespace qyolo::harness {

// Images of a task, unless the user says otherwise: some minutes of a full-size network on two
// cores, beside which quantizing it once more is little.
inline constexpr int kTaskImages = 256;

// SHA-256 of the annotations as they are understood, whatever their file looks like.
[[nodiscard]] std::string truth_sha256(const GroundTruth& truth);

struct ImageRanges {
  std::vector<std::vector<std::size_t>> chunks;  // of each range, in the order of evaluation
  std::string cut;                               // SHA-256 of which image is where
};
// Ranges of `images` or more, but for the last. REQUIRES: images > 0.
[[nodiscard]] ImageRanges cut_into_ranges(const Evaluator& evaluator, int images);

[[nodiscard]] std::string task_key(std::string_view cell_key, const results::ManifestTasks& tasks,
                                   std::size_t range);

// The order in which cells are worked on: the baseline, then those that are quantized fastest, so
// that a job that is stopped leaves whole cells. Places in `cells`.
[[nodiscard]] std::vector<std::size_t> task_order(const std::vector<Cell>& cells);

[[nodiscard]] std::filesystem::path task_folder(const std::filesystem::path& run);
[[nodiscard]] std::filesystem::path task_path(const std::filesystem::path& run,
                                              std::string_view key);

}  // namespace qyolo::harness
