#include "harness/cli/executor_arguments.h"

#include <mutex>

#include "harness/cli/console.h"
#include "harness/engine/torch_executor.h"

namespace qyolo::cli {
namespace {

constexpr const char* kDirect = "direct";

// Once, for whatever number of engines a command makes.
void say_once(const std::string& note) {
  static std::once_flag said;
  if (note.empty()) return;
  std::call_once(said, [&] { say("warning: {}\n", note); });
}

}  // namespace

void add_convolution(CLI::App& command, std::string& convolution) {
  command
      .add_option("--convolution", convolution,
                  "Convolutions of 3 x 3: auto (Winograd's where it suits: faster, for four times "
                  "the memory of their weights more, int8: eight times), or direct (plain sums)")
      ->check(CLI::IsMember({kAutomatic, kDirect}))
      ->capture_default_str();
}

engine::KernelChoice kernel_choice(const std::string& convolution) {
  return convolution == kDirect ? engine::KernelChoice::kDirect : engine::KernelChoice::kBest;
}

void ExecutorArguments::add_to(CLI::App& command, bool precisions) {
  command
      .add_option("--engine", engine,
                  "What runs the network: onednn (fast), or torch (the reference)")
      ->check(CLI::IsMember({"onednn", "torch"}))
      ->capture_default_str();
  add_convolution(command, convolution);
  if (!precisions) return;
  command
      .add_option("--precision", precision,
                  "Arithmetic: fp32, bf16, int8 (of onednn: integer convolutions; takes cells of "
                  "symmetric weights with --activation-bits 8), or fp16 (of torch)")
      ->check(CLI::IsMember({"fp32", "bf16", "int8", "fp16"}))
      ->capture_default_str();
}

void ExecutorArguments::add_device_to(CLI::App& command) {
  command
      .add_option("--device", device,
                  "Where the engine torch runs: cpu, cuda or cuda:N (not tried on a GPU)")
      ->capture_default_str();
}

Result<harness::ExecutorFactory> ExecutorArguments::factory() const {
  QYOLO_CHECK_OK(model::check_torch_device(device));
  if (engine == "torch") {
    model::TorchOptions options{device};
    QYOLO_TRY(options.precision, model::parse_torch_precision(precision));
    if (convolution != kAutomatic)
      return error("--convolution {} is of the engine onednn, not of torch", convolution);
    return harness::ExecutorFactory([options](const model::Graph& graph, int threads) {
      return model::make_torch_executor(graph, threads, options);
    });
  }
  if (device != "cpu")
    return error("the engine onednn runs on the CPU; --device {} is of --engine torch", device);
  QYOLO_TRY(const engine::Precision chosen, engine::parse_precision(precision));
  return harness::ExecutorFactory(
      [chosen, kernels = kernel_choice(convolution)](
          const model::Graph& graph, int threads) -> Result<std::unique_ptr<model::Executor>> {
        QYOLO_TRY(std::unique_ptr<engine::Engine> made,
                  engine::make_engine(graph, chosen, threads, kernels));
        say_once(made->note());
        return std::unique_ptr<model::Executor>(std::move(made));
      });
}

}  // namespace qyolo::cli
