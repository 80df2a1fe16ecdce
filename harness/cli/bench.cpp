#include "harness/bench/bench.h"

#include <cstdio>
#include <iostream>

#include "common/file.h"
#include "common/shell.h"
#include "harness/bench/bench_process.h"
#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/evaluation_arguments.h"
#include "harness/cli/output.h"
#include "harness/evaluate/npy.h"

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
  Output output{{"md", "json"}};
  std::string convolution = kAutomatic;
  std::vector<std::string> scenarios;
  harness::ScenarioOptions queries;
  bool batch_given = false;
  std::string save, device;
  std::string input, outputs;
};

// This program once more, for the memory of one case.
std::string memory_command(const BenchArguments& arguments, const harness::BenchCase& what) {
  std::error_code ignored;
  const auto binary = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return fmt::format(
      "{} bench {} --report-memory --precision {} --weights {} --img {} --batch {} --threads {} "
      "--convolution {} {}",
      shell_quoted(binary.string()), shell_quoted(arguments.model),
      engine::precision_name(what.precision), what.packed ? "packed" : "plain",
      arguments.image_size, what.batch, what.threads, arguments.convolution,
      arguments.cell.command_line());
}

// What the network makes of an input of another program's, level by level.
Status write_outputs(const BenchArguments& arguments, harness::BenchNetwork& network) {
  QYOLO_TRY(const harness::FloatArray input, harness::read_npy(arguments.input));
  QYOLO_TRY(const auto outputs, network.forward(input.values));
  for (std::size_t level = 0; level < outputs.size(); ++level) {
    const model::HeadOutput& output = outputs[level];
    QYOLO_CHECK_OK(harness::write_npy(
        std::filesystem::path(arguments.outputs) / fmt::format("level{}.npy", level),
        std::span<const float>(output.values),
        {output.batch, output.channels, output.height, output.width}));
  }
  return {};
}

Result<int> answer_as_worker(const BenchArguments& arguments, const harness::BenchOptions& options,
                             const std::vector<harness::BenchCase>& cases) {
  if (cases.size() != 1) return error("a worker runs one case, not {}", cases.size());
  if (arguments.report_memory) {
    QYOLO_TRY(const std::int64_t peak, harness::peak_memory(options, cases.front()));
    print("{}\n", peak);
    return 0;
  }
  const auto prepared = [&](harness::BenchNetwork& network) -> Status {
    return arguments.input.empty() ? Status() : write_outputs(arguments, network);
  };
  QYOLO_CHECK_OK(harness::serve_forwards(options, cases.front(), std::cin, prepared,
                                         [](std::string_view line) {
                                           print_text(line);
                                           std::fflush(stdout);
                                         }));
  return 0;
}

Result<int> profile(const harness::BenchOptions& options,
                    const std::vector<harness::BenchCase>& cases) {
  for (const harness::BenchCase& what : cases) {
    QYOLO_TRY(const auto network, harness::BenchNetwork::open(options, what));
    QYOLO_TRY([[maybe_unused]] const double first, network->time_forward());
    QYOLO_TRY(const auto steps, network->profile());
    print("{}, batch {}, {} threads:\n\n{}\n", harness::bench_case_name(what), what.batch,
          what.threads, harness::profile_markdown(steps));
  }
  return 0;
}

template <class Record>
Result<int> show(const BenchArguments& arguments, const Record& record) {
  const results::Renderers renderers = results::renderers_of(record);
  if (!arguments.save.empty()) QYOLO_CHECK_OK(write_file(arguments.save, renderers.json()));
  arguments.output.print(renderers);
  return 0;
}

Result<int> run_scenarios(const BenchArguments& arguments, const harness::BenchOptions& options,
                          const std::vector<harness::BenchCase>& cases) {
  std::vector<harness::Scenario> scenarios;
  for (const std::string& name : arguments.scenarios) {
    QYOLO_TRY(const harness::Scenario scenario, harness::parse_scenario(name));
    scenarios.push_back(scenario);
  }
  harness::ScenarioOptions queries = arguments.queries;
  if (arguments.batches.size() > 1)
    return error("--scenario takes one --batch, not {}", arguments.batches.size());
  if (arguments.batch_given) queries.batch = arguments.batches.front();
  const bool server = std::ranges::find(scenarios, harness::Scenario::kServer) != scenarios.end();
  if (server && queries.latency_bound_ms <= 0)
    return error("the scenario server needs a bound of its latency: --latency-bound MS");
  if (!server && (queries.latency_bound_ms > 0 || queries.rate))
    return error("--latency-bound and --rate are of the scenario server");
  QYOLO_TRY(const results::ScenarioRecord record,
            harness::run_scenarios(options, cases, scenarios, queries,
                                   [](const std::string& what) { say("{}\n", what); }));
  return show(arguments, record);
}

