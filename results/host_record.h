// Where and with what something was measured, in manifests and device files. docs/records.md
// describes every key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"

namespace qyolo::results {

struct HostRecord {
  std::string cpu;
  std::string board;  // "Raspberry Pi 5 Model B Rev 1.0"; empty where the firmware names none
  int cores = 0, threads = 0;
  std::int64_t memory_bytes = 0;
  std::optional<std::string> governor;  // none: not readable
  std::string os, kernel, architecture;
  std::vector<std::string> flags;  // of the CPU
};

struct VersionsRecord {
  std::string qyolo, git, compiler, opencv;
  std::string onednn;  // in device files; elsewhere empty
};

[[nodiscard]] OrderedJson host_json(const HostRecord& host);
[[nodiscard]] OrderedJson versions_json(const VersionsRecord& versions);

}  // namespace qyolo::results
