// What machine and which software a run was made with, for its manifest.
#pragma once

#include "common/json.h"

namespace qyolo::harness {

// {"cpu", "cores", "threads", "memory_bytes", "governor" (null if not readable), "os", "kernel",
// "flags": [...]}
[[nodiscard]] OrderedJson describe_host();

// {"qyolo", "git", "compiler", "opencv"}; the executor's own versions are added by who has them.
[[nodiscard]] OrderedJson describe_versions();

// Local time with offset, ISO 8601.
[[nodiscard]] std::string timestamp();

}  // namespace qyolo::harness
