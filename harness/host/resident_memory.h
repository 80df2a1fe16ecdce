// What of this process is in memory.
#pragma once

#include <cstdint>

namespace qyolo::harness {

// Of this process, from the kernel; 0 where it does not tell.
struct ResidentMemory {
  std::int64_t now = 0, peak = 0;  // bytes
};
[[nodiscard]] ResidentMemory resident_memory();
// Gives freed memory back to the system and starts the peak anew, where the kernel can.
void reset_peak_memory();

}  // namespace qyolo::harness
