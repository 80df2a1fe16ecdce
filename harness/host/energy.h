// Energy that this machine spends while something runs, as its kernel tells (RAPL's counters, or
// the power sensors of the board: harness/host/energy_channels.h).
//
// All that the source covers counts, whoever runs; what the machine takes when idle is not
// subtracted.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>

#include "common/result.h"
#include "harness/host/energy_channels.h"

namespace qyolo::harness {

struct EnergyReading {
  double joules = 0;
  double seconds = 0;        // between start() and stop()
  std::size_t readings = 0;  // of each channel, first and last included
};

// Where the kernel's tree is: /sys, or the folder that the environment variable QYOLO_SYSFS names
// (for tests; results then say so).
[[nodiscard]] std::filesystem::path sysfs_root();

// One thread at a time. Between start() and stop() a thread of its own reads every channel at a
// fixed interval.
class EnergyMeter {
 public:
  static constexpr std::chrono::milliseconds kInterval{20};

  // Fails with the reason where there is nothing to read, or it is not readable (RAPL: since
  // Linux 5.10 only by root).
  static Result<EnergyMeter> open(const std::filesystem::path& root = sysfs_root(),
                                  std::chrono::milliseconds interval = kInterval);
  EnergyMeter(EnergyMeter&&) noexcept;
  EnergyMeter& operator=(EnergyMeter&&) noexcept;
  ~EnergyMeter();

  [[nodiscard]] const EnergySource& source() const;

  Status start();
  // Since start(). Fails where a channel is gone, or did not answer to more than one reading in
  // ten. REQUIRES: start() succeeded.
  Result<EnergyReading> stop();

 private:
  struct State;
  explicit EnergyMeter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct ForwardEnergy {
  EnergyReading reading;
  int forwards = 0;
};
// Of forwards one after the other, for a second or three of them, whichever is longer; one before
// does not count.
Result<ForwardEnergy> energy_of_forwards(EnergyMeter& meter,
                                         const std::function<Result<double>()>& forward);

}  // namespace qyolo::harness
