// What kind of CPU a host has, from what Linux says of it on x86 and on ARM.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qyolo::harness {

struct CpuDescription {
  // "AMD EPYC 9B14"; on ARM, whose kernels give numbers, "Cortex-A76", "4 x Cortex-A55, 4 x
  // Cortex-A76" where cores differ, "ARM implementer 0x41 part 0xfff" where the numbers are not
  // known. Empty: not said.
  std::string name;
  int cores = 0;  // physical ones; 0: not said, as on ARM
  // Those of the instruction sets that decide how fast convolutions run, by Linux' names: "avx2",
  // "avx512_vnni", ... or "asimd", "asimddp", ...
  std::vector<std::string> flags;
};

// cpuinfo: the text of /proc/cpuinfo, or nothing.
[[nodiscard]] CpuDescription describe_cpu(std::string_view cpuinfo);

}  // namespace qyolo::harness
