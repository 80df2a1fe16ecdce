// What machine and which software a run was made with, for its manifest.
#pragma once

#include "common/json.h"

namespace qyolo::harness {

// {"cpu", "board" (where the firmware names one: "Raspberry Pi 5 Model B Rev 1.0"), "cores",
// "threads", "memory_bytes", "governor" (null if not readable), "os", "kernel", "architecture",
// "flags": [...]}
[[nodiscard]] OrderedJson describe_host();

// {"qyolo", "git", "compiler", "opencv"}; the executor's own versions are added by who has them.
[[nodiscard]] OrderedJson describe_versions();

// "pi5"; "unknown" where the machine has no name.
[[nodiscard]] std::string host_name();

// Local time with offset, ISO 8601.
[[nodiscard]] std::string timestamp();

}  // namespace qyolo::harness
