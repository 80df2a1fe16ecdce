// tasks/KEY.task in a run folder: what one process of several found out about a part of a cell's
// images (harness/run/shard.h), compact and checked. docs/records.md describes the bytes.
//
// Files are untrusted: half of one, a damaged one, one of another program or of another task is an
// error with a sentence, never a wrong number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"
#include "results/cell_record.h"

namespace qyolo::results {

// On what a task ran: what may decide the last digits, and for people.
struct TaskHost {
  std::string name, cpu;
  std::string instructions;  // what of the CPU the kernels may use
  std::string qyolo, git, executor;
};

// Of the images a network's head was compared on (harness/evaluate/head_certainty.h).
struct TaskHead {
  double kl = 0;
  std::int64_t top = 0, changed = 0;
};

struct TaskImage {
  std::size_t image = 0;       // its place in the annotations
  std::size_t detections = 0;  // how many of the following are its
};

struct TaskFile {
  std::string key;    // of the task; `record.identity.key` is the cell's
  std::string error;  // why it failed; then all below but the identity is empty
  TaskHost host;
  // What a record says of the cell but for metrics and comparisons; its seconds are the task's.
  AccuracyRecord record;
  std::vector<TaskImage> images;      // in the order of evaluation
  std::vector<Detection> detections;  // of all of them, image by image
  std::vector<TaskHead> heads;

  [[nodiscard]] bool failed() const { return !error.empty(); }
};

[[nodiscard]] std::string task_file_name(std::string_view key);

// REQUIRES: detections of the images in their order, ids of `truth`.
Result<std::string> encode_task(const TaskFile& task, const GroundTruth& truth);

// `place` names the file. Fails unless the bytes are that task's.
Result<TaskFile> decode_task(std::string_view bytes, std::string_view key, const GroundTruth& truth,
                             const std::string& place);

}  // namespace qyolo::results
