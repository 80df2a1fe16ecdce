// What else happens on a machine while something is timed there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qyolo::harness {

// At one moment, in clock ticks of all processors together since the machine started.
struct HostUse {
  std::uint64_t busy = 0;   // by programs and the kernel
  std::uint64_t total = 0;  // idle ones, too
  std::uint64_t steal = 0;  // taken by a hypervisor for others
  std::uint64_t own = 0;    // by this process
  double gigahertz = 0;     // mean of the processors now; 0: not readable

  // Of the lines of /proc/stat; nothing where there is no line of all processors.
  static std::optional<HostUse> parse(std::string_view stat);
};

// Sentences about what happened between the two moments that makes times doubtful: other programs
// used more than 5 % of the processors, a hypervisor took more than 1 %, or the clock changed by
// more than a tenth. Empty in the best case.
[[nodiscard]] std::vector<std::string> disturbances(const HostUse& before, const HostUse& after);

// A sentence about samples far from their median, as hyperfine has it: by more than 14.826 median
// absolute deviations. `samples`: of each case.
[[nodiscard]] std::optional<std::string> outlier_note(std::span<const std::vector<double>> samples);

// Watches from when it is made.
class HostWatch {
 public:
  HostWatch();
  // "the times are not to be trusted: other programs used 34 % of the processors; ...", or empty.
  [[nodiscard]] std::string warning(std::span<const std::vector<double>> samples) const;

 private:
  std::optional<HostUse> before_;  // none: the machine does not tell
};

}  // namespace qyolo::harness
