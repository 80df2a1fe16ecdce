// What machine and which software a run was made with, for its manifest.
#pragma once

#include <string>

#include "results/host_record.h"

namespace qyolo::harness {

[[nodiscard]] results::HostRecord describe_host();

// The executor's own version is added by who has it.
[[nodiscard]] results::VersionsRecord describe_versions();

// What of the CPU kernels may use, and so what decides the last digits of their results: the
// architecture, the flags of describe_host(), and what the environment holds kernels back to.
[[nodiscard]] std::string describe_instructions();

// "pi5"; "unknown" where the machine has no name.
[[nodiscard]] std::string host_name();

// Local time with offset, ISO 8601.
[[nodiscard]] std::string timestamp();

}  // namespace qyolo::harness
