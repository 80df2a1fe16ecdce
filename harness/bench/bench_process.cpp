#include "harness/bench/bench_process.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include "common/parallel.h"
#include "harness/host/resident_memory.h"

namespace qyolo::harness {

Result<std::vector<BenchCase>> bench_cases(const std::vector<std::string>& precisions,
                                           const std::vector<std::string>& weights,
                                           const std::vector<int>& batches,
                                           const std::vector<int>& threads) {
  std::vector<BenchCase> cases;
  for (const int batch : batches) {
    for (const int count : threads) {
      for (const std::string& name : precisions) {
        QYOLO_TRY(const engine::Precision precision, engine::parse_precision(name));
        for (const std::string& kept : weights) {
          const bool packed = kept == "packed";
          if (packed && precision == engine::Precision::kInt8) continue;
          cases.push_back({precision, packed, batch, count == 0 ? default_threads() : count});
        }
      }
    }
  }
  if (cases.empty()) return error("no case is left: packed weights run in fp32 and bf16");
  return cases;
}

Status serve_forwards(const BenchOptions& options, const BenchCase& what, std::istream& in,
                      const std::function<Status(BenchNetwork& network)>& prepared,
                      const std::function<void(std::string_view line)>& write) {
  QYOLO_TRY(const auto network, BenchNetwork::open(options, what));
  QYOLO_TRY([[maybe_unused]] const double first, network->time_forward());
  QYOLO_CHECK_OK(prepared(*network));
  write("ready\n");
  for (std::string line; std::getline(in, line);) {
    QYOLO_TRY(const double spent, network->time_forward());
    write(fmt::format("{:.4f}\n", spent));
  }
  return {};
}

Result<std::int64_t> peak_memory(const BenchOptions& options, const BenchCase& what) {
  constexpr int kForwards = 3;
  QYOLO_TRY(const auto network, BenchNetwork::open(options, what));
  // What is prepared when it first runs belongs to getting ready.
  QYOLO_TRY([[maybe_unused]] const double first, network->time_forward());
  reset_peak_memory();
  for (int i = 0; i < kForwards; ++i) {
    QYOLO_TRY([[maybe_unused]] const double spent, network->time_forward());
  }
  return resident_memory().peak;
}

MeasureMemory memory_in_a_process(std::function<std::string(const BenchCase& what)> command) {
  return [command =
              std::move(command)](const BenchCase& what) -> Result<std::optional<std::int64_t>> {
    std::FILE* pipe = popen(command(what).c_str(), "r");
    if (pipe == nullptr) return error("a process of its own for the memory cannot be started");
    std::array<char, 64> buffer{};
    const bool read = std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr;
    if (pclose(pipe) != 0 || !read)
      return error("the process that measures the memory of {} failed", bench_case_name(what));
    return std::optional<std::int64_t>(std::strtoll(buffer.data(), nullptr, 10));
  };
}

MeasureMemory no_memory() {
  return [](const BenchCase&) -> Result<std::optional<std::int64_t>> {
    return std::optional<std::int64_t>();
  };
}

Result<std::vector<LowPrecisionCase>> low_precision_cases(const std::filesystem::path& model,
                                                          int height, int width, int batch,
                                                          int threads) {
  BenchOptions options;
  options.model = model;
  options.height = height;
  options.width = width;
  std::vector<LowPrecisionCase> cases;
  std::optional<Error> failure;
  for (const engine::Precision precision : {engine::Precision::kBf16, engine::Precision::kInt8}) {
    const BenchCase what{precision, false, batch, threads};
    auto network = BenchNetwork::open(options, what);
    if (network.ok()) {
      cases.push_back({what, std::move(network).value()});
    } else if (!failure) {
      failure = network.error();
    }
  }
  if (cases.empty()) return *failure;
  return cases;
}

}  // namespace qyolo::harness
