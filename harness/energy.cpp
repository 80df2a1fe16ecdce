#include "harness/energy.h"

#include <algorithm>
#include <fstream>
#include <system_error>

namespace qyolo::harness {
namespace fs = std::filesystem;

namespace {

Result<std::uint64_t> read_number(const fs::path& file) {
  std::ifstream in(file);
  std::uint64_t value = 0;
  if (!in) return error("{} is not readable", file.string());
  if (!(in >> value)) return error("{} holds no number", file.string());
  return value;
}

// "intel-rapl:0", not its parts "intel-rapl:0:1".
bool is_package(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name.find("rapl:") != std::string::npos && std::count(name.begin(), name.end(), ':') == 1;
}

}  // namespace

bool EnergyMeter::exposed(const fs::path& root) {
  std::error_code code;
  for (fs::directory_iterator entry(root, code), end; !code && entry != end;
       entry.increment(code)) {
    if (is_package(entry->path())) return true;
  }
  return false;
}

Result<EnergyMeter> EnergyMeter::open(const fs::path& root) {
  std::error_code code;
  EnergyMeter meter;
  for (fs::directory_iterator entry(root, code), end; !code && entry != end;
       entry.increment(code)) {
    if (is_package(entry->path())) meter.counters_.push_back({entry->path() / "energy_uj"});
  }
  if (meter.counters_.empty())
    return error("this host exposes no energy counter (no RAPL package in {})", root.string());
  std::ranges::sort(meter.counters_, {}, &Counter::file);
  for (Counter& counter : meter.counters_) {
    QYOLO_TRY(counter.last, read_number(counter.file));
    QYOLO_TRY(counter.range, read_number(counter.file.parent_path() / "max_energy_range_uj"));
  }
  return meter;
}

Result<double> EnergyMeter::joules() {
  constexpr double kMicro = 1e-6;
  double sum = 0;
  for (Counter& counter : counters_) {
    QYOLO_TRY(const std::uint64_t now, read_number(counter.file));
    const std::uint64_t spent =
        now >= counter.last ? now - counter.last : counter.range - counter.last + now;
    sum += static_cast<double>(spent) * kMicro;
    counter.last = now;
  }
  return sum;
}

}  // namespace qyolo::harness
