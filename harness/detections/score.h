// Scores a COCO results file against an annotation file: what pycocotools does, without a network.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "datasets/results_file.h"
#include "metrics/coco_map.h"
#include "results/score_record.h"

namespace qyolo::harness {

struct Score {
  metrics::CocoEvaluation evaluation;
  results::ScoreRecord record;
  std::vector<std::string> warnings;
};

Result<Score> score_files(const std::filesystem::path& annotations,
                          const std::filesystem::path& detections,
                          const metrics::CocoParams& params);

// The same of what is read already; `results` is what the detections are called.
// `detection_areas` as evaluate_coco_by_areas() takes them (metrics/coco_map_by_areas.h).
Result<Score> score_results(const GroundTruth& truth, const datasets::ResultsFile& file,
                            const std::string& results, const metrics::CocoParams& params,
                            std::span<const double> detection_areas = {});

// Says of how many images there are no detections at all, which a file of a part of the images has
// not either; empty where there are none.
[[nodiscard]] std::string unseen_images(const GroundTruth& truth,
                                        std::span<const Detection> detections);

// precision.f64, recall.f64, scores.f64 in `folder`: raw little-endian doubles, C order, [T, R, K,
// A, M]
// ([T, K, A, M] for recall).
Status write_arrays(const metrics::CocoEvaluation& evaluation, const std::filesystem::path& folder);

}  // namespace qyolo::harness
