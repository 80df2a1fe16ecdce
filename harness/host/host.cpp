#include "harness/host/host.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <opencv2/core/version.hpp>
#include <set>
#include <string>

#include "common/parallel.h"
#include "common/version.h"
#include "harness/host/host_cpu.h"

namespace qyolo::harness {
namespace {

std::string trimmed(std::string text) {
  const auto first = text.find_first_not_of(" \t\"");
  const auto last = text.find_last_not_of(" \t\"\n");
  return first == std::string::npos ? std::string() : text.substr(first, last - first + 1);
}

// The first value of `key` in a file of "key<separator>value" lines; empty if there is none.
std::string value_of(const char* path, const std::string& key, char separator) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const auto at = line.find(separator);
    if (at != std::string::npos && trimmed(line.substr(0, at)) == key)
      return trimmed(line.substr(at + 1));
  }
  return {};
}

// Distinct sets of threads that share a core; 0 if sysfs does not say.
int cores_in_sysfs() {
  std::set<std::string> cores;
  for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); ++cpu) {
    std::ifstream in(
        fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
    std::string threads;
    if (std::getline(in, threads)) cores.insert(threads);
  }
  return static_cast<int>(cores.size());
}

std::string whole_file(const char* path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// As the device tree says it, ended by a zero byte; empty on PCs.
std::string board_name() {
  std::ifstream in("/proc/device-tree/model");
  std::string name;
  std::getline(in, name, '\0');
  return trimmed(std::move(name));
}

}  // namespace

results::HostRecord describe_host() {
  results::HostRecord host;
  const CpuDescription cpu = describe_cpu(whole_file("/proc/cpuinfo"));
  utsname names{};
  uname(&names);
  host.cpu = cpu.name.empty() ? std::string(names.machine) : cpu.name;
  host.board = board_name();
  host.cores = cpu.cores > 0 ? cpu.cores : cores_in_sysfs();
  host.threads = default_threads();
  host.memory_bytes = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  std::ifstream governor("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  std::string policy;
  if (std::getline(governor, policy)) host.governor = policy;
  const std::string os = value_of("/etc/os-release", "PRETTY_NAME", '=');
  host.os = os.empty() ? std::string(names.sysname) : os;
  host.kernel = std::string(names.release);
  host.architecture = std::string(names.machine);
  host.flags = cpu.flags;
  return host;
}

results::VersionsRecord describe_versions() {
  return {kVersion, kGitCommit, kCompiler, CV_VERSION, ""};
}

std::string describe_instructions() {
  const results::HostRecord host = describe_host();
  std::string text = host.architecture;
  for (const std::string& flag : host.flags) text += " " + flag;
  for (const char* variable : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY"}) {
    if (const char* value = std::getenv(variable)) text += fmt::format(" {}={}", variable, value);
  }
  return text;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
  return name.data();
}

std::string timestamp() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S%z", &local);
  return {text.data(), length};
}

}  // namespace qyolo::harness
