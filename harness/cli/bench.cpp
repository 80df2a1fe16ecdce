#include "harness/bench/bench.h"

#include <fmt/ranges.h>

#include <array>
#include <cstdio>
#include <iostream>
#include <thread>

#include "common/file.h"
#include "common/parallel.h"
#include "common/shell.h"
#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/host/resident_memory.h"

namespace qyolo::cli {
namespace {

struct BenchArguments {
  std::string model;
  std::vector<std::string> precisions = engine::precision_names();
  std::vector<std::string> weights = {"plain"};
  std::vector<int> batches = {1};
  std::vector<int> threads = {0};
  int image_size = 640;
  int rounds = 9;
  int warmup = 1;
  bool worker = false, report_memory = false, no_memory = false, no_energy = false;
  bool profile = false;
  CellArguments cell;
  std::string output = "md", save, device;
};

Result<std::vector<harness::BenchCase>> cases_of(const BenchArguments& arguments) {
  std::vector<harness::BenchCase> cases;
  for (const int batch : arguments.batches) {
    for (const int threads : arguments.threads) {
      for (const std::string& name : arguments.precisions) {
        QYOLO_TRY(const engine::Precision precision, engine::parse_precision(name));
        for (const std::string& weights : arguments.weights) {
          const bool packed = weights == "packed";
          if (packed && precision == engine::Precision::kInt8) continue;
          cases.push_back({precision, packed, batch, threads == 0 ? default_threads() : threads});
        }
      }
    }
  }
  if (cases.empty()) return error("no case is left: packed weights run in fp32 and bf16");
  return cases;
}

// One forward for every line of the standard input.
Result<int> work(const harness::BenchOptions& options, const harness::BenchCase& what) {
  QYOLO_TRY(const auto network, harness::BenchNetwork::open(options, what));
  QYOLO_TRY([[maybe_unused]] const double first, network->time_forward());
  print("ready\n");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    QYOLO_TRY(const double spent, network->time_forward());
    print("{:.4f}\n", spent);
    std::fflush(stdout);
  }
  return 0;
}

// The peak of this process from when its network is ready.
Result<int> report_memory(const harness::BenchOptions& options, const harness::BenchCase& what) {
  constexpr int kForwards = 3;
  QYOLO_TRY(const auto network, harness::BenchNetwork::open(options, what));
  // What is prepared when it first runs belongs to getting ready.
  QYOLO_TRY([[maybe_unused]] const double first, network->time_forward());
  harness::reset_peak_memory();
  for (int i = 0; i < kForwards; ++i) {
    QYOLO_TRY([[maybe_unused]] const double spent, network->time_forward());
  }
  print("{}\n", harness::resident_memory().peak);
  return 0;
}

harness::MeasureMemory in_a_fresh_process(const BenchArguments& arguments) {
  if (arguments.no_memory) {
    return [](const harness::BenchCase&) -> Result<std::optional<std::int64_t>> {
      return std::optional<std::int64_t>();
    };
  }
  return [&arguments](const harness::BenchCase& what) -> Result<std::optional<std::int64_t>> {
    std::error_code code;
    const auto binary = std::filesystem::read_symlink("/proc/self/exe", code);
    std::string command = fmt::format(
        "{} bench {} --report-memory --precision {} --weights {} --img {} --batch {} --threads {} "
        "{}",
        shell_quoted(binary.string()), shell_quoted(arguments.model),
        engine::precision_name(what.precision), what.packed ? "packed" : "plain",
        arguments.image_size, what.batch, what.threads, arguments.cell.command_line());
    std::FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return error("a process of its own for the memory cannot be started");
    std::array<char, 64> buffer{};
    const bool read = std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr;
    if (pclose(pipe) != 0 || !read)
      return error("the process that measures the memory of {} failed",
                   harness::bench_case_name(what));
    return std::optional<std::int64_t>(std::strtoll(buffer.data(), nullptr, 10));
  };
}

Result<int> bench(const BenchArguments& arguments) {
  harness::BenchOptions options;
  options.model = arguments.model;
  options.height = options.width = arguments.image_size;
  options.rounds = arguments.rounds;
  options.warmup = arguments.warmup;
  options.device = arguments.device;
  options.energy = !arguments.no_energy;
  QYOLO_TRY(options.packed, arguments.cell.cell());
  QYOLO_TRY(const auto cases, cases_of(arguments));
  if (arguments.worker || arguments.report_memory) {
    if (cases.size() != 1) return error("a worker runs one case, not {}", cases.size());
    return arguments.worker ? work(options, cases.front()) : report_memory(options, cases.front());
  }
  if (arguments.profile) {
    for (const harness::BenchCase& what : cases) {
      QYOLO_TRY(const auto network, harness::BenchNetwork::open(options, what));
      QYOLO_TRY([[maybe_unused]] const double first, network->time_forward());
      QYOLO_TRY(const auto steps, network->profile());
      print("{}, batch {}, {} threads:\n\n{}\n", harness::bench_case_name(what), what.batch,
            what.threads, harness::profile_markdown(steps));
    }
    return 0;
  }
  QYOLO_TRY(const results::Device device,
            harness::run_bench(options, cases, in_a_fresh_process(arguments),
                               [](const std::string& what) { say("{}\n", what); }));
  const std::string text = results::device_text(device);
  if (!arguments.save.empty()) QYOLO_CHECK_OK(write_file(arguments.save, text));
  print("{}", arguments.output == "json" ? text : harness::bench_markdown(device));
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<BenchArguments>();
  arguments->cell.scheme = "affine";
  CLI::App* command = app.add_subcommand(
      "bench", "Time a network on this host: precisions, batches, threads; memory; profile");
  command->add_option("model", arguments->model, "Checkpoint or packed artifact")
      ->type_name(kFileType)
      ->required();
  command->add_option("--precision", arguments->precisions, "Any of fp32, bf16, int8")
      ->check(offered(engine::precision_names()))
      ->delimiter(',')
      ->capture_default_str();
  command
      ->add_option("--weights", arguments->weights,
                   "plain, or packed: as codes of --scheme, --bits ... (an artifact: its own), "
                   "decoded layer by layer in every forward; or both")
      ->delimiter(',')
      ->check(CLI::IsMember({"plain", "packed"}))
      ->capture_default_str();
  command->add_option("--img", arguments->image_size, "Height and width of the input, pixels")
      ->check(CLI::Range(32, 8192))
      ->capture_default_str();
  command->add_option("--batch", arguments->batches, "Images per forward")
      ->delimiter(',')
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--threads", arguments->threads, "Threads (0: all)")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--rounds", arguments->rounds, "Timed forwards per case, interleaved")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--warmup", arguments->warmup, "Untimed forwards before each timed one")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  arguments->cell.add_to(*command);
  command->add_flag("--profile", arguments->profile, "Time of every layer instead");
  command->add_flag("--no-memory", arguments->no_memory,
                    "Do not measure the peak memory in a process of its own");
  command->add_flag("--no-energy", arguments->no_energy, "Do not measure the energy per image");
  command->add_flag("--engine-worker", arguments->worker,
                    "Print \"ready\", then for every line of the standard input the milliseconds "
                    "of one forward (benchmarks/peers)");
  command->add_flag("--report-memory", arguments->report_memory)->group("");
  command->add_option("--device-name", arguments->device,
                      "Of this machine, for tables (default: its host name)");
  command
      ->add_option("--save", arguments->save,
                   "Write the JSON to a file, too: the device file that `tables --device` and "
                   "`poc --device` take")
      ->type_name(kFileType)
      ->check(written());
  command->add_option("-o,--output", arguments->output, "md or json")
      ->check(CLI::IsMember({"md", "json"}))
      ->capture_default_str();
  command->footer(
      "Example: qyolo bench datasets/parts/parts-yolov7-w025.pt --img 320 --weights plain,packed "
      "--scheme pwlq --bits 4 --granularity filter");
  command->callback([arguments, &action] { action = [arguments] { return bench(*arguments); }; });
}

}  // namespace qyolo::cli
