// One of several processes that share an experiment's accuracy pass.
//
// Processes never talk to one another. Each does the tasks whose place in the common order is its
// own, modulo their number, and leaves each as one file in the run folder, written beside and
// renamed, named by the task's key (tasks.h). A file that is there and whole is not made again,
// whoever made it; one that is not is named in a warning and made again. So processes may be
// killed, started twice, and started again, in any number; merge.h makes records of their files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "common/result.h"
#include "harness/cell/experiment.h"
#include "harness/evaluate/evaluation.h"
#include "harness/run/run_listener.h"
#include "harness/run/shard_name.h"
#include "harness/run/tasks.h"

namespace qyolo::harness {

struct ShardOptions {
  std::filesystem::path out;
  int threads = 0;
  ShardName shard;
  int task_images = kTaskImages;
  std::string command;  // that makes other shards, without --shard; for messages
};

struct ShardSummary {
  std::size_t tasks = 0;     // of this shard
  std::size_t finished = 0;  // of them done by an earlier process
  std::size_t failed = 0;
  std::size_t of_all = 0;   // tasks of all shards
  std::size_t missing = 0;  // of them not done yet
};

// Fails only where no task can run; a failing cell leaves files that say why, and is tried again
// by the next process.
Result<ShardSummary> run_shard(const Experiment& experiment, const ShardOptions& options,
                               const ExecutorFactory& factory, RunListener& listener);

}  // namespace qyolo::harness