Result<int> bench(const BenchArguments& arguments) {
  harness::BenchOptions options;
  options.model = arguments.model;
  options.height = options.width = arguments.image_size;
  options.rounds = arguments.rounds;
  options.warmup = arguments.warmup;
  options.convolution = kernel_choice(arguments.convolution);
  options.device = arguments.device;
  options.energy = !arguments.no_energy;
  QYOLO_TRY(options.packed, arguments.cell.cell());
  QYOLO_TRY(const auto cases, harness::bench_cases(arguments.precisions, arguments.weights,
                                                   arguments.batches, arguments.threads));
  if (arguments.worker || arguments.report_memory)
    return answer_as_worker(arguments, options, cases);
  if (arguments.profile) return profile(options, cases);
  if (!arguments.scenarios.empty()) return run_scenarios(arguments, options, cases);
  const harness::MeasureMemory memory =
      arguments.no_memory ? harness::no_memory()
                          : harness::memory_in_a_process([&](const harness::BenchCase& what) {
                              return memory_command(arguments, what);
                            });
  QYOLO_TRY(const results::Device device,
            harness::run_bench(options, cases, memory,
                               [](const std::string& what) { say("{}\n", what); }));
  return show(arguments, device);
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
  add_image_size(*command, arguments->image_size, "Height and width of the input, pixels");
  const CLI::Option* const batch =
      command->add_option("--batch", arguments->batches, "Images per forward (--scenario: 8)")
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
  command
      ->add_option("--scenario", arguments->scenarios,
                   "Queries as MLPerf's LoadGen sends them, instead of timed forwards: "
                   "single-stream (images one by one), multi-stream (--batch at a time), offline "
                   "(images/s of batches), server (arrivals by a Poisson process: the highest rate "
                   "that answers 99 % within --latency-bound)")
      ->delimiter(',')
      ->check(offered(harness::scenario_names()));
  command->add_option("--seconds", arguments->queries.seconds, "Each scenario lasts at least")
      ->check(CLI::Range(0.01, 86400.0))
      ->capture_default_str();
  command
      ->add_option("--latency-bound", arguments->queries.latency_bound_ms,
                   "Scenario server: from arrival to answer, milliseconds")
      ->check(CLI::Range(1e-3, 1e6));
  command
      ->add_option("--rate", arguments->queries.rate,
                   "Scenario server: check this rate, queries per second, instead of finding one")
      ->check(CLI::Range(1e-6, 1e6));
  command->add_option("--query-seed", arguments->queries.seed, "Scenario server: of the arrivals")
      ->capture_default_str();
  add_convolution(*command, arguments->convolution);
  arguments->cell.add_to(*command);
  command->add_flag("--profile", arguments->profile, "Time of every layer instead");
  command->add_flag("--no-memory", arguments->no_memory,
                    "Do not measure the peak memory in a process of its own");
  command->add_flag("--no-energy", arguments->no_energy, "Do not measure the energy per image");
  command->add_flag("--engine-worker", arguments->worker,
                    "Print \"ready\", then for every line of the standard input the milliseconds "
                    "of one forward (benchmarks/peers)");
  // Of --engine-worker: FP32 input [batch, 3, height, width], and the folder for level0.npy ...
  command->add_option("--engine-input", arguments->input)
      ->group("")
      ->needs(command->add_option("--engine-outputs", arguments->outputs)->group(""));
  command->add_flag("--report-memory", arguments->report_memory)->group("");
  command->add_option("--device-name", arguments->device,
                      "Of this machine, for tables (default: its host name)");
  command
      ->add_option("--save", arguments->save,
                   "Write the JSON to a file, too: the device file that `tables --device` and "
                   "`poc --device` take")
      ->type_name(kFileType)
      ->check(written());
  arguments->output.add_to(*command);
  command->footer(
      "Example: qyolo bench datasets/parts/parts-yolov7-w025.pt --img 320 --weights plain,packed "
      "--scheme pwlq --bits 4 --granularity filter");
  command->callback([arguments, batch, &action] {
    arguments->batch_given = batch->count() > 0;
    action = [arguments] { return bench(*arguments); };
  });
}

}  // namespace qyolo::cli
