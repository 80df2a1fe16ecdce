#include "harness/host/resident_memory.h"

#include <malloc.h>

#include <fstream>
#include <string>

namespace qyolo::harness {

ResidentMemory resident_memory() {
  ResidentMemory memory;
  std::ifstream status("/proc/self/status");
  for (std::string key; status >> key;) {
    std::int64_t* const target = key == "VmHWM:"   ? &memory.peak
                                 : key == "VmRSS:" ? &memory.now
                                                   : nullptr;
    if (target == nullptr) continue;
    status >> *target;
    *target *= 1024;
  }
  return memory;
}

void reset_peak_memory() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace qyolo::harness
