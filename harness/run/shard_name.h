// Which of several processes this one is: "3/8", or from the scheduler that started it.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace qyolo::harness {

struct ShardName {
  std::size_t index = 0;  // from 0
  std::size_t count = 1;

  [[nodiscard]] std::string text() const;  // "3/8"
};

// The value of an environment variable, if it is set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

//   "I/N"     I from 0 to N-1
//   "auto"    of a Slurm array SLURM_ARRAY_TASK_ID (counted from SLURM_ARRAY_TASK_MIN, in steps of
//             SLURM_ARRAY_TASK_STEP) and _COUNT; of an indexed Kubernetes Job
//             JOB_COMPLETION_INDEX, and JOB_COMPLETIONS, which the Job has to set itself
//   "auto/N"  the same index as it stands, of N: for some tasks of an array that are started again
Result<ShardName> parse_shard(std::string_view text, const Environment& environment);

}  // namespace qyolo::harness
