// What the kernel tells of energy and power below /sys, and how one of them is read; for
// harness/host/energy.h and its tests.
//
//   /sys/class/powercap   RAPL (Intel, and AMD since Linux 5.8): counters of whole packages
//   /sys/class/hwmon, /sys/bus/i2c/devices/*/hwmon
//                         power monitors of the board (INA2xx and INA3221: Jetson's rails, sensor
//                         boards on a Raspberry Pi's header), ACPI power meters, AMD's counters.
// Documentation/power/powercap and Documentation/hwmon/sysfs-interface of the kernel say what the
// files hold.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"

namespace qyolo::harness {

// What a number about energy is of.
struct EnergySource {
  std::string name;        // "RAPL", "hwmon ina3221"
  std::string method;      // "counter", or "sampled power": integrated by the trapezoidal rule
  std::string covers;      // "processor package: package-0", "board input: VDD_IN"
  double interval_ms = 0;  // between two readings
};

struct EnergyChannel {
  enum class Kind {
    kEnergy,          // microjoules, counted up
    kPower,           // microwatts
    kCurrentVoltage,  // milliamperes, and millivolts in `second`
  };
  Kind kind = Kind::kPower;
  std::string label;
  std::filesystem::path first, second;
  std::uint64_t range = 0;  // a counter goes round after this; 0: it does not
};

struct EnergyChannels {
  EnergySource source;
  std::vector<EnergyChannel> channels;  // all readable when they were found; their sum counts
};

// The best of what `root` (/sys) offers: RAPL, else the board's or the processor's sensors. Sensors
// of graphics cards, batteries and disks do not count. Where a board measures its input, its other
// rails are parts of that and left out. Fails with the reason where nothing can be read.
Result<EnergyChannels> find_energy_channels(const std::filesystem::path& root);

// Energy of one channel over time.
class EnergyIntegral {
 public:
  explicit EnergyIntegral(EnergyChannel channel) : channel_(std::move(channel)) {}

  // Reads the channel. `seconds` since any moment, never less than before. A reading that fails
  // leaves a gap: a counter is not hurt by it, and power is taken to run straight across.
  Status read(double seconds);
  [[nodiscard]] double joules() const { return joules_; }

 private:
  Status add_counter(std::uint64_t microjoules);
  void add_power(double watts, double seconds);

  EnergyChannel channel_;
  std::optional<std::uint64_t> last_counter_;
  std::optional<double> last_watts_;
  double last_seconds_ = 0;
  double joules_ = 0;
};

}  // namespace qyolo::harness
