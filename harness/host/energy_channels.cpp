#include "harness/host/energy_channels.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <functional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

namespace qyolo::harness {
namespace fs = std::filesystem;
namespace {

using ChannelKind = EnergyChannel::Kind;

constexpr double kMicro = 1e-6;
// Of a machine that runs one network; more is not a reading.
constexpr double kMostWatts = 1e5;
constexpr int kMostChannels = 32;

// The first line, or nothing where the file cannot be read.
std::optional<std::string> first_line(const fs::path& file) {
  std::array<char, 128> buffer{};
  std::ifstream in(file);
  if (!in) return std::nullopt;
  in.read(buffer.data(), buffer.size());
  if (in.bad() || (in.fail() && !in.eof())) return std::nullopt;
  std::string_view text(buffer.data(), static_cast<std::size_t>(in.gcount()));
  text = text.substr(0, text.find('\n'));
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r' || text.back() == '\t'))
    text.remove_suffix(1);
  return std::string(text);
}

std::string label_in(const fs::path& file) { return first_line(file).value_or(""); }

template <class Number>
Result<Number> read_sysfs_number(const fs::path& file) {
  const auto text = first_line(file);
  if (!text) return error("{} is not readable", file.string());
  Number value{};
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (text->empty() || code != std::errc() || end != text->data() + text->size())
    return error("{} holds no number", file.string());
  return value;
}

Result<double> read_watts(const EnergyChannel& channel) {
  QYOLO_TRY(const std::int64_t first, read_sysfs_number<std::int64_t>(channel.first));
  double watts = static_cast<double>(first) * kMicro;
  if (channel.kind == ChannelKind::kCurrentVoltage) {
    QYOLO_TRY(const std::int64_t millivolts, read_sysfs_number<std::int64_t>(channel.second));
    watts = static_cast<double>(first) * static_cast<double>(millivolts) * kMicro;
  }
  if (std::abs(watts) > kMostWatts)
    return error("{} says {:g} W, which is no power of a machine", channel.first.string(), watts);
  return watts;
}

Status try_channel(const EnergyChannel& channel) {
  if (channel.kind == ChannelKind::kEnergy) {
    const auto counter = read_sysfs_number<std::uint64_t>(channel.first);
    return counter.ok() ? Status() : counter.error();
  }
  const auto watts = read_watts(channel);
  return watts.ok() ? Status() : watts.error();
}

// In a fixed order, whatever the file system's is.
std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end;
       entry.increment(code))
    entries.push_back(entry->path());
  std::ranges::sort(entries);
  return entries;
}

std::string labels_of(const std::vector<EnergyChannel>& channels) {
  std::vector<std::string> names;
  for (const EnergyChannel& channel : channels) names.push_back(channel.label);
  return fmt::format("{}", fmt::join(names, " + "));
}

// "intel-rapl:0", not its parts "intel-rapl:0:1" and not the same package through memory-mapped
// registers, "intel-rapl-mmio:0".
bool is_rapl_domain(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name.find("rapl:") != std::string::npos && std::count(name.begin(), name.end(), ':') == 1;
}

// Packages; the platform's counter ("psys") holds them and more.
Result<EnergyChannels> find_rapl(const fs::path& root) {
  const fs::path folder = root / "class/powercap";
  EnergyChannels found{{"RAPL", "counter", "", 0}, {}};
  for (const fs::path& domain : sorted_entries(folder)) {
    if (!is_rapl_domain(domain)) continue;
    std::string name = label_in(domain / "name");
    if (name == "psys") continue;
    if (name.empty()) name = domain.filename().string();
    found.channels.push_back({ChannelKind::kEnergy, std::move(name), domain / "energy_uj", {}, 0});
  }
  if (found.channels.empty()) return error("no RAPL package in {}", folder.string());
  for (EnergyChannel& channel : found.channels) {
    QYOLO_CHECK_OK(try_channel(channel));
    QYOLO_TRY(channel.range, read_sysfs_number<std::uint64_t>(channel.first.parent_path() /
                                                              "max_energy_range_uj"));
  }
  found.source.covers = "processor package: " + labels_of(found.channels);
  return found;
}

