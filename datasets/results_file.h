// A results file on an annotation file's images: its ids looked up, and what is said of them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "datasets/coco_json.h"

namespace qyolo::datasets {

struct ResultsFile {
  std::vector<Detection> detections;
  DetectionNames names;               // of the annotations, and of ids that these do not have
  std::vector<std::string> warnings;  // each once; detections of unlisted categories among them
};

// Ids are those of `truth`. Where some are not, but all are the file names of its images without
// folder and extension (as a text, or as the number that it is), as the official test.py writes
// them, they are matched by these names, with a note. Fails where images remain unknown, with some
// of them.
Result<ResultsFile> read_results_of(const GroundTruth& truth,
                                    const std::filesystem::path& annotations,
                                    const std::filesystem::path& results, int threads = 0);

// The same of detections that are read already; `annotations` and `results` are what they are
// called, `names` how the results write their ids: those of the annotations (ids_to_read_with()),
// and what reading added.
Result<ResultsFile> match_results(const GroundTruth& truth, const std::string& annotations,
                                  std::vector<Detection> detections, DetectionNames names,
                                  const std::string& results, int threads = 0);

// The ids of the annotations, for a reader of results.
[[nodiscard]] DetectionNames ids_to_read_with(const GroundTruth& truth);

}  // namespace qyolo::datasets
