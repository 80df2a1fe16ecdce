#include "harness/network/source_network.h"

#include <utility>

#include "harness/model/checkpoint_writer.h"
#include "harness/onnx/reader.h"

namespace qyolo::harness {

Result<SourceNetwork> SourceNetwork::open(const std::filesystem::path& model) {
  SourceNetwork source;
  source.path_ = model;
  const bool onnx = is_onnx(model);
  if (onnx || is_artifact(model)) {
    QYOLO_TRY(source.artifact_, onnx ? load_onnx(model) : load_artifact(model));
    source.graph_ = std::move(source.artifact_->graph);
    source.unfused_ = std::move(source.artifact_->unfused);
  } else {
    QYOLO_TRY(source.graph_, model::load_checkpoint(model));
    source.dequantized_ = model::cell_of_checkpoint(model);
  }
  return source;
}

Cell SourceNetwork::resolve(const Cell& cell) const {
  if (artifact_ && cell.baseline) return artifact_->cell;
  Cell resolved = cell;
  if (cell.baseline) resolved.dequantized = dequantized_;
  return resolved;
}

Status SourceNetwork::check(const Cell& cell) const {
  if (!artifact_ || cell.baseline || cell.artifact) return {};
  if (!artifact_->cell.quantized()) {
    return error("{} is an exported file; quantize the checkpoint it was made from instead",
                 path_.string());
  }
  return error("{} is quantized already ({}); quantize the checkpoint it was made from instead",
               path_.string(), artifact_->cell.label());
}

Result<RoundingCalibration> SourceNetwork::calibration() const {
  if (!calibrator_) {
    return error(
        "calibrated rounding looks at the layers' inputs on calibration images; none are given");
  }
  return calibrator_();
}

Result<const std::vector<model::UnfusedConv>*> SourceNetwork::unfused() {
  if (unfused_.empty()) {
    QYOLO_TRY(model::UnfusedNetwork network, model::load_unfused(path_));
    if (network.convs.size() != graph_.conv_nodes().size())
      return error("{} has changed while it was being read", path_.string());
    unfused_ = std::move(network.convs);
  }
  return &unfused_;
}

}  // namespace qyolo::harness
