#include "harness/evaluate/quantize_files.h"

#include <array>
#include <utility>

#include "common/file_stamps.h"
#include "common/sha256.h"
#include "common/words.h"
#include "harness/artifact/dequantized.h"
#include "harness/evaluate/rounding_images.h"
#include "harness/network/memory_account.h"
#include "harness/network/quantize_network.h"

namespace qyolo::harness {
namespace {

Status check_request(const QuantizeRequest& request) {
  if (request.artifact.empty() && request.dequantized.empty())
    return error("nothing to write: expected --out, --dequantize or both");
  if (request.cell.baseline)
    return error("--scheme is missing: an artifact holds a quantized network");
  if (request.cell.activations)
    return error("--activation-bits: an artifact holds weights; expected none");
  return {};
}

}  // namespace

Result<QuantizeReport> quantize_files(const QuantizeRequest& request,
                                      const ExecutorFactory& factory) {
  QYOLO_CHECK_OK(check_request(request));
  FileStamps stamps;
  stamps.add(request.model);
  QYOLO_TRY(SourceNetwork source, SourceNetwork::open(request.model));
  RoundingImages images;
  if (request.cell.rounds_by_inputs())
    QYOLO_CHECK_OK(images.load(
        {request.cell, request.calibration, request.image_size, request.threads}, factory, source));
  QYOLO_TRY(const QuantizedNetwork network,
            quantize_network(source, request.cell, request.threads));
  QuantizeReport report;
  for (const QuantizedLayer& layer : network.layers)
    ++(layer.tensor ? report.quantized : report.kept);
  if (!request.dequantized.empty()) {
    QYOLO_CHECK_OK(write_dequantized(request.model, request.dequantized, source.graph(), network,
                                     request.cell.label()));
  }
  if (request.artifact.empty()) return report;
  QYOLO_TRY(std::string checkpoint, sha256_of_file(request.model));
  QYOLO_CHECK_OK(stamps.check());
  QYOLO_TRY(const ArtifactSizes sizes,
            write_artifact(request.artifact, {source.graph(), request.cell, std::move(checkpoint)},
                           network, request.regions, request.threads));
  if (!std::filesystem::is_regular_file(request.artifact)) return report;
  // Reading it back checks the file, and knows what coded regions take.
  QYOLO_TRY(SourceNetwork written, SourceNetwork::open(request.artifact));
  QYOLO_TRY(report.memory, account(written, written.artifact()->cell));
  report.sizes = sizes;
  return report;
}

std::string quantize_text(const QuantizeRequest& request, const QuantizeReport& report) {
  std::string text;
  if (!request.dequantized.empty()) {
    text += fmt::format("{}: {}, simulated in floating point, as an official checkpoint\n",
                        request.dequantized.string(), request.cell.label());
  }
  if (!report.sizes) return text;
  text += fmt::format("{}: {}, {} weight tensors quantized, {} kept\n", request.artifact.string(),
                      request.cell.label(), report.quantized, report.kept);
  const metrics::MemoryReport& memory = report.memory;
  const std::array<std::pair<const char*, std::int64_t>, 7> parts = {
      {{"codes", memory.payload},
       {"scales", memory.scales},
       {"zero-points", memory.zero_points},
       {"breakpoints", memory.breakpoints},
       {"regions", memory.regions},
       {"corrections", memory.corrections},
       {"floats", memory.unquantized}}};
  for (const auto& [name, bits] : parts)
    if (bits > 0) text += fmt::format("{:>13} {:>11} bytes\n", name, bits / 8);
  text +=
      fmt::format("{:>13} {:>11} bytes, {:.3f} bits per weight, {}\n", "data", report.sizes->data,
                  memory.bits_per_weight(), size_ratio_text(memory.ratio_fp16_true(), "FP16"));
  return text + fmt::format("{:>13} {:>11} bytes\n", "header", report.sizes->header);
}

}  // namespace qyolo::harness
