#include "harness/host/host_cpu.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <utility>

namespace qyolo::harness {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// visit(key, value) for every line "key : value".
template <class Visit>
void for_each_field(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    visit(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
}

// "0x41" -> 0x41; -1 if that is not what it is.
int hexadecimal(std::string_view text) {
  int value = -1;
  if (text.starts_with("0x")) text.remove_prefix(2);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return code == std::errc() && end == text.data() + text.size() ? value : -1;
}

struct ArmPart {
  int implementer, part;
  std::string_view name;
};

// As lscpu (util-linux, sys-utils/lscpu-arm.c) has them: what boards and servers that run such
// networks have.
constexpr std::array kArmParts = {
    ArmPart{0x41, 0xd03, "Cortex-A53"},      ArmPart{0x41, 0xd04, "Cortex-A35"},
    ArmPart{0x41, 0xd05, "Cortex-A55"},      ArmPart{0x41, 0xd07, "Cortex-A57"},
    ArmPart{0x41, 0xd08, "Cortex-A72"},      ArmPart{0x41, 0xd09, "Cortex-A73"},
    ArmPart{0x41, 0xd0a, "Cortex-A75"},      ArmPart{0x41, 0xd0b, "Cortex-A76"},
    ArmPart{0x41, 0xd0c, "Neoverse-N1"},     ArmPart{0x41, 0xd0d, "Cortex-A77"},
    ArmPart{0x41, 0xd40, "Neoverse-V1"},     ArmPart{0x41, 0xd41, "Cortex-A78"},
    ArmPart{0x41, 0xd42, "Cortex-A78AE"},    ArmPart{0x41, 0xd44, "Cortex-X1"},
    ArmPart{0x41, 0xd46, "Cortex-A510"},     ArmPart{0x41, 0xd47, "Cortex-A710"},
    ArmPart{0x41, 0xd48, "Cortex-X2"},       ArmPart{0x41, 0xd49, "Neoverse-N2"},
    ArmPart{0x41, 0xd4d, "Cortex-A715"},     ArmPart{0x41, 0xd4e, "Cortex-X3"},
    ArmPart{0x41, 0xd4f, "Neoverse-V2"},     ArmPart{0x41, 0xd80, "Cortex-A520"},
    ArmPart{0x41, 0xd81, "Cortex-A720"},     ArmPart{0x41, 0xd82, "Cortex-X4"},
    ArmPart{0x41, 0xd84, "Neoverse-V3"},     ArmPart{0x41, 0xd8e, "Neoverse-N3"},
    ArmPart{0x4e, 0x003, "NVIDIA Denver 2"}, ArmPart{0x4e, 0x004, "NVIDIA Carmel"},
    ArmPart{0x48, 0xd01, "Kunpeng-920"},     ArmPart{0xc0, 0xac3, "Ampere-1"},
    ArmPart{0xc0, 0xac4, "Ampere-1a"}};

std::string arm_name(std::string_view implementer, std::string_view part) {
  const int maker = hexadecimal(implementer), number = hexadecimal(part);
  for (const ArmPart& known : kArmParts) {
    if (known.implementer == maker && known.part == number) return std::string(known.name);
  }
  return fmt::format("ARM implementer {} part {}", implementer, part);
}

// Kinds of cores with how many there are of each, where there are several.
std::string join(const std::map<std::string, int>& kinds) {
  if (kinds.size() == 1) return kinds.begin()->first;
  std::string name;
  for (const auto& [kind, count] : kinds)
    name += fmt::format("{}{} x {}", name.empty() ? "" : ", ", count, kind);
  return name;
}

constexpr std::array<std::string_view, 14> kFlags = {
    "avx2",     "fma",   "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8",
    "amx_bf16", "asimd", "asimdhp", "asimddp",     "i8mm",     "bf16",        "sve"};

std::vector<std::string> interesting(std::string_view flags) {
  std::set<std::string_view> present;
  while (!(flags = trimmed(flags)).empty()) {
    const std::string_view flag = flags.substr(0, flags.find(' '));
    present.insert(flag);
    flags.remove_prefix(flag.size());
  }
  std::vector<std::string> found;
  for (const std::string_view flag : kFlags) {
    if (present.contains(flag)) found.emplace_back(flag);
  }
  return found;
}

}  // namespace

CpuDescription describe_cpu(std::string_view cpuinfo) {
  CpuDescription cpu;
  std::string_view package, implementer, flags;
  std::set<std::pair<std::string_view, std::string_view>> cores;  // package, core
  std::map<std::string, int> kinds;
  for_each_field(cpuinfo, [&](std::string_view key, std::string_view value) {
    if (key == "model name" && cpu.name.empty()) cpu.name = std::string(value);
    if ((key == "flags" || key == "Features") && flags.empty()) flags = value;
    if (key == "physical id") package = value;
    if (key == "core id") cores.emplace(package, value);
    if (key == "CPU implementer") implementer = value;
    if (key == "CPU part") ++kinds[arm_name(implementer, value)];
  });
  // Kernels for 32-bit programs give a "model name" on ARM, too, which says the architecture only.
  if (!kinds.empty()) cpu.name = join(kinds);
  cpu.cores = static_cast<int>(cores.size());
  cpu.flags = interesting(flags);
  return cpu;
}

}  // namespace qyolo::harness