// Chips whose numbers are of the board or the processor, better ones first.
struct Chip {
  std::string_view name;    // begins with this
  std::string_view covers;  // its rails together
  int channels = kMostChannels;
  std::string_view only = {};  // of the labels: those that begin with this; the others are parts
};
constexpr Chip kChips[] = {
    // Beyond the third, currents are sums and voltages those of the shunts.
    {"ina3221", "board rails", 3},
    {"ina", "board rails"},
    {"scmi_sensors", "board rails"},
    {"vexpress", "board rails"},
    {"power_meter", "whole machine"},
    {"amd_energy", "processor package", kMostChannels, "Esocket"},
    {"fam15h_power", "processor package"},
};

const Chip* chip_named(std::string_view name) {
  const auto found = std::ranges::find_if(kChips, [&](const Chip& chip) {
    if (!name.starts_with(chip.name)) return false;
    // "ina219", not another word.
    return chip.name != "ina" || (name.size() > 3 && name[3] >= '0' && name[3] <= '9');
  });
  return found == std::end(kChips) ? nullptr : found;
}

std::string channel_label(const fs::path& folder, std::string_view kind, int number,
                          const std::string& chip) {
  std::string label = label_in(folder / fmt::format("{}{}_label", kind, number));
  if (label.empty()) label = label_in(folder / "label");
  return label.empty() ? fmt::format("{} {}{}", chip, kind, number) : label;
}

// Energy where the chip counts it, else power, else current and voltage.
std::vector<EnergyChannel> channels_of(const fs::path& folder, const Chip& chip,
                                       const std::string& name) {
  std::vector<EnergyChannel> energy, power, products;
  std::error_code ignored;
  for (int i = 1; i <= chip.channels; ++i) {
    const auto file = [&](std::string_view kind, std::string_view what) {
      return folder / fmt::format("{}{}_{}", kind, i, what);
    };
    const auto there = [&](const fs::path& path) { return fs::exists(path, ignored); };
    if (there(file("energy", "input"))) {
      energy.push_back({ChannelKind::kEnergy,
                        channel_label(folder, "energy", i, name),
                        file("energy", "input"),
                        {},
                        0});
    }
    for (const char* what : {"input", "average"}) {
      if (!there(file("power", what))) continue;
      power.push_back({ChannelKind::kPower,
                       channel_label(folder, "power", i, name),
                       file("power", what),
                       {},
                       0});
      break;
    }
    if (there(file("curr", "input")) && there(file("in", "input")) &&
        first_line(file("in", "enable")) != "0") {
      products.push_back({ChannelKind::kCurrentVoltage, channel_label(folder, "in", i, name),
                          file("curr", "input"), file("in", "input"), 0});
    }
  }
  std::vector<EnergyChannel> chosen = !energy.empty()  ? std::move(energy)
                                      : !power.empty() ? std::move(power)
                                                       : std::move(products);
  std::erase_if(chosen, [&](const EnergyChannel& channel) {
    return channel.label == "NC" || !channel.label.starts_with(chip.only);
  });
  return chosen;
}

// VDD_IN, POM_5V_IN, VIN: what the board takes in all.
bool is_input_rail(const EnergyChannel& channel) {
  return channel.label.ends_with("_IN") || channel.label == "VIN" || channel.label == "IN";
}

// Every monitor once, by whichever way it is reached.
std::vector<fs::path> find_monitors(const fs::path& root) {
  std::vector<fs::path> folders = sorted_entries(root / "class/hwmon");
  for (const fs::path& device : sorted_entries(root / "bus/i2c/devices"))
    std::ranges::move(sorted_entries(device / "hwmon"), std::back_inserter(folders));
  std::set<fs::path> seen;
  std::erase_if(folders, [&](const fs::path& folder) {
    std::error_code code;
    const fs::path real = fs::canonical(folder, code);
    return code || !seen.insert(real).second;
  });
  return folders;
}

