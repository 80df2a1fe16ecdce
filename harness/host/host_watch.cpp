#include "harness/host/host_watch.h"

#include <fmt/ranges.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <sstream>

#include "common/words.h"

namespace qyolo::harness {
namespace {

constexpr double kMostOthers = 0.05, kMostStolen = 0.01, kMostClockChange = 0.1;
constexpr double kOutlier = 14.826;  // median absolute deviations

std::uint64_t own_ticks() {
  rusage use{};
  if (getrusage(RUSAGE_SELF, &use) != 0) return 0;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  return static_cast<std::uint64_t>((seconds(use.ru_utime) + seconds(use.ru_stime)) * ticks);
}

double mean_gigahertz() {
  double sum = 0;
  int count = 0;
  for (int cpu = 0; cpu < 4096; ++cpu) {
    std::ifstream file(fmt::format("/sys/devices/system/cpu/cpu{}/cpufreq/scaling_cur_freq", cpu));
    double kilohertz = 0;
    if (!(file >> kilohertz)) break;
    sum += kilohertz / 1e6;
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

std::optional<HostUse> host_use() {
  std::ifstream file("/proc/stat");
  std::ostringstream text;
  text << file.rdbuf();
  auto use = HostUse::parse(text.str());
  if (!use) return std::nullopt;
  use->own = own_ticks();
  use->gigahertz = mean_gigahertz();
  return use;
}

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

std::optional<HostUse> HostUse::parse(std::string_view stat) {
  constexpr std::string_view kAll = "cpu ";
  if (!stat.starts_with(kAll)) return std::nullopt;
  std::istringstream line(std::string(stat.substr(kAll.size(), stat.find('\n') - kAll.size())));
  // user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
  std::array<std::uint64_t, 8> ticks{};
  for (std::uint64_t& one : ticks)
    if (!(line >> one)) return std::nullopt;
  const auto& [user, nice, system, idle, iowait, irq, softirq, steal] = ticks;
  HostUse use;
  use.busy = user + nice + system + irq + softirq;
  use.steal = steal;
  use.total = use.busy + idle + iowait + steal;
  return use;
}

std::vector<std::string> disturbances(const HostUse& before, const HostUse& after) {
  std::vector<std::string> notes;
  if (after.total <= before.total) return notes;
  const auto passed = [](std::uint64_t from, std::uint64_t to) {
    return to > from ? static_cast<double>(to - from) : 0.0;
  };
  const double total = passed(before.total, after.total);
  const double others =
      std::max(0.0, passed(before.busy, after.busy) - passed(before.own, after.own)) / total;
  const double stolen = passed(before.steal, after.steal) / total;
  if (others > kMostOthers)
    notes.push_back(fmt::format("other programs used {:.0f} % of the processors", 100 * others));
  if (stolen > kMostStolen) {
    notes.push_back(
        fmt::format("a hypervisor took {:.0f} % of the processors for others", 100 * stolen));
  }
  if (before.gigahertz > 0 && after.gigahertz > 0 &&
      std::abs(after.gigahertz / before.gigahertz - 1) > kMostClockChange) {
    notes.push_back(
        fmt::format("the clock went from {:.2f} to {:.2f} GHz", before.gigahertz, after.gigahertz));
  }
  return notes;
}

std::optional<std::string> outlier_note(std::span<const std::vector<double>> samples) {
  std::size_t outliers = 0, all = 0;
  for (const std::vector<double>& of_one : samples) {
    if (of_one.empty()) continue;
    all += of_one.size();
    const double median = median_of(of_one);
    std::vector<double> deviations;
    for (const double sample : of_one) deviations.push_back(std::abs(sample - median));
    const double deviation = median_of(deviations);
    if (!(deviation > 0)) continue;
    outliers += static_cast<std::size_t>(
        std::ranges::count_if(deviations, [&](double one) { return one > kOutlier * deviation; }));
  }
  if (outliers == 0) return std::nullopt;
  return fmt::format("{} of {} far from the median", outliers,
                     counted(all, "forward is", "forwards are"));
}

HostWatch::HostWatch() : before_(host_use()) {}

std::string HostWatch::warning(std::span<const std::vector<double>> samples) const {
  std::vector<std::string> notes;
  if (const auto after = host_use(); before_ && after) notes = disturbances(*before_, *after);
  if (const auto outliers = outlier_note(samples)) notes.push_back(*outliers);
  if (notes.empty()) return "";
  return fmt::format("the times are not to be trusted: {}", fmt::join(notes, "; "));
}

}  // namespace qyolo::harness
