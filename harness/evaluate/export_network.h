// A checkpoint or an artifact, as a cell quantizes it, into an ONNX file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/result.h"
#include "harness/cell/experiment.h"
#include "harness/evaluate/evaluation.h"
#include "harness/onnx/options.h"
#include "harness/onnx/writer.h"

namespace qyolo::harness {

struct ExportRequest {
  std::filesystem::path model;
  std::filesystem::path out;  // replaced
  Cell cell;
  OnnxOptions options;
  std::optional<CalibrationSet> calibration;  // of cells that are calibrated
  int image_size = 640;                       // that calibration images are seen at
  int threads = 0;
};

struct ExportReport {
  Cell cell;  // as it was written: an artifact's own
  OnnxReport onnx;
};

Result<ExportReport> export_network(const ExportRequest& request, const ExecutorFactory& factory);
// What was written, and what is not as it was asked for.
[[nodiscard]] std::string export_text(const ExportRequest& request, const ExportReport& report);

}  // namespace qyolo::harness
