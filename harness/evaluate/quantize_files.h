// A checkpoint into files: a packed artifact, and a checkpoint for official tools.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/result.h"
#include "harness/artifact/packed_artifact.h"
#include "harness/cell/experiment.h"
#include "harness/evaluate/evaluation.h"
#include "metrics/memory.h"

namespace qyolo::harness {

struct QuantizeRequest {
  std::filesystem::path model;
  Cell cell;
  quant::RegionCoding regions = quant::RegionCoding::kRaw;
  // What to write; either may be empty. Both are replaced.
  std::filesystem::path artifact, dequantized;
  std::optional<CalibrationSet> calibration;  // of cells that round by inputs
  int image_size = 640;                       // that calibration images are seen at
  int threads = 0;
};

struct QuantizeReport {
  std::size_t quantized = 0, kept = 0;  // weight tensors
  // Of the artifact as it is read back; none where none was asked for, or where it went to a device
  // or a pipe.
  std::optional<ArtifactSizes> sizes;
  metrics::MemoryReport memory;
};

// Fails on requests for no file, and on cells that an artifact cannot hold: the baseline, quantized
// activations.
Result<QuantizeReport> quantize_files(const QuantizeRequest& request,
                                      const ExecutorFactory& factory);
// What was written, part by part.
[[nodiscard]] std::string quantize_text(const QuantizeRequest& request,
                                        const QuantizeReport& report);

}  // namespace qyolo::harness
