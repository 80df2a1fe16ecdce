// The network that a file holds: a checkpoint's, or that of a packed artifact.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/result.h"
#include "harness/artifact/packed_artifact.h"
#include "harness/cell/cell.h"
#include "harness/model/graph.h"
#include "harness/model/unfused.h"
#include "harness/network/calibration_images.h"
#include "harness/network/rounded_networks.h"

namespace qyolo::harness {

// A checkpoint's network in both layouts: folded, as it runs, and (read when first needed) as
// stored. Or that of a packed artifact, which is told by its content; it has one cell only, its
// own.
class SourceNetwork {
 public:
  static Result<SourceNetwork> open(const std::filesystem::path& model);

  [[nodiscard]] const model::Graph& graph() const { return graph_; }
  // nullptr for a checkpoint; its graph and unfused convolutions are those of this object.
  [[nodiscard]] const Artifact* artifact() const { return artifact_ ? &*artifact_ : nullptr; }
  // The cell that the network as it is in the file belongs to: for the baseline, an artifact's own;
  // of a dequantized checkpoint, the baseline that says so.
  [[nodiscard]] Cell resolve(const Cell& cell) const;
  // What a checkpoint's weights were quantized as before they were written in floating point
  // (model/checkpoint_writer.h), "affine 4-bit filter"; empty where that is not known of them.
  [[nodiscard]] const std::string& dequantized() const { return dequantized_; }
  // Fails for a cell that would quantize an artifact again.
  [[nodiscard]] Status check(const Cell& cell) const;
  // Where the calibration images come from that cells with calibrated rounding need. What it gives
  // must outlive the object.
  void set_calibrator(RoundingCalibrator calibrator) { calibrator_ = std::move(calibrator); }
  // Fails without one.
  [[nodiscard]] Result<RoundingCalibration> calibration() const;
  // What calibrated rounding makes is looked up there and added to it; nullptr: nowhere. Sources of
  // one checkpoint that calibrate on the same images can share it.
  void keep_rounded(std::shared_ptr<RoundedNetworks> rounded) { rounded_ = std::move(rounded); }
  [[nodiscard]] RoundedNetworks* rounded() const { return rounded_.get(); }
  // One per graph().conv_nodes(). Valid while the object lives and is not moved.
  Result<const std::vector<model::UnfusedConv>*> unfused();

 private:
  std::filesystem::path path_;
  model::Graph graph_;
  std::vector<model::UnfusedConv> unfused_;
  std::optional<Artifact> artifact_;
  std::string dequantized_;
  RoundingCalibrator calibrator_;
  std::shared_ptr<RoundedNetworks> rounded_;
};

}  // namespace qyolo::harness
