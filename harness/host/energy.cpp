#include "harness/host/energy.h"

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace qyolo::harness {
namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kFailuresAllowed = 10;  // one reading in so many
constexpr int kLeastForwards = 3;
constexpr std::chrono::seconds kLeastTime{1};

}  // namespace

struct EnergyMeter::State {
  EnergyChannels found;
  std::chrono::milliseconds interval{};
  std::vector<EnergyIntegral> integrals;
  Clock::time_point begin;
  std::size_t readings = 0, failed = 0;
  std::optional<Error> failure;  // the last one
  std::mutex mutex;
  std::condition_variable_any wake;
  std::jthread sampler;  // the last member: it ends before what it uses

  // Of all channels at one moment. Whether all answered.
  bool read_all() {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    bool ok = true;
    for (EnergyIntegral& integral : integrals) {
      if (const Status status = integral.read(seconds); !status.ok()) {
        failure = status.error();
        ok = false;
      }
    }
    ++(ok ? readings : failed);
    return ok;
  }

  void sample(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    for (Clock::time_point next = begin + interval;;) {
      wake.wait_until(lock, stop, next, [] { return false; });
      if (stop.stop_requested()) return;
      read_all();
      next = std::max(next + interval, Clock::now());
    }
  }
};

fs::path sysfs_root() {
  const char* given = std::getenv("QYOLO_SYSFS");
  return given == nullptr || *given == '\0' ? "/sys" : given;
}

EnergyMeter::EnergyMeter(std::unique_ptr<State> state) : state_(std::move(state)) {}
EnergyMeter::EnergyMeter(EnergyMeter&&) noexcept = default;
EnergyMeter& EnergyMeter::operator=(EnergyMeter&&) noexcept = default;
EnergyMeter::~EnergyMeter() = default;

Result<EnergyMeter> EnergyMeter::open(const fs::path& root, std::chrono::milliseconds interval) {
  auto state = std::make_unique<State>();
  QYOLO_TRY(state->found, find_energy_channels(root));
  state->interval = interval;
  state->found.source.interval_ms = std::chrono::duration<double, std::milli>(interval).count();
  return EnergyMeter(std::move(state));
}

const EnergySource& EnergyMeter::source() const { return state_->found.source; }

Status EnergyMeter::start() {
  State& state = *state_;
  state.sampler = {};
  state.integrals.clear();
  for (const EnergyChannel& channel : state.found.channels) state.integrals.emplace_back(channel);
  state.readings = state.failed = 0;
  state.failure.reset();
  state.begin = Clock::now();
  if (!state.read_all()) return *state.failure;
  state.sampler = std::jthread([&state](const std::stop_token& stop) { state.sample(stop); });
  return {};
}

Result<EnergyReading> EnergyMeter::stop() {
  State& state = *state_;
  state.sampler = {};
  if (!state.read_all()) return *state.failure;
  if (state.failed * kFailuresAllowed > state.readings + state.failed) {
    return error("{} of {} readings failed: {}", state.failed, state.readings + state.failed,
                 state.failure->message);
  }
  EnergyReading reading;
  reading.seconds = std::chrono::duration<double>(Clock::now() - state.begin).count();
  reading.readings = state.readings;
  for (const EnergyIntegral& integral : state.integrals) reading.joules += integral.joules();
  return reading;
}

Result<ForwardEnergy> energy_of_forwards(EnergyMeter& meter,
                                         const std::function<Result<double>()>& forward) {
  QYOLO_TRY([[maybe_unused]] const double before, forward());
  QYOLO_CHECK_OK(meter.start());
  ForwardEnergy energy;
  for (const auto begin = Clock::now();
       energy.forwards < kLeastForwards || Clock::now() - begin < kLeastTime; ++energy.forwards) {
    QYOLO_TRY([[maybe_unused]] const double milliseconds, forward());
  }
  QYOLO_TRY(energy.reading, meter.stop());
  return energy;
}

}  // namespace qyolo::harness