Result<EnergyChannels> find_sensors(const fs::path& root) {
  struct Found {
    const Chip* chip;
    std::string name;
    EnergyChannel channel;
  };
  std::vector<Found> found;
  std::set<std::string> others;
  std::optional<Error> failure;
  for (const fs::path& folder : find_monitors(root)) {
    std::string name = label_in(folder / "name");
    if (name.empty()) name = label_in(folder / "device/name");
    const Chip* const chip = chip_named(name);
    if (chip == nullptr) {
      if (!name.empty()) others.insert(std::move(name));
      continue;
    }
    for (EnergyChannel& channel : channels_of(folder, *chip, name)) {
      if (const Status status = try_channel(channel); status.ok()) {
        found.push_back({chip, name, std::move(channel)});
      } else if (!failure) {
        failure = status.error();
      }
    }
  }
  if (found.empty() && failure) return *failure;
  if (found.empty()) {
    return error("no power sensor of the board or the processor in {}{}",
                 (root / "class/hwmon").string(),
                 others.empty() ? "" : fmt::format(" (only {})", fmt::join(others, ", ")));
  }
  // The best chip's, and those of all others that measure the same way.
  const Chip* const best = std::ranges::min_element(found, {}, &Found::chip)->chip;
  const ChannelKind kind = std::ranges::find(found, best, &Found::chip)->channel.kind;
  EnergyChannels result;
  std::set<std::string> chips;
  for (Found& one : found) {
    if (one.chip->covers != best->covers) continue;
    if ((one.channel.kind == ChannelKind::kEnergy) != (kind == ChannelKind::kEnergy)) continue;
    chips.insert(one.name);
    result.channels.push_back(std::move(one.channel));
  }
  const bool input = std::ranges::any_of(result.channels, is_input_rail);
  if (input) std::erase_if(result.channels, std::not_fn(is_input_rail));
  result.source.name = fmt::format("hwmon {}", fmt::join(chips, ", "));
  result.source.method = kind == ChannelKind::kEnergy ? "counter" : "sampled power";
  result.source.covers =
      fmt::format("{}: {}", input ? "board input" : best->covers, labels_of(result.channels));
  return result;
}

}  // namespace

Result<EnergyChannels> find_energy_channels(const fs::path& root) {
  auto packages = find_rapl(root);
  auto found = packages.ok() ? std::move(packages) : find_sensors(root);
  if (!found.ok()) return error("{}; {}", packages.error().message, found.error().message);
  // Never taken for a measurement of this machine.
  if (root != "/sys") found->source.name += " below " + root.string();
  return found;
}

Status EnergyIntegral::read(double seconds) {
  if (channel_.kind == ChannelKind::kEnergy) {
    QYOLO_TRY(const std::uint64_t microjoules, read_sysfs_number<std::uint64_t>(channel_.first));
    return add_counter(microjoules);
  }
  QYOLO_TRY(const double watts, read_watts(channel_));
  add_power(watts, seconds);
  return {};
}

Status EnergyIntegral::add_counter(std::uint64_t microjoules) {
  if (last_counter_ && microjoules < *last_counter_ && channel_.range < *last_counter_)
    return error("{} went back from {} to {}", channel_.first.string(), *last_counter_,
                 microjoules);
  if (last_counter_) {
    const std::uint64_t spent = microjoules >= *last_counter_
                                    ? microjoules - *last_counter_
                                    : channel_.range - *last_counter_ + microjoules;
    joules_ += static_cast<double>(spent) * kMicro;
  }
  last_counter_ = microjoules;
  return {};
}

void EnergyIntegral::add_power(double watts, double seconds) {
  if (last_watts_) joules_ += (watts + *last_watts_) / 2 * (seconds - last_seconds_);
  last_watts_ = watts;
  last_seconds_ = seconds;
}

}  // namespace qyolo::harness
