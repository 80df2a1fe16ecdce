// Records of the tasks that several processes left in a run folder (shard.h): the very lines that
// one process would have written, in its order, but for times.
//
// Needs the annotations, not the network or the images. One cell's detections are in memory at a
// time, beside the baseline's resamples. records.jsonl is replaced as a whole at the end, so that
// a process that dies, or a second one at the same time, does no harm.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "common/result.h"
#include "harness/run/run_listener.h"

namespace qyolo::harness {

struct MergeOptions {
  int threads = 0;
  bool strict = false;  // refuse tasks of hosts whose numbers may differ in the last digits
};

struct MergeSummary {
  std::size_t cells = 0;
  std::size_t finished = 0;  // by an earlier merge
  std::size_t failed = 0;
  std::vector<std::string> waiting;  // labels of cells with tasks that are not done, or for which
                                     // the baseline is not there yet
  std::size_t tasks = 0, missing = 0;
  std::vector<std::string> commands;  // that make what is missing
};

// Cells whose tasks are all there become records, others are left as they are. Fails where the
// folder holds no tasks, where the annotations are not those of the tasks, and where --strict
// refuses.
Result<MergeSummary> merge_run(const std::filesystem::path& run, const MergeOptions& options,
                               RunListener& listener);

}  // namespace qyolo::harness
