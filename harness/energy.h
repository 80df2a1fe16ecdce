// Energy of the processor package(s), as the kernel exposes it (RAPL, /sys/class/powercap).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/result.h"

namespace qyolo::harness {

// Counters of whole packages: everything that runs on the machine counts, memory does not.
class EnergyMeter {
 public:
  // Whether the kernel knows a package at all.
  [[nodiscard]] static bool exposed(const std::filesystem::path& root = "/sys/class/powercap");
  // Fails with the reason where there is no counter or it is not readable (since Linux 5.10 only by
  // root).
  static Result<EnergyMeter> open(const std::filesystem::path& root = "/sys/class/powercap");

  // Joules since open() or the last call, of all packages. Right as long as no counter goes round
  // more than once in between (a minute at least).
  Result<double> joules();
  [[nodiscard]] std::size_t packages() const { return counters_.size(); }

 private:
  struct Counter {
    std::filesystem::path file;
    std::uint64_t last = 0;   // microjoules
    std::uint64_t range = 0;  // it goes round after this
  };
  std::vector<Counter> counters_;
};

}  // namespace qyolo::harness
