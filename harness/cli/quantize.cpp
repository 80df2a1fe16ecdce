#include <filesystem>

#include "common/sha256.h"
#include "harness/artifact/dequantized.h"
#include "harness/artifact/packed_artifact.h"
#include "harness/cli/cell_arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/executor_arguments.h"
#include "harness/evaluate/calibration.h"
#include "harness/network/memory_account.h"
#include "harness/network/quantize_network.h"

namespace qyolo::cli {
namespace {

struct QuantizeArguments {
  std::string model;
  CellArguments cell;
  std::string regions = "raw";
  std::string out, dequantized;
  CalibrationArguments calibration;
  int image_size = harness::EvaluationOptions().image_size;
  ExecutorArguments executor;
  int threads = 0;
};

std::string summary(const std::string& path, const harness::QuantizedNetwork& network,
                    const harness::Cell& cell, const harness::ArtifactSizes& sizes,
                    const metrics::MemoryReport& memory) {
  std::size_t kept = 0;
  for (const harness::QuantizedLayer& layer : network.layers) kept += layer.tensor ? 0 : 1;
  std::string text = fmt::format("{}: {}, {} weight tensors quantized, {} kept\n", path,
                                 cell.label(), network.layers.size() - kept, kept);
  const std::pair<const char*, std::int64_t> parts[] = {
      {"codes", memory.payload},           {"scales", memory.scales},
      {"zero-points", memory.zero_points}, {"breakpoints", memory.breakpoints},
      {"regions", memory.regions},         {"corrections", memory.corrections},
      {"floats", memory.unquantized}};
  for (const auto& [name, bits] : parts)
    if (bits > 0) text += fmt::format("{:>13} {:>11} bytes\n", name, bits / 8);
  text += fmt::format("{:>13} {:>11} bytes, {:.3f} bits per weight, {:.2f}x smaller than FP16\n",
                      "data", sizes.data, memory.bits_per_weight(), memory.ratio_fp16_true());
  text += fmt::format("{:>13} {:>11} bytes\n", "header", sizes.header);
  return text;
}

// What calibrated rounding looks at; lives as long as the network is quantized.
struct RoundingImages {
  std::unique_ptr<model::Executor> executor;
  std::vector<harness::CalibrationBatch> batches;
};

Status calibrate(const QuantizeArguments& arguments, const harness::Cell& cell,
                 harness::SourceNetwork& source, RoundingImages& images) {
  QYOLO_TRY(const auto set, arguments.calibration.for_cell(cell));
  QYOLO_TRY(const harness::ExecutorFactory factory, arguments.executor.factory());
  QYOLO_TRY(images.executor, factory(source.graph(), arguments.threads));
  harness::EvaluationOptions options;
  options.image_size = arguments.image_size;
  QYOLO_TRY(images.batches, harness::load_calibration_batches(
                                *set, options, source.graph().max_stride, arguments.threads));
  source.set_calibrator([&images]() -> Result<harness::RoundingCalibration> {
    return harness::RoundingCalibration{images.batches, images.executor.get()};
  });
  return {};
}

Result<int> quantize(const QuantizeArguments& arguments) {
  QYOLO_TRY(const harness::Cell cell, arguments.cell.cell());
  if (arguments.out.empty() && arguments.dequantized.empty())
    return error("nothing to write: expected --out, --dequantize or both");
  if (cell.baseline) return error("--scheme is missing: an artifact holds a quantized network");
  if (cell.activations) return error("--activation-bits: an artifact holds weights; expected none");
  QYOLO_TRY(const quant::RegionCoding regions, quant::parse_region_coding(arguments.regions));
  QYOLO_TRY(harness::SourceNetwork source, harness::SourceNetwork::open(arguments.model));
  RoundingImages images;
  if (cell.rounds_by_inputs()) QYOLO_CHECK_OK(calibrate(arguments, cell, source, images));
  QYOLO_TRY(const harness::QuantizedNetwork network,
            harness::quantize_network(source, cell, arguments.threads));
  if (!arguments.dequantized.empty()) {
    QYOLO_CHECK_OK(harness::write_dequantized(arguments.model, arguments.dequantized,
                                              source.graph(), network));
    print("{}: {}, simulated in floating point, as an official checkpoint\n", arguments.dequantized,
          cell.label());
  }
  if (arguments.out.empty()) return 0;
  QYOLO_TRY(std::string checkpoint, sha256_of_file(arguments.model));
  QYOLO_TRY(const harness::ArtifactSizes sizes,
            harness::write_artifact(arguments.out, {source.graph(), cell, std::move(checkpoint)},
                                    network, regions, arguments.threads));
  if (!std::filesystem::is_regular_file(arguments.out)) return 0;  // a device or a pipe
  // Reading it back checks the file, and knows what coded regions take.
  QYOLO_TRY(harness::SourceNetwork written, harness::SourceNetwork::open(arguments.out));
  QYOLO_TRY(const metrics::MemoryReport memory,
            harness::account(written, written.artifact()->cell));
  print("{}", summary(arguments.out, network, cell, sizes, memory));
  return 0;
}

}  // namespace

void add_quantize(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<QuantizeArguments>();
  CLI::App* command = app.add_subcommand(
      "quantize",
      "Quantize a checkpoint into a packed artifact, which other commands take as model, or into a "
      "checkpoint for official tools");
  command->add_option("checkpoint", arguments->model, "Checkpoint")
      ->type_name(kFileType)
      ->required();
  arguments->cell.add_to(*command);
  arguments->calibration.add_to(*command);
  command
      ->add_option("--img", arguments->image_size,
                   "Long side of the network input that calibration images are seen at, pixels")
      ->check(CLI::Range(32, 8192))
      ->capture_default_str();
  arguments->executor.add_to(*command, false);
  command
      ->add_option("--regions", arguments->regions,
                   "Region bits of piecewise-linear schemes: raw or entropy (coded, smaller)")
      ->check(CLI::IsMember({"raw", "entropy"}))
      ->capture_default_str();
  command->add_option("-o,--out", arguments->out, "Artifact (.safetensors); replaced if it exists")
      ->type_name(kFileType)
      ->check(written());
  command
      ->add_option("--dequantize", arguments->dequantized,
                   "Checkpoint (.pt) that official tools load as they load the original, with "
                   "the reconstructed weights in it; as large as the original")
      ->type_name(kFileType)
      ->check(written());
  command->add_option("--threads", arguments->threads, "Threads (default: all)");
  command->footer(
      "Example: qyolo quantize datasets/parts/parts-yolov7-w025.pt --scheme pwlq --bits 4 "
      "--granularity filter -o parts-pwlq4.safetensors --dequantize parts-pwlq4.pt");
  command->callback(
      [arguments, &action] { action = [arguments] { return quantize(*arguments); }; });
}

}  // namespace qyolo::cli
